"""What somebody has said about the recipients that documents name.

Plain data like everything in ``commands.py``.
"""

from __future__ import annotations

from typing import TypeAlias

import msgspec


class Recognise(msgspec.Struct, frozen=True, tag="recognise", omit_defaults=True):
    """A printed recipient ("Các sở, ban, ngành tỉnh") stands for these correspondents.

    The last word counts. No correspondents: what was said before is forgotten.
    """

    printed: str
    at_ms: int
    actor: str
    keys: tuple[str, ...] = ()
    """Keys of organisations and groups in correspondents.toml."""
    document: str = ""
    """Key of the one document that it is said of (``DocumentNumber.key``): "Như Điều 3" means
    something else in each. Empty: of every document."""
    reason: str = ""


Recognising: TypeAlias = Recognise
