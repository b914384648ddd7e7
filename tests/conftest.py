"""What every test may use: a session with made-up people, and mail from a few words."""

import os
from collections.abc import Callable, Generator, Iterable
from ipaddress import ip_address

import pytest

from gateway.mail.address import Address
from gateway.mail.message import Message
from gateway.mail.people import Mailbox, Person, Unit
from gateway.mail.services import Services, SystemClock
from gateway.mail.session import Mail, Session, Transaction


class FakeDirectory:
    """A directory of a few people, at ``example.vn``."""

    def __init__(self, people: Iterable[Person] = (), mailboxes: Iterable[Mailbox] = ()) -> None:
        self.people = {person.login: person for person in people}
        self.mailboxes = {box.address.key: box for box in mailboxes}

    def is_ours(self, domain: str) -> bool:
        return domain == "example.vn"

    def domains(self) -> frozenset[str]:
        return frozenset({"example.vn"})

    def mailbox(self, address: Address) -> Mailbox | None:
        return self.mailboxes.get(address.key)

    def person(self, login: str) -> Person | None:
        return self.people.get(login)

    def owner(self, address: Address) -> Person | None:
        return next((p for p in self.people.values() if address in p.addresses), None)

    def named(self, display_name: str) -> tuple[Person, ...]:
        return tuple(p for p in self.people.values() if p.name == display_name)

    def official(self, display_name: str) -> Mailbox | None:
        return next((b for b in self.mailboxes.values() if b.name == display_name), None)

    def unit(self, key: str) -> Unit | None:
        return None

    def may_send_as(self, login: str, address: Address) -> bool:
        person, box = self.people.get(login), self.mailbox(address)
        return bool((person and address in person.addresses) or (box and login in box.keepers))


class FakeNotepad:
    """Remembers everything for ever; counts without looking at the time."""

    def __init__(self) -> None:
        self.values: dict[tuple[str, str], str] = {}
        self.counts: dict[tuple[str, str], int] = {}

    def count(self, kind: str, key: str, window_s: float, add: int = 1) -> int:
        self.counts[kind, key] = self.counts.get((kind, key), 0) + add
        return self.counts[kind, key]

    def get(self, kind: str, key: str) -> str | None:
        return self.values.get((kind, key))

    def put(self, kind: str, key: str, value: str, ttl_s: float) -> None:
        self.values[kind, key] = value


LAN = Person(
    "lan", "Nguyễn Thị Lan", "the finance unit", "", frozenset({Address.parse("lan@example.vn")})
)


@pytest.fixture
def session() -> Session:
    services = Services(directory=FakeDirectory([LAN]), clock=SystemClock(), notepad=FakeNotepad())
    return Session("s1", "smtp", ip_address("192.0.2.7"), services)


@pytest.fixture
def mail(session: Session) -> Callable[..., Mail]:
    def written(body: str = "Hello", **fields: str) -> Mail:
        head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in fields.items())
        message = Message.parse(f"{head}\r\n{body}\r\n".encode())
        return Mail(Transaction(session, sender=Address.parse("x@example.net")), message)

    return written


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test has failed, whatever it lacked: a server, a program, data, a kernel."""
    report = yield
    if report.skipped and os.environ.get("VANTHU_CI"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
