"""Mail for the Internet, over the whole gateway: by MX, under the policy of the domain."""

import asyncio
import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.cli.main import main
from tests.delivery.certificates import Authority
from tests.delivery.fake import Fake, serving
from tests.roles.test_queue import submit
from tests.roles.test_relay import configure, start

ZONE = """
["there.example"]
MX = ["10 away.there.example", "20 mx.there.example"]
["away.there.example"]
A = ["127.0.0.2"]
["mx.there.example"]
A = ["127.0.0.1"]
["none.example"]
MX = ["0 ."]
"""
ROUTE = """
[[routes]]
to = ["*@*.example"]
kind = "mx"
port = {port}
networks = ["127.0.0.0/8"]
ca = "{ca}"
mta_sts = false
connect_s = 5.0

[[tls]]
domains = ["there.example"]
policy = "verify"
mx = ["*.there.example"]
"""


@contextmanager
def beside(fake: Fake) -> Iterator[Fake]:
    """The server in a thread of its own: the gateway is another process, and we wait for it."""
    loop = asyncio.new_event_loop()
    ready, stop = threading.Event(), asyncio.Event()

    async def serve() -> None:
        async with serving(fake):
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield fake
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()


def test_by_mx_under_a_policy(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    authority = Authority(tmp_path)
    config, inbound, submission, metrics = configure(tmp_path / "gateway")
    (config / "dns.toml").write_text(ZONE)
    with beside(Fake(tls=authority.context("mx.there.example"))) as fake:
        path = config / "routes.toml"
        own, *others = path.read_text(encoding="utf-8").partition("# [[routes]]")
        route, _, rules = ROUTE.format(port=fake.port, ca=authority.ca).partition("[[tls]]")
        path.write_text(f"{own}{route}{''.join(others)}\n[[tls]]{rules}", encoding="utf-8")
        gateway = start(config, inbound, submission, metrics)
        try:
            number = submit(gateway, "x@there.example", "y@none.example", "z@nowhere.example")
            gateway.settle()
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics}/metrics") as page:
                told = page.read().decode()
        finally:
            gateway.process.terminate()
            assert gateway.process.wait(40) == 0

    def ask(*words: str) -> str:
        assert main(["--config", str(config), *words]) == 0
        return capsys.readouterr().out

    story = ask("why", number)
    assert f"smtp://mx.there.example[127.0.0.1]:{fake.port} [TLSv1.3 verified]" in story
    assert "5.1.10 none.example takes no mail" in story
    assert "5.1.2 there is no domain nowhere.example" in story
    assert len(fake.letters) == 1
    assert 'vanthu_tls_sessions{policy="no-policy-found",result=""} 1.0' in told
    (policy,) = json.loads(ask("tls", "--json"))["policies"]
    assert policy["policy"]["policy-domain"] == "there.example"
    assert policy["summary"]["total-successful-session-count"] == 1
    shown = ask("route", "x@there.example")
    assert "[[tls]] of routes.toml: verify" in shown
    assert "mx.there.example 127.0.0.1: tls verify" in shown
    assert "5.1.10" in ask("route", "y@none.example")
