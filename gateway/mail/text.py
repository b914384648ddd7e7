"""Text as people compare it: accents, case, width and look-alike letters aside."""

from __future__ import annotations

import unicodedata

_LOOK_ALIKE = str.maketrans(
    {
        **dict(zip("АВЕЅІЈКМНОРСТУХаеіјорсухѕ", "ABESIJKMHOPCTYXaeijopcyxs", strict=True)),
        **dict(zip("ΑΒΕΖΗΙΚΜΝΟΡΤΥΧο", "ABEZHIKMNOPTYXo", strict=True)),
        "đ": "d",
        "Đ": "D",
        "Ð": "D",
        "ð": "d",
        "Ɖ": "D",
        **dict.fromkeys("\u00ad\u200b\u200c\u200d\u2060\ufeff"),
        **dict.fromkeys("‐‑‒–—―−", "-"),
    }
)


def folded(text: str) -> str:
    """For comparing and finding: ``Đặng  Thị LÀNH`` and ``dang thi lanh`` are one."""
    if text.isascii():
        return " ".join(text.lower().split())
    plain = unicodedata.normalize("NFKD", text).translate(_LOOK_ALIKE)
    kept = "".join(c for c in plain if not unicodedata.combining(c))
    return " ".join(kept.casefold().split())


def one_line(text: str, length: int) -> str:
    """Text for a list or a log: no control characters, at most ``length`` characters."""
    clean = "".join(c if c.isprintable() else " " for c in text[: 4 * length])
    return " ".join(clean.split())[:length]
