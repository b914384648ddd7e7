"""The gateway's own addresses for what is, and what is not, spam."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal["spam", "ham", "code"]
Verb: TypeAlias = Literal["release", "refuse"]

FOR_THE_QUARANTINE = "for the quarantine"
"""Why a mail to it was kept and not delivered; by this its arrival is known."""
SPAM, HAM = "spam", "ham"
"""Local parts at our domains to which people send letters as attachments."""
RELEASE, JUNK = "nhanthu", "thurac"
"""What stands before a code of a digest: receive the letter, it is spam."""
_CODE = re.compile(rf"({RELEASE}|{JUNK})-([0-9a-z]{{26}})")


@dataclass(frozen=True, slots=True)
class Coded:
    """A word about one held message, and the code that shows whose it is."""

    verb: Verb
    code: str


def coded(local_part: str) -> Coded | None:
    """Read ``nhanthu-7k3f…`` or ``thurac-7k3f…``; None if it is neither."""
    found = _CODE.fullmatch(local_part.lower())
    return Coded("release" if found[1] == RELEASE else "refuse", found[2]) if found else None


def box_kind(local_part: str) -> Kind | None:
    """What an address of the gateway's own is for; None if it is none of these."""
    plain = local_part.lower()
    if plain == SPAM:
        return "spam"
    if plain == HAM:
        return "ham"
    return "code" if coded(plain) else None
