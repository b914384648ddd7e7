"""Names for messages and sessions: short, in the order of time, easy to say on the telephone."""

from __future__ import annotations

import os
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
_PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)

_CHANCE_BYTES = 5
_AT_ONCE = 512
_chances: list[int] = []
"""Random numbers asked of the kernel in one go: a call for each is a third of the cost."""

os.register_at_fork(after_in_child=_chances.clear)  # Else parent and child give the same names.


def new_id() -> str:
    """Sixteen symbols of Crockford's base32: 45 bits of milliseconds, 35 of chance."""
    try:
        chance = _chances.pop()
    except IndexError:
        chance = _more()
    number = (time.time_ns() // 1_000_000 & 2**45 - 1) << 35 | chance
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(70, -10, -10)])


def _more() -> int:
    block = os.urandom(_CHANCE_BYTES * _AT_ONCE)
    numbers = [
        int.from_bytes(block[at : at + _CHANCE_BYTES]) & 2**35 - 1
        for at in range(0, len(block), _CHANCE_BYTES)
    ]
    _chances.extend(numbers[1:])
    return numbers[0]
