"""The real type of some bytes, asked of libmagic; the only place that knows the library."""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import Protocol

ASKED_BYTES = 8 * 1024
"""How much libmagic looks at; on more it spends milliseconds and says the same."""

_local = threading.local()


class NoLibmagic(RuntimeError):
    """The library is neither in the pylibmagic wheel nor on the system."""


class _Magic(Protocol):
    def from_buffer(self, buf: bytes) -> str: ...


def real_type(data: bytes | memoryview) -> str:
    """What these bytes are, as a MIME type in lower case, whatever their name says.

    ``application/octet-stream`` where nobody knows. A libmagic cookie serves one thread, so each
    has its own. NoLibmagic where the library is missing.
    """
    if not data:
        return "inode/x-empty"
    return _cookie().from_buffer(bytes(data[:ASKED_BYTES])).lower()


def _cookie() -> _Magic:
    cookie: _Magic | None = getattr(_local, "cookie", None)
    if cookie is None:
        cookie = _local.cookie = _loaded()
    return cookie


def _loaded() -> _Magic:
    with suppress(ImportError, OSError):  # The system may have a library of its own.
        import pylibmagic  # noqa: F401 -- makes its copy findable.
    try:
        import magic
    except (ImportError, OSError) as error:
        raise NoLibmagic(
            f"libmagic is missing ({error}): pip install pylibmagic, or apt install libmagic1"
        ) from None
    cookie: _Magic = magic.Magic(mime=True)
    return cookie
