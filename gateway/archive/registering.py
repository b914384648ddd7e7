"""What people and roles say to the books: commands of the registry.

All are intents (decision 0001): which number is given, which reservation counts, what is a
duplicate of what is found by the fold, in the order of the journal. What a decision needs to know
of the settings stands in the command.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec


class Said(msgspec.Struct, frozen=True, omit_defaults=True):
    """Why a value is believed: where it was seen, and how sure that is."""

    field: str
    value: str
    source: str
    """``edxml``, ``signature_field``, ``text_layer``, ``subject``, ``filename``, ``ocr`` …"""
    confidence: float = 0.0
    """0 to 1."""


class Particulars(msgspec.Struct, frozen=True, omit_defaults=True):
    """A document as the books describe it (decree 30/2020/NĐ-CP, annexes IV and VI).

    Days are ISO 8601. An empty value is unknown, never a guess.
    """

    number: str = ""
    """Số, ký hiệu as printed: ``50/QĐ-SNgV``. Of our own outgoing documents the fold makes it."""
    issued: str = ""
    kind: str = ""
    """Tên loại: ``Quyết định``."""
    abstract: str = ""
    issuer: str = ""
    """Tác giả."""
    signer: str = ""
    signer_title: str = ""
    recipients: str = ""
    """Nơi nhận, as printed, "; " between."""
    receiver: str = ""
    """Incoming: the unit or person it goes to; outgoing: who keeps the office's copy."""
    copies: str = ""
    pages: str = ""
    urgency: str = ""
    """``khẩn``, ``thượng khẩn``, ``hỏa tốc``."""
    transferred: str = ""
    """Ngày chuyển."""
    acknowledged: str = ""
    """Ký nhận: who has confirmed, and when."""
    language: str = ""
    medium: str = ""
    """``electronic``, ``paper`` or ``both``."""
    organ: str = ""
    """The issuer's organisation code (QĐ 20/2020/QĐ-TTg, or the older form)."""
    edxml: str = ""
    """The DocumentId of edXML (QCVN 102:2016)."""
    reply_to: str = ""
    """Number of the document that this one answers."""
    note: str = ""


class File(msgspec.Struct, frozen=True, omit_defaults=True):
    """One file that came with a document."""

    sha256: str
    name: str = ""
    part: int = -1
    """Its index among the parts of the message; -1 where it came otherwise."""


Route: TypeAlias = Literal["agency", "unit", "person", "axis", "portal", "paper", "hand"]
"""The way a document came in by."""


class Arrive(msgspec.Struct, frozen=True, tag="arrive", omit_defaults=True):
    """A document came in. The fold makes an entry of it, or one more arrival of a known one.

    ``number_now``: it takes its arrival number at once, unless it looks like one that is there.
    A second one for the same message and book is nothing, unless ``as_new``.
    """

    id: str
    at_ms: int
    actor: str
    book: str
    unit: str
    date: str
    """The day of arrival in the office's zone; its year is the year of the number."""
    route: Route = "agency"
    mail: str = ""
    """The archive's id of the message it came with."""
    mailbox: str = ""
    came_ms: int = 0
    """When it was received; numbers follow this order."""
    particulars: Particulars = Particulars()
    said: tuple[Said, ...] = ()
    files: tuple[File, ...] = ()
    number_now: bool = False
    as_new: bool = False
    """A person has said that it is another document than the one it looks like."""
    raised_from: str = ""
    """The entry of a unit's book that was passed on to this one."""


class Confirm(msgspec.Struct, frozen=True, tag="confirm", omit_defaults=True):
    """The clerk takes a proposal into the book: now it gets its arrival number."""

    id: str
    at_ms: int
    actor: str
    changes: tuple[tuple[str, str], ...] = ()
    """(field of Particulars, value): what the clerk put right."""
    date: str = ""
    """Another day of arrival than the proposal says."""


class Same(msgspec.Struct, frozen=True, tag="same", omit_defaults=True):
    """A proposal is one more arrival of a document that is in the book."""

    id: str
    of: str
    at_ms: int
    actor: str
    reason: str = ""


class Dismiss(msgspec.Struct, frozen=True, tag="dismiss", omit_defaults=True):
    """A proposal stays out of the book: a letter that is no document. It takes no number."""

    id: str
    at_ms: int
    actor: str
    reason: str


