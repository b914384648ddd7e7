"""Where links lead, however they are written."""

import pytest

from gateway.mail.links import HOSTS_MAX, hosts
from gateway.mail.message import Message


def html(body: str) -> Message:
    return Message(b"Content-Type: text/html; charset=utf-8\r\n\r\n" + body.encode())


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("see https://Example.VN/a?b.", ("example.vn",)),
        ("(http://user:pw@evil.example:8080/)", ("evil.example",)),
        ("http:\\\\back.example\\x", ("back.example",)),
        ("https://a%2eb.example/x", ("a.b.example",)),
        ("https&#58;//ref.example", ("ref.example",)),
        ("www.plain.example and mailto:a@www.no.example", ("www.plain.example",)),
        ("https://bộ.example", ("xn--b-8xm.example",)),
        ("http://198.51.100.7/login", ("198.51.100.7",)),
        ("http://localhost/ https:/// http://-", ()),
    ],
)
def test_hosts(body: str, wanted: tuple[str, ...]) -> None:
    assert hosts(html(body)) == wanted


def test_there_is_an_end_to_it() -> None:
    flood = " ".join(f"http://h{n}.example/" for n in range(5000))
    assert len(hosts(html(flood))) == HOSTS_MAX
    assert hosts(html("http:" * 20_000 + "www." * 20_000)) == ()
