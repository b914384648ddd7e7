"""Names for messages and sessions: short, in the order of time, easy to say on the telephone."""

from __future__ import annotations

import secrets
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16
_PAIRS = tuple(a + b for a in ALPHABET for b in ALPHABET)


def new_id() -> str:
    """Sixteen symbols of Crockford's base32: 45 bits of milliseconds, 35 of chance."""
    number = (time.time_ns() // 1_000_000 & 2**45 - 1) << 35 | secrets.randbits(35)
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(70, -10, -10)])
