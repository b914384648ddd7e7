"""A DMARC record, read into what it asks for (RFC 9989 4.7; RFC 7489 6.3 for ``pct``)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, TypeAlias

from gateway.mail.dns import Found
from gateway.mail.origin import Disposition, DmarcPolicy

Psd: TypeAlias = Literal["y", "n", "u"]
"""Whether the name is a public suffix: yes, no, or not said."""

_VERSION = re.compile(rb"[vV][ \t]*=[ \t]*DMARC1[ \t]*(?:;|\Z)")
_PERCENT = re.compile(r"[0-9]{1,3}\Z")
_REPORTS = re.compile(r"(?:\A|,)\s*[a-z][a-z0-9+.-]*:[^\s,]+", re.IGNORECASE)
_DISPOSITIONS = {each.value: each for each in Disposition}
_PSD: dict[str, Psd] = {"y": "y", "n": "n"}
_TAGS_MAX = 50
_ALL = 100


@dataclass(frozen=True, slots=True)
class Record:
    """What stands at ``_dmarc`` under one name."""

    p: Disposition
    sp: Disposition | None
    """For what lies under the name; None where it says nothing else than ``p``."""
    np: Disposition | None
    """For names that do not exist."""
    psd: Psd
    is_dkim_strict: bool
    is_spf_strict: bool
    percent: int
    is_testing: bool
    rua: str = ""
    """Who gets reports."""

    def policy(self, domain: str, asks: Disposition) -> DmarcPolicy:
        """What it asks for, of a domain at or under ``domain``, where it stands."""
        return DmarcPolicy(
            domain,
            asks,
            is_dkim_strict=self.is_dkim_strict,
            is_spf_strict=self.is_spf_strict,
            percent=self.percent,
            is_testing=self.is_testing,
        )


def published(found: Found[bytes]) -> Record | None:
    """The one record that there may be (RFC 9989 4.10); None where there are more, or none."""
    if not found.records:
        return None
    records = [r for r in found.records if _VERSION.match(r)]
    return read(records[0]) if len(records) == 1 else None


@lru_cache(maxsize=4096)
def read(record: bytes) -> Record | None:
    """A record's tags; None if it asks for nothing that we understand.

    Without a valid ``p`` it counts as ``p=none``, and only if it wants reports (RFC 9989 4.10.1).
    A word in ``sp`` or ``np`` that is none makes nothing milder: ``p`` counts there.
    """
    tags: dict[str, str] = {}
    for part in record.decode("latin-1").split(";")[:_TAGS_MAX]:
        name, sign, value = part.partition("=")
        if sign:
            tags.setdefault(name.strip().lower(), value.strip())
    policy = _disposition(tags.get("p"))
    if policy is None:
        if not _REPORTS.search(tags.get("rua", "")):
            return None
        policy = Disposition.NONE
    percent = tags.get("pct", "")
    return Record(
        policy,
        _disposition(tags.get("sp")),
        _disposition(tags.get("np")),
        _PSD.get(tags.get("psd", "").lower(), "u"),
        is_dkim_strict=tags.get("adkim", "").lower() == "s",
        is_spf_strict=tags.get("aspf", "").lower() == "s",
        percent=min(int(percent), _ALL) if _PERCENT.match(percent) else _ALL,
        is_testing=tags.get("t", "").lower() == "y",
        rua=tags.get("rua", ""),
    )


def _disposition(word: str | None) -> Disposition | None:
    return _DISPOSITIONS.get((word or "").lower())
