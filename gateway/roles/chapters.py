"""The rooms that keep rows of their own: whoever opens the archive to fold or look opens these."""

from __future__ import annotations

from sqlalchemy import Connection

from gateway.approval.chapter import ApprovalChapter
from gateway.approval.code_rows import CodesChapter, look_up
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
        QuarantineChapter(_mail_of),
        Books(),
        AliasChapter(),
    )


def _mail_of(connection: Connection, hash_: str) -> str:
    """The message that a code is about; empty for one that was never given."""
    code = look_up(connection, hash_)
    return code.mail if code is not None else ""
