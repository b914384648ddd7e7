"""The tables of the books. All of them follow from the journal (``chapter.py``)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, String, Table

from gateway.archive.registering import Particulars

metadata = MetaData()

VERSION = 3

FIELDS = Particulars.__struct_fields__
"""What a line says of its document: a column each, in ``entries``."""


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, String, primary_key=key, nullable=False, default="")


def _whole(name: str, *, key: bool = False) -> Column[int]:
    kind = BigInteger().with_variant(Integer, "sqlite")
    return Column(name, kind, primary_key=key, nullable=False, default=0)


entries = Table(
    "books_entries",
    metadata,
    _whole("seq", key=True),
    _text("id"),
    _text("book"),
    _text("unit"),
    _text("direction"),
    _text("series"),
    Column("year", Integer),
    Column("n", Integer),
    _text("suffix"),
    _text("state"),
    _text("date"),
    _whole("came_ms"),
    _text("form"),
    _whole("width"),
    _text("symbol"),
    _text("key"),
    _text("issuer_key"),
    _text("mail"),
    _text("actor"),
    _whole("at_ms"),
    _text("reason"),
    _text("approver"),
    _text("until"),
    _text("raised_from"),
    _text("said_direction"),
    _text("said_by"),
    _text("due"),
    _text("progress"),
    *map(_text, FIELDS),
    Index("books_entries_id", "id", unique=True),
    Index("books_entries_number", "book", "series", "year", "n", "suffix", unique=True),
    Index("books_entries_line", "book", "year", "seq"),
    Index("books_entries_waiting", "state", "book", "came_ms"),
    Index("books_entries_key", "key"),
    Index("books_entries_edxml", "edxml"),
)
"""One line each. ``state``: proposed, registered, dismissed (incoming); reserved, used (outgoing);
voided. ``year`` and ``n`` are NULL while it has no number. ``date`` is the day of arrival of an
incoming document and the day on which the number was given of an outgoing one."""

keys = Table(
    "books_keys",
    metadata,
    _whole("entry", key=True),
    _text("series", key=True),
    _text("number", key=True),
    _text("suffix", key=True),
    _text("symbol"),
    Column("year", Integer, nullable=False, default=0),
    Index("books_keys_symbol", "series", "number", "symbol", "year", "entry"),
    Index("books_keys_bare", "series", "number", "year", "entry"),
    sqlite_with_rowid=False,
)
"""What a line is found by: ``series`` as in ``gateway.mail.wanted``, or ``maybe`` for a number that
some source says and nobody has confirmed; a range has a key for each number."""

counters = Table(
    "books_counters",
    metadata,
    _text("book", key=True),
    _text("series", key=True),
    Column("year", Integer, primary_key=True),
    _whole("next"),
    _text("last_date"),
    sqlite_with_rowid=False,
)

closed = Table(
    "books_closed",
    metadata,
    _text("book", key=True),
    Column("year", Integer, primary_key=True),
    _whole("at_ms"),
    _text("actor"),
    sqlite_with_rowid=False,
)

arrivals = Table(
    "books_arrivals",
    metadata,
    _whole("seq", key=True),
    _text("id"),
    _whole("entry"),
    _text("book"),
    _text("mail"),
    _text("route"),
    _text("mailbox"),
    _whole("came_ms"),
    _text("actor"),
    Index("books_arrivals_entry", "entry"),
    Index("books_arrivals_mail", "mail", "book"),
    Index("books_arrivals_id", "id"),
)
"""Every time that a document came in, the first one too."""

files = Table(
    "books_files",
    metadata,
    _whole("entry", key=True),
    _text("sha256", key=True),
    _text("mail", key=True),
    _text("name"),
    Column("part", Integer, nullable=False, default=-1),
    Column("is_main", Boolean, nullable=False, default=False),
    Index("books_files_sha256", "sha256"),
    sqlite_with_rowid=False,
)
"""What came or left with a line, once for each message that bore it."""

said = Table(
    "books_said",
    metadata,
    _whole("seq", key=True),
    Column("i", Integer, primary_key=True),
    _whole("entry"),
    _text("field"),
    _text("value"),
    _text("source"),
    Column("confidence", Float, nullable=False, default=0.0),
    Index("books_said_entry", "entry"),
    sqlite_with_rowid=False,
)
"""Why the book believes what it says."""

links = Table(
    "books_links",
    metadata,
    _whole("entry", key=True),
    _whole("other", key=True),
    _text("kind", key=True),
    _text("why"),
    Index("books_links_other", "other"),
    sqlite_with_rowid=False,
)
"""``kind``: strong and weak (it looks like that one), raised (it was passed on from there)."""

tasks = Table(
    "books_tasks",
    metadata,
    _whole("entry", key=True),
    _text("who", key=True),
    _text("role"),
    _text("due"),
    _text("status"),
    _text("note"),
    _whole("at_ms"),
    _whole("done_ms"),
    Index("books_tasks_who", "who", "status"),
    sqlite_with_rowid=False,
)

claims = Table(
    "books_claims",
    metadata,
    _text("mail", key=True),
    _whole("entry", key=True),
    sqlite_with_rowid=False,
)
"""Messages that wait and carry the document of a reserved number."""

amends = Table(
    "books_amends",
    metadata,
    _whole("seq", key=True),
    _text("field", key=True),
    _whole("entry"),
    _text("before"),
    _text("after"),
    Index("books_amends_entry", "entry"),
    sqlite_with_rowid=False,
)

events = Table(
    "books_events",
    metadata,
    _whole("seq", key=True),
    _whole("entry", key=True),
    _whole("at_ms"),
    _text("kind"),
    _text("actor"),
    _text("text"),
    Column("counted", Boolean, nullable=False, default=True),
    Index("books_events_entry", "entry"),
    sqlite_with_rowid=False,
)
"""What was said to the books, and whether it counted; ``entry`` is 0 where it is about none."""

volumes = Table(
    "books_volumes",
    metadata,
    _whole("seq", key=True),
    _text("book"),
    Column("year", Integer, nullable=False),
    Column("volume", Integer, nullable=False),
    Column("first", Integer, nullable=False),
    Column("last", Integer, nullable=False),
    _text("sha256"),
    _whole("at_ms"),
    _text("actor"),
)

views = Table(
    "books_views",
    metadata,
    _whole("seq", key=True),
    _text("object", key=True),
    _whole("at_ms"),
    _text("actor"),
    _text("what"),
    _text("query"),
    Index("books_views_object", "object"),
    sqlite_with_rowid=False,
)
"""Who looked at what."""
