"""Domains that somebody in a hurry takes for one another."""

from __future__ import annotations

from functools import lru_cache

from gateway.mail.address import Address
from gateway.mail.text import folded

SHORT = 6
"""Names shorter than this are too near to too many others to compare by edit distance."""
_SKELETON = (("0", "o"), ("1", "l"), ("5", "s"), ("rn", "m"), ("vv", "w"), ("i", "l"))


@lru_cache(4096)
def reads_like(domain: str, ours: str) -> bool:
    """Whether somebody in a hurry takes one for the other."""
    if domain == ours or domain.endswith("." + ours) or ours.endswith("." + domain):
        return False
    if domain.startswith(ours + ".") or ours.replace(".", "-") in domain:
        return True
    one, other = _skeleton(domain), _skeleton(ours)
    return one == other or (len(ours.partition(".")[0]) >= SHORT and _is_one_off(one, other))


def _skeleton(domain: str) -> str:
    """What the eye keeps of a domain: look-alike letters and digits are the same."""
    text = folded(Address("x", domain).shown.partition("@")[2])
    for seen, kept in _SKELETON:
        text = text.replace(seen, kept)
    return text


def _is_one_off(one: str, other: str) -> bool:
    """Whether one letter more, less, other or swapped makes one of the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if at is None:
        return True
    rest, others = one[at:], other[at:]
    swapped = len(rest) > 1 and rest[1] + rest[0] + rest[2:] == others
    return swapped or rest[1:] == others[1:] or rest[1:] == others or rest == others[1:]
