"""The rooms that keep rows of their own: whoever opens the archive to fold or look opens these."""

from __future__ import annotations

from gateway.approval.chapter import ApprovalChapter
from gateway.approval.code_rows import CodesChapter
from gateway.archive.chapter import Chapter
from gateway.quarantine.chapter import QuarantineChapter
from gateway.registry.aliases import AliasChapter
from gateway.registry.chapter import Books


def chapters() -> tuple[Chapter, ...]:
    """A fresh set, for one opened archive, in the order in which they are told.

    Codes stand before those who spend them, the books behind those who let a message go.
    """
    return (
        CodesChapter(),
        ApprovalChapter(),
        QuarantineChapter(),
        Books(),
        AliasChapter(),
    )
