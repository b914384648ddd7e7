"""An office that sends one file: what the filters say of it, in the words of the test data."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from filters.dispatch import Dispatch
from filters.secrecy import SecrecyStamps
from gateway.mail.address import Address
from gateway.mail.flaws import CHECKED, CheckedPaper
from gateway.mail.given import OutgoingBooks
from gateway.mail.message import Message
from gateway.mail.papers import PAPERS, Documents, Paper
from gateway.mail.people import ApprovalPolicy, Mailbox, MailboxKind, Person
from gateway.mail.services import Services
from gateway.mail.session import Mail, Purpose, Recipient, Session, Transaction
from gateway.mail.verdict import Hold, Pass, Reject, Verdict
from tests.conftest import FakeDirectory, FakeNotepad

NOW = datetime(2026, 12, 31, 5, tzinfo=UTC)
ADDRESS = Address.parse("so@example.vn")
LAN = Person("lan", "Nguyễn Thị Lan", "so", "Văn thư", frozenset())

CODES = {
    "ACTIVE_JAVASCRIPT": "javascript",
    "ACTIVE_LAUNCH": "launch",
    "ACTIVE_MEDIA": "media",
    "SECRET": "secrecy",
    "UNREADABLE_OR_ROTATED": "unreadable",
}
"""Reason codes of the test data whose rule is not called the same in lower case."""


def rule(code: str) -> str:
    return CODES.get(code, code.lower().replace("_", "-"))


class At:
    """A clock that stands."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


def sent(
    room: Documents,
    name: str,
    data: bytes,
    *,
    office: str,
    subject: str,
    user: str,
    books: OutgoingBooks | None = None,
) -> Mail:
    """A mail with one file, from the office's mailbox to somebody outside (or to it, from one)."""
    box = Mailbox(
        ADDRESS, MailboxKind.AGENCY, office, "so", frozenset({"lan"}), ApprovalPolicy.REQUIRED
    )
    directory = FakeDirectory([LAN], [box])
    services = Services(
        directory=directory, clock=At(), notepad=FakeNotepad(), documents=room, books=books
    )
    listener = Purpose.SUBMISSION if user else Purpose.INBOUND
    session = Session("s1", "smtp", None, services, listener, user=user)
    inside, outside = str(ADDRESS), "x@example.org"
    sender, to = (inside, outside) if user else (outside, inside)
    head = f"From: <{sender}>\r\nTo: <{to}>\r\nSubject: {subject}\r\n"
    head += "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n"
    head += f"Content-Type: application/pdf; name={name}\r\nContent-Disposition: attachment; "
    head += f"filename={name}\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    raw = head.encode() + data + b"\r\n--b--\r\n"
    found = Recipient(Address.parse(to))
    return Mail(Transaction(session, "m1", Address.parse(sender), [found]), Message(raw))


@dataclass(frozen=True)
class Said:
    """What was said of one file."""

    verdict: str
    rules: tuple[str, ...]
    checked: CheckedPaper
    paper: Paper


async def said(
    room: Documents, name: str, data: bytes, *, office: str, subject: str, user: str = "lan"
) -> Said:
    """Ask both filters about a file that leaves; the stricter word counts."""
    mail = sent(room, name, data, office=office, subject=subject, user=user)
    answers = [await Dispatch().message(mail), await SecrecyStamps().message(mail)]
    checked = mail.transaction.facts[CHECKED][0]
    rules = [f.rule for f in checked.flaws if f.weight in {"hold", "reject"}]
    rules += ["secrecy"] if answers[1] is not None else []
    return Said(
        max(map(verdict_word, answers), key=["accept", "hold", "reject"].index),
        tuple(rules),
        checked,
        mail.transaction.facts[PAPERS][0],
    )


def verdict_word(verdict: Verdict | None) -> str:
    match verdict:
        case Reject():
            return "reject"
        case Hold():
            return "hold"
        case None | Pass():
            return "accept"
        case _:
            return str(verdict)
