"""A resolver that knows its answers by heart: for tests, benchmarks and demonstrations."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, TypeAlias

from gateway.dns.questions import Questions
from gateway.dns.resolver import NO_NAME, Known
from gateway.mail.dns import DnsAway, Found, Mx, Tlsa

Zone: TypeAlias = Mapping[str, Mapping[str, Sequence[Any]]]
"""Name to type to records: ``{"example.vn": {"TXT": ["v=spf1 -all"], "MX": ["10 mx.example"]}}``.

``AWAY`` as a type, with anything in it, gives no answer about types that are not given; as the
only record of a type, none about this type. ``CNAME`` is followed.
"""
AWAY = "AWAY"
_LINKS_MAX = 8
_ASKED_MAX = 10_000


class Canned(Questions):
    """Answers from a zone. ``asked`` are the last questions, for tests of limits.

    ValueError where a record cannot be read.
    """

    def __init__(self, zone: Zone, is_secure: bool = False) -> None:
        self._is_secure = is_secure
        self._answers: dict[str, dict[str, Found[Any] | DnsAway]] = {
            name.lower().removesuffix("."): {
                kind: self._answer(kind, list(records)) for kind, records in types.items()
            }
            for name, types in zone.items()
        }
        self._parents = {
            name[at + 1 :] for name in self._answers for at, sign in enumerate(name) if sign == "."
        }
        self.asked: deque[tuple[str, str]] = deque(maxlen=_ASKED_MAX)

    def ask(self, kind: str, name: str) -> Awaitable[Found[Any]]:
        self.asked.append((kind, name))
        return Known(self._look(kind, name.lower().removesuffix("."), _LINKS_MAX))

    def _look(self, kind: str, name: str, links: int) -> Found[Any] | DnsAway:
        types = self._answers.get(name)
        if types is None:
            return Found() if name in self._parents else NO_NAME
        found = types.get(kind)
        if found is None and AWAY in types:
            return DnsAway(f"no answer for {kind} {name}: it took too long")
        if found is None and links and isinstance(alias := types.get("CNAME"), Found):
            return self._look(kind, alias.records[0], links - 1)
        return found if found is not None else Found(is_secure=self._is_secure)

    def _answer(self, kind: str, records: list[Any]) -> Found[Any] | DnsAway:
        if records == [AWAY]:
            return DnsAway(f"no answer for {kind}: it took too long")
        return Found(tuple(_record(kind, r) for r in records), is_secure=self._is_secure)


def _record(kind: str, written: Any) -> Any:
    if not isinstance(written, str):
        return written
    if kind not in _READERS:
        raise ValueError(f"there is no type {kind!r} here; there are {', '.join(_READERS)}")
    return _READERS[kind](written)


def _mx(written: str) -> Mx:
    preference, _, host = written.partition(" ")
    return Mx(int(preference), host.lower().removesuffix(".") or ".")


def _tlsa(written: str) -> Tlsa:
    usage, selector, matching, data = written.split()
    return Tlsa(int(usage), int(selector), int(matching), bytes.fromhex(data))


def _name(written: str) -> str:
    return written.lower().removesuffix(".")


_READERS: dict[str, Callable[[str], Any]] = {
    "TXT": str.encode,
    "A": IPv4Address,
    "AAAA": IPv6Address,
    "MX": _mx,
    "TLSA": _tlsa,
    "PTR": _name,
    "CNAME": _name,
}
