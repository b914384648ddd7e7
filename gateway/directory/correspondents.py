"""correspondents.toml: organisations that documents go to, and groups, with days of validity."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from gateway.directory.tables import Fault
from gateway.mail.address import Address
from gateway.mail.correspondents import Correspondent, Meant, Sure
from gateway.mail.text import folded

Confirmed: TypeAlias = Callable[[str, str], tuple[str, ...]]
"""(printed, folded; key of a document) to what was said of it; empty where nothing was."""


def _address(text: str) -> str:
    return str(Address.parse_path(text, utf8=True))


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class MailTable(_Table):
    """One address, with the days on which mail to it is read; both are included."""

    address: Annotated[str, AfterValidator(_address)]
    since: date | None = None
    until: date | None = None

    def is_valid(self, day: date) -> bool:
        return (self.since or date.min) <= day <= (self.until or date.max)


class _Named(_Table):
    name: str = Field(min_length=1)
    also: tuple[str, ...] = ()
    """Other names as they are printed: abbreviations, earlier names."""


class OrganisationTable(_Named):
    """``[organisations.<key>]``."""

    mail: tuple[MailTable, ...] = ()
    since: date | None = None
    until: date | None = None


class GroupTable(_Named):
    """``[groups.<key>]``: many under one name, such as "Các sở, ban, ngành tỉnh"."""

    members: tuple[str, ...] = Field(min_length=1)


class CorrespondentsTable(_Table):
    """The whole of correspondents.toml."""

    organisations: dict[str, OrganisationTable] = Field(default_factory=dict)
    groups: dict[str, GroupTable] = Field(default_factory=dict)

    @classmethod
    def read(cls, table: dict[str, object]) -> CorrespondentsTable:
        """Check what tomllib gave. ValidationError with all mistakes, each with its key path."""
        tables = cls.model_validate_json(json.dumps(table, default=str))
        faults = [
            InitErrorDetails(
                type=PydanticCustomError("correspondents", "{what}", {"what": what}),
                loc=path,
                input=path[-1],
            )
            for path, what in _faults(tables)
        ]
        if faults:
            raise ValidationError.from_exception_data("correspondents", faults)
        return tables


def _faults(tables: CorrespondentsTable) -> Iterator[Fault]:
    known = tables.organisations.keys() | tables.groups.keys()
    for key in tables.organisations.keys() & tables.groups.keys():
        yield ("groups", key), f"there is an organisation {key!r}, too; choose another key"
    for key, group in tables.groups.items():
        for member in group.members:
            if member not in known:
                yield ("groups", key, "members"), f"there is no {member!r} in this file"
            if member == key:
                yield ("groups", key, "members"), "a group does not hold itself"
    seen: dict[str, str] = {}
    for key, row in _rows(tables):
        kind = "organisations" if key in tables.organisations else "groups"
        for name in (row.name, *row.also):
            other = seen.setdefault(name_key(name), key)
            if other != key:
                yield (kind, key), f"the name {name!r} is that of {other!r} already"


def _rows(tables: CorrespondentsTable) -> Iterator[tuple[str, _Named]]:
    yield from tables.organisations.items()
    yield from tables.groups.items()


_REMARK = re.compile(r"\((?:[^()]*)\)")
_BEGINS = re.compile(r"^(?:dong chi|d/c|ong|ba|lanh dao|van phong cua)\s+")


def name_key(printed: str) -> str:
    """What spellings of one recipient have in common: remarks such as "(b/c)" are no part of it."""
    bare = _REMARK.sub(" ", printed)
    plain = folded(bare).replace("uy ban nhan dan", "ubnd").replace("hoi dong nhan dan", "hdnd")
    return " ".join(re.sub(r"[^\w/&]+", " ", plain).split())


def _nothing(_printed: str, _document: str) -> tuple[str, ...]:
    return ()


class Correspondents:
    """``AddressBook`` over the file, and over what was confirmed."""

    def __init__(self, tables: CorrespondentsTable, confirmed: Confirmed = _nothing) -> None:
        self._tables, self._confirmed = tables, confirmed
        self._named: dict[str, str] = {}
        for key, row in _rows(tables):
            for name in (row.name, *row.also):
                self._named.setdefault(name_key(name), key)
        self._held: dict[str, list[str]] = {}
        for key, organisation in tables.organisations.items():
            for mail in organisation.mail:
                self._held.setdefault(Address.parse(mail.address).key, []).append(key)

    @property
    def rows(self) -> Mapping[str, OrganisationTable]:
        return self._tables.organisations

    def one(self, key: str, day: date) -> Correspondent | None:
        """The organisation of this key as it is on that day."""
        row = self._tables.organisations.get(key)
        if row is None:
            return None
        is_there = (row.since or date.min) <= day <= (row.until or date.max)
        valid = [m.address for m in row.mail if is_there and m.is_valid(day)]
        ended = [m.address for m in row.mail if m.address not in valid]
        return Correspondent(
            key, row.name, tuple(map(Address.parse, valid)), tuple(map(Address.parse, ended))
        )

    def holders(self, address: Address) -> tuple[str, ...]:
        """Keys of those whose address this is or was."""
        return tuple(self._held.get(address.key, ()))

    def members(self, keys: Iterable[str]) -> tuple[str, ...]:
        """The organisations that keys of organisations and groups come to, each once."""
        found: dict[str, None] = {}
        waiting, seen = list(keys), set[str]()
        while waiting:
            key = waiting.pop(0)
            if key in seen:
                continue
            seen.add(key)
            group = self._tables.groups.get(key)
            if group is not None:
                waiting[:0] = group.members
            elif key in self._tables.organisations:
                found[key] = None
        return tuple(found)

    def meant(self, printed: str, document: str) -> Meant:
        """What a printed recipient of a document (its number's key) stands for."""
        key = name_key(printed)
        said = self._confirmed(key, document) or self._confirmed(key, "")
        if said:
            return Meant(printed, Sure.CONFIRMED, self.members(said))
        if known := self._named.get(key) or self._named.get(_BEGINS.sub("", key)):
            return Meant(printed, Sure.NAMED, self.members((known,)))
        parts = [
            part for part in re.split(r"[;,]|\bvà\b", _REMARK.sub(" ", printed)) if part.strip()
        ]
        named = [self._named.get(name_key(part)) for part in parts]
        if len(parts) > 1 and any(named):
            keys = self.members(one for one in named if one)
            sure = Sure.NAMED if all(named) else Sure.GUESSED
            missing = ", ".join(p.strip() for p, one in zip(parts, named, strict=True) if not one)
            return Meant(printed, sure, keys, missing)
        return Meant(printed, Sure.UNKNOWN)

    def within(self, text: str) -> tuple[str, ...]:
        """Keys of all whose names stand somewhere in a text."""
        plain = f" {name_key(text)} "
        found = [key for name, key in self._named.items() if f" {name} " in plain]
        return self.members(dict.fromkeys(found))
