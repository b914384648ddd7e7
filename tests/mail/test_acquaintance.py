"""People we write to become known; answers to our letters are told."""

from gateway.mail.acquaintance import RECIPIENTS_MAX, Acquaintance
from gateway.mail.address import Address
from gateway.mail.message import Message
from tests.conftest import FakeNotepad

LAN, CITIZEN = Address.parse("Lan@example.vn"), Address.parse("Citizen@Example.net")
SENT = Message(b"Message-ID: <a.1@example.vn>\r\n\r\nHello")


def test_whom_we_write_to_is_known() -> None:
    people = Acquaintance(FakeNotepad())
    assert people.writes_to(CITIZEN) == ""
    people.note(LAN, [CITIZEN], SENT)
    assert people.writes_to(Address.parse("citizen@example.net")) == "lan@example.vn"
    assert people.writes_to(Address.parse("citizen@example.org")) == ""
    assert people.writes_to(Address.parse("<>")) == ""


def test_an_answer_names_our_letter() -> None:
    people = Acquaintance(FakeNotepad())
    people.note(LAN, [CITIZEN], SENT)
    for head in (
        b"In-Reply-To: <a.1@example.vn>\r\n\r\n",
        b"In-Reply-To: <b@example.net> (from me)\r\nReferences: <a.1@example.vn>\r\n <b@x.vn>\r\n",
    ):
        assert people.answered(Message(head)) == "lan@example.vn"
    for head in (
        b"References: <a.1@example.v>\r\n\r\n",
        b"References: a.1@example.vn\r\n\r\n",
        b"",
    ):
        assert people.answered(Message(head)) == ""


def test_a_flood_of_references_is_looked_at_only_so_far() -> None:
    pad = FakeNotepad()
    asked: list[str] = []

    class Counting(FakeNotepad):
        def get(self, kind: str, key: str) -> str | None:
            asked.append(key)
            return pad.get(kind, key)

    flood = b"References: " + b" ".join(b"<%d@x.example>" % n for n in range(10_000)) + b"\r\n\r\n"
    assert Acquaintance(Counting()).answered(Message(flood)) == ""
    assert 0 < len(asked) <= 12


def test_a_circular_makes_nobody_known() -> None:
    people = Acquaintance(FakeNotepad())
    many = [Address(f"a{n}", "example.net") for n in range(RECIPIENTS_MAX + 1)]
    people.note(LAN, many, SENT)
    assert people.writes_to(many[0]) == ""
