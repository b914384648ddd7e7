"""An office that filters can be asked about: the demo directory, sessions from in and outside."""

from collections.abc import Callable
from datetime import UTC, datetime
from ipaddress import ip_address
from pathlib import Path
from tomllib import loads

import pytest

from gateway.api import Address, Mail, Message, Purpose, Recipient, Session, Transaction
from gateway.directory.lookup import People
from gateway.directory.tables import Tables
from gateway.mail.services import Backend, Services
from tests.conftest import FakeNotepad

CONFIG = Path(__file__).parents[2] / "config"
OURS = "songoaivu.example"


class StoppedClock:
    """A clock that shows one moment: a Tuesday, 15:00 in Hà Nội."""

    def __init__(self, moment: datetime = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment


@pytest.fixture(scope="session")
def people() -> People:
    return People(Tables.read(loads((CONFIG / "directory.toml").read_text(encoding="utf-8"))))


Begin = Callable[..., Transaction]
Letter = Callable[..., Mail]


@pytest.fixture
def begin(people: People) -> Begin:
    """Begin a transaction: ``begin("a@b.vn", "so@…", user="lan")``."""

    def begun(
        sender: str = "",
        *recipients: str,
        user: str = "",
        client: str = "192.0.2.7",
        backend: Backend | None = None,
    ) -> Transaction:
        services = Services(
            directory=people, clock=StoppedClock(), notepad=FakeNotepad(), backend=backend
        )
        listener = Purpose.SUBMISSION if user else Purpose.INBOUND
        session = Session("s1", "smtp", ip_address(client), services, listener, user=user)
        named = [Recipient(Address.parse(text)) for text in recipients]
        return Transaction(session, "m1", Address.parse(sender), named)

    return begun


@pytest.fixture
def letter(begin: Begin) -> Letter:
    """A complete message: header lines and body as one text, LF for line ends."""

    def written(
        text: str | bytes, sender: str = "x@example.net", *recipients: str, user: str = ""
    ) -> Mail:
        raw = text.encode() if isinstance(text, str) else text
        message = Message(raw.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"))
        return Mail(begin(sender, *recipients, user=user), message)

    return written