class Reserve(msgspec.Struct, frozen=True, tag="reserve", omit_defaults=True):
    """Cấp số: a number for a document that is to be signed and sent."""

    id: str
    at_ms: int
    actor: str
    book: str
    unit: str
    series: str
    date: str
    """The document's day; its year is the year of the number."""
    symbol: str
    form: str = "{number}/{symbol}"
    width: int = 2
    first: int = 1
    """With which number a year begins."""
    particulars: Particulars = Particulars()
    until: str = ""
    """The day until which it should be used; then it shows up as overdue."""


class Insert(msgspec.Struct, frozen=True, tag="insert", omit_defaults=True):
    """Số chèn: a number with a letter behind one that was given: ``50a``."""

    id: str
    after: str
    """The entry behind whose number it comes."""
    at_ms: int
    actor: str
    approver: str
    reason: str
    date: str
    symbol: str = ""
    """Empty: as the entry it follows."""
    particulars: Particulars = Particulars()


class Claim(msgspec.Struct, frozen=True, tag="claim", omit_defaults=True):
    """This message carries the document of a reserved number. Its release uses the number."""

    id: str
    at_ms: int
    actor: str
    mail: str
    files: tuple[File, ...] = ()
    particulars: Particulars = Particulars()
    """What the document says; fills what is empty."""


class Use(msgspec.Struct, frozen=True, tag="use", omit_defaults=True):
    """A reserved number was used by hand: the document went out on paper."""

    id: str
    at_ms: int
    actor: str
    changes: tuple[tuple[str, str], ...] = ()
    reason: str = ""


class Void(msgspec.Struct, frozen=True, tag="void", omit_defaults=True):
    """Bỏ số: the number is never used again; its line stays in the book."""

    id: str
    at_ms: int
    actor: str
    reason: str


class Amend(msgspec.Struct, frozen=True, tag="amend", omit_defaults=True):
    """A line is put right; the old value, who and why are kept."""

    id: str
    at_ms: int
    actor: str
    changes: tuple[tuple[str, str], ...]
    reason: str


class Assignee(msgspec.Struct, frozen=True, omit_defaults=True):
    """A unit or a person a document is given to."""

    who: str
    """``unit:<key>`` or ``person:<login>``."""
    role: Literal["lead", "support"] = "lead"
    """Chủ trì or phối hợp."""


class Direct(msgspec.Struct, frozen=True, tag="direct", omit_defaults=True):
    """Ý kiến chỉ đạo: what a leader wants done, by whom, until when."""

    id: str
    at_ms: int
    actor: str
    direction: str = ""
    assignees: tuple[Assignee, ...] = ()
    due: str = ""
    on_behalf_of: str = ""
    """The leader whose word it is, where the clerk writes it down."""
    basis: str = ""
    """The delegation under which it was said."""


class Progress(msgspec.Struct, frozen=True, tag="progress", omit_defaults=True):
    """How far an assignee has come; without assignee, the document itself."""

    id: str
    at_ms: int
    actor: str
    status: Literal["submitted", "directed", "assigned", "in-progress", "done", "refused"]
    who: str = ""
    note: str = ""


class CloseYear(msgspec.Struct, frozen=True, tag="close-year", omit_defaults=True):
    """Khóa sổ: a book of a year takes no new number any more."""

    id: str
    at_ms: int
    actor: str
    book: str
    year: int


class Bind(msgspec.Struct, frozen=True, tag="bind", omit_defaults=True):
    """A volume was printed to be signed and bound."""

    id: str
    at_ms: int
    actor: str
    book: str
    year: int
    volume: int
    first: int
    last: int
    sha256: str


class View(msgspec.Struct, frozen=True, tag="view", omit_defaults=True):
    """Somebody looked. ``what``: search, entry, message, file, print."""

    id: str
    at_ms: int
    actor: str
    what: str
    objects: tuple[str, ...] = ()
    """Ids of the entries and messages that were shown."""
    query: str = ""


Registering: TypeAlias = (
    Arrive
    | Confirm
    | Same
    | Dismiss
    | Reserve
    | Insert
    | Claim
    | Use
    | Void
    | Amend
    | Direct
    | Progress
    | CloseYear
    | Bind
    | View
)
