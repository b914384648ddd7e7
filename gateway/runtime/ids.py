"""Names for messages and sessions: short, in the order of time, easy to say on the telephone."""

from __future__ import annotations

import secrets
import time

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
LENGTH = 16


def new_id() -> str:
    """Sixteen symbols of Crockford's base32: 45 bits of milliseconds, 35 of chance."""
    number = (time.time_ns() // 1_000_000 & 2**45 - 1) << 35 | secrets.randbits(35)
    return "".join(ALPHABET[number >> shift & 31] for shift in range(75, -5, -5))
