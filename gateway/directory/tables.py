"""directory.toml as tables: read strictly, and every mistake told with the key it is at."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from gateway.mail.address import Address, normal_domain
from gateway.mail.people import ApprovalPolicy, MailboxKind

Fault: TypeAlias = tuple[tuple[str | int, ...], str]
"""The path of a key, and what is wrong with what stands there."""


def _domain(text: str) -> str:
    return Address.parse_path(f"x@{text}", utf8=True).domain


def _address(text: str) -> str:
    return str(Address.parse_path(text, utf8=True))


Domain: TypeAlias = Annotated[str, AfterValidator(_domain)]
Mail: TypeAlias = Annotated[str, AfterValidator(_address)]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class FormerName(_Table):
    """A name of earlier days."""

    name: str = Field(min_length=1)
    until: date
    """The last day on which it was borne."""


def name_on(name: str, formerly: Iterable[FormerName], day: date) -> str:
    """The name that was borne on a day; ``name`` is today's."""
    for former in sorted(formerly, key=lambda one: one.until):
        if day <= former.until:
            return former.name
    return name


class UnitTable(_Table):
    """``[units.<key>]``: a department, or a unit of one."""

    name: str = Field(min_length=1)
    leader: str
    """The login of who leads it; he keeps its mailbox."""
    deputies: tuple[str, ...] = ()
    """Logins, in the order in which they stand in for the leader."""
    parent: str = ""
    """The key of the unit it belongs to; empty for the department itself."""
    formerly: tuple[FormerName, ...] = ()
    """What it was called before: print-outs of those days say so, search finds either."""


class PersonTable(_Table):
    """``[people.<login>]``: somebody who can sign in. The first address is his own mailbox."""

    name: str = Field(min_length=1)
    unit: str
    title: str = ""
    addresses: tuple[Mail, ...] = Field(min_length=1)
    language: str = Field(default="vi", pattern="^(vi|en)$")
    disabled: bool = False
    approval: ApprovalPolicy = ApprovalPolicy.DOCUMENTS
    """Which of the mail from his own addresses needs approval."""


class MailboxTable(_Table):
    """``[mailboxes.<key>]``: a mailbox that several people keep."""

    kind: MailboxKind
    name: str = Field(min_length=1)
    address: Mail
    aliases: tuple[Mail, ...] = ()
    unit: str
    keepers: tuple[str, ...] = ()
    """Logins that may send as it; the leader of its unit may for a unit's mailbox anyway."""
    approval: ApprovalPolicy = ApprovalPolicy.REQUIRED


class Tables(_Table):
    """The whole of directory.toml."""

    domains: tuple[Domain, ...] = Field(min_length=1)
    """Mail to these domains is for the mailboxes below, and nowhere else."""
    postmaster: str = ""
    """The key of the mailbox that gets postmaster@; empty: the first agency mailbox."""
    units: dict[str, UnitTable] = Field(default_factory=dict)
    people: dict[str, PersonTable] = Field(default_factory=dict)
    mailboxes: dict[str, MailboxTable] = Field(default_factory=dict)

    @classmethod
    def read(cls, table: dict[str, object]) -> Tables:
        """Check what tomllib gave. ValidationError with all mistakes, each with its key path."""
        tables = cls.model_validate_json(json.dumps(table, default=str))
        faults = list(_faults(tables))
        if faults:
            raise ValidationError.from_exception_data("directory", list(map(_detail, faults)))
        return tables


def _detail(fault: Fault) -> InitErrorDetails:
    path, what = fault
    error = PydanticCustomError("directory", "{what}", {"what": what})
    return InitErrorDetails(type=error, loc=path, input=path[-1])


def _faults(tables: Tables) -> Iterator[Fault]:
    yield from _wrong_references(tables)
    yield from _strange_domains(tables)
    yield from _twice(tables)
    yield from _circles(tables)


def _wrong_references(tables: Tables) -> Iterator[Fault]:
    login, unit = _known("person", tables.people), _known("unit", tables.units)
    for key, row in tables.units.items():
        yield from login(("units", key, "leader"), row.leader)
        for deputy in row.deputies:
            yield from login(("units", key, "deputies"), deputy)
        if row.parent:
            yield from unit(("units", key, "parent"), row.parent)
    for key, person in tables.people.items():
        yield from unit(("people", key, "unit"), person.unit)
    for key, box in tables.mailboxes.items():
        yield from unit(("mailboxes", key, "unit"), box.unit)
        for keeper in box.keepers:
            yield from login(("mailboxes", key, "keepers"), keeper)
        if box.kind is MailboxKind.AGENCY and not box.keepers:
            yield ("mailboxes", key), "an agency mailbox needs keepers"
    if tables.postmaster:
        yield from _known("mailbox", tables.mailboxes)(("postmaster",), tables.postmaster)


def _known(
    what: str, there_are: dict[str, UnitTable] | dict[str, PersonTable] | dict[str, MailboxTable]
) -> Callable[[tuple[str, ...], str], Iterator[Fault]]:
    def check(path: tuple[str, ...], name: str) -> Iterator[Fault]:
        if name not in there_are:
            yield path, f"there is no {what} {name!r}; there are: {', '.join(sorted(there_are))}"

    return check


def _addresses(tables: Tables) -> Iterator[tuple[tuple[str | int, ...], Address]]:
    for key, person in tables.people.items():
        for text in person.addresses:
            yield ("people", key, "addresses"), Address.parse_path(text, utf8=True)
    for key, box in tables.mailboxes.items():
        yield ("mailboxes", key, "address"), Address.parse_path(box.address, utf8=True)
        for text in box.aliases:
            yield ("mailboxes", key, "aliases"), Address.parse_path(text, utf8=True)


def _strange_domains(tables: Tables) -> Iterator[Fault]:
    domains = {normal_domain(domain) for domain in tables.domains}
    for path, address in _addresses(tables):
        if address.domain not in domains:
            yield path, f"{address} is in none of our domains"
        if "+" in address.local:
            yield path, f"{address}: what follows a plus is the user's own; leave it out"


def _twice(tables: Tables) -> Iterator[Fault]:
    seen: dict[str, tuple[str | int, ...]] = {}
    for path, address in _addresses(tables):
        if address.key in seen:
            yield path, f"{address} is {'.'.join(map(str, seen[address.key]))} already"
        seen.setdefault(address.key, path)
    logins: dict[str, str] = {}
    for login in tables.people:
        if login.lower() in logins:
            yield ("people", login), f"{logins[login.lower()]!r} is the same login"
        logins.setdefault(login.lower(), login)


def _circles(tables: Tables) -> Iterator[Fault]:
    for key in tables.units:
        above, at = {key}, tables.units[key].parent
        while at in tables.units and at not in above:
            above.add(at)
            at = tables.units[at].parent
        if at == key:
            yield ("units", key, "parent"), "the unit belongs to itself, by way of its parents"
