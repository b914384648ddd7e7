"""The directory in memory: every question of a filter answered by one or two dictionaries."""

from __future__ import annotations

from collections import defaultdict

from gateway.directory.tables import MailboxTable, PersonTable, Tables
from gateway.mail.address import Address, normal_domain
from gateway.mail.people import Mailbox, MailboxKind, Person, Unit
from gateway.mail.text import folded

PLUS = "+"
"""Cuts a detail off a local part: ``lan+travel@`` is ``lan@`` (RFC 5233)."""


class People:
    """The ``Directory`` of mail/people.py, made once from the tables and never changed."""

    def __init__(self, tables: Tables) -> None:
        self._domains = frozenset(map(normal_domain, tables.domains))
        self._units = {
            key: Unit(
                key,
                row.name,
                row.leader,
                row.deputies,
                row.parent,
                tuple(former.name for former in row.formerly),
            )
            for key, row in tables.units.items()
        }
        self._people = {key.lower(): _person(key, row) for key, row in tables.people.items()}
        self._owners = {a.key: p for p in self._people.values() for a in p.addresses}
        self._boxes: dict[str, Mailbox] = {}
        self._official: dict[str, Mailbox] = {}
        self._named: dict[str, dict[str, Person]] = defaultdict(dict)
        for row in tables.mailboxes.values():
            self._add(self._shared(row), official=True)
        for login, line in tables.people.items():
            self._add(_personal(login, line), official=False)
        for person in self._people.values():
            for reading in _readings(person.name):
                self._named[reading][person.login] = person
        self._know_postmaster(tables)

    def is_ours(self, domain: str) -> bool:
        """Whether mail to this domain is for our mailboxes."""
        return domain in self._domains or normal_domain(domain) in self._domains

    def mailbox(self, address: Address) -> Mailbox | None:
        """The mailbox of an address or an alias, plus-detail cut off; None if there is none."""
        return self._boxes.get(address.key) or self._boxes.get(_without_detail(address))

    def mailboxes(self) -> tuple[Mailbox, ...]:
        """All of them, each once, in the order of the file."""
        return tuple({box.address.key: box for box in self._boxes.values()}.values())

    def people(self) -> tuple[Person, ...]:
        """All who can or could sign in, in the order of the file."""
        return tuple(self._people.values())

    def units(self) -> tuple[Unit, ...]:
        """All units, in the order of the file."""
        return tuple(self._units.values())

    def domains(self) -> frozenset[str]:
        """Our domains, in A-labels."""
        return self._domains

    def person(self, login: str) -> Person | None:
        """The person who signs in by this name, disabled ones too."""
        return self._people.get(login.lower())

    def owner(self, address: Address) -> Person | None:
        """The person one of whose addresses this is."""
        return self._owners.get(address.key) or self._owners.get(_without_detail(address))

    def named(self, display_name: str) -> tuple[Person, ...]:
        """People whose name reads the same: accents, case, blanks and the words' order aside."""
        found = {
            login: person
            for reading in _readings(display_name)
            for login, person in self._named.get(reading, {}).items()
        }
        return tuple(found.values())

    def official(self, display_name: str) -> Mailbox | None:
        """The agency or unit mailbox that bears this name, accents, case and blanks aside."""
        return self._official.get(folded(display_name))

    def unit(self, key: str) -> Unit | None:
        """A unit by its key."""
        return self._units.get(key)

    def may_send_as(self, login: str, address: Address) -> bool:
        """Whether this login may use the address as a sender: its own, or one it keeps."""
        person, box = self.person(login), self.mailbox(address)
        if person is None or person.disabled:
            return False
        if self.owner(address) is person:
            return True
        return box is not None and person.login in box.keepers

    def _shared(self, row: MailboxTable) -> Mailbox:
        keepers = set(row.keepers)
        if row.kind is MailboxKind.UNIT and row.unit in self._units:
            keepers.add(self._units[row.unit].leader)
        return Mailbox(
            address=Address.parse(row.address),
            kind=row.kind,
            name=row.name,
            unit=row.unit,
            keepers=frozenset(keepers),
            approval=row.approval,
            aliases=frozenset(map(Address.parse, row.aliases)),
        )

    def _add(self, box: Mailbox, official: bool) -> None:
        for address in (box.address, *box.aliases):
            self._boxes.setdefault(address.key, box)
        if official:
            self._official.setdefault(folded(box.name), box)
            unit = self._units.get(box.unit)
            if unit is not None:
                for name in (unit.name, *unit.formerly):
                    self._official.setdefault(folded(name), box)

    def _know_postmaster(self, tables: Tables) -> None:
        """postmaster@ is always known (RFC 5321 4.5.1)."""
        rows = tables.mailboxes
        chosen = rows.get(tables.postmaster) or next(
            (row for row in rows.values() if row.kind is MailboxKind.AGENCY), None
        )
        first = next(iter(self._boxes.values()), None)
        box = self.mailbox(Address.parse(chosen.address)) if chosen else first
        if box is not None:
            for domain in self._domains:
                self._boxes.setdefault(f"postmaster@{domain}", box)


def _person(login: str, row: PersonTable) -> Person:
    return Person(
        login=login,
        name=row.name,
        unit=row.unit,
        title=row.title,
        addresses=frozenset(map(Address.parse, row.addresses)),
        language=row.language,
        disabled=row.disabled,
    )


def _personal(login: str, row: PersonTable) -> Mailbox:
    first, *others = map(Address.parse, row.addresses)
    return Mailbox(
        address=first,
        kind=MailboxKind.PERSONAL,
        name=row.name,
        unit=row.unit,
        keepers=frozenset({login}),
        approval=row.approval,
        aliases=frozenset(others),
    )


def _readings(name: str) -> tuple[str, ...]:
    """A name as it stands, and with its words in one order: ``Lan Nguyễn Thị`` is no other."""
    plain = folded(name)
    return plain, " ".join(sorted(plain.replace(",", " ").split()))


def _without_detail(address: Address) -> str:
    local, plus, _ = address.local.partition(PLUS)
    return Address(local, address.domain).key if plus and local else address.key
