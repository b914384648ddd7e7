"""What other software is told of the books: each event that counted, in the order of the journal.

The rows are the outbox. What was told stands in a mark, (record, line); whoever loses it begins
anew, and whoever is told twice knows it by the event's id.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import msgspec
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from sqlalchemy import Engine, select, tuple_

from gateway.registry import schema
from gateway.registry.edxml import Organ, write_document, write_status
from gateway.registry.evidence import STAMPED
from gateway.registry.lines import Line, line_of

OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")
Kind: TypeAlias = Literal[
    "propose", "register", "arrived again", "dismiss", "direct", "submitted", "directed",
    "assigned", "in-progress", "done", "refused", "amend", "reserve", "insert", "use", "void",
]  # fmt: skip
"""Events of ``books_events`` that can be told."""
Mark: TypeAlias = tuple[int, int]
"""(record, line) of the last event that was told."""
STATUS_OF = {
    "direct": "04", "assigned": "04", "in-progress": "05", "done": "06", "refused": "02",
}  # fmt: skip
"""Codes of edXML (QCVN 102:2016) for what happens to a document."""
_LOCAL = {"127.0.0.1", "::1", "localhost"}


def _url(text: str) -> str:
    parts = urlsplit(text)
    if not parts.hostname or parts.scheme not in {"https", "http"} or parts.username:
        raise ValueError("an address such as https://qlvb.example/hooks/vanthu")
    if parts.scheme == "http" and parts.hostname not in _LOCAL:
        raise ValueError("https, but to this machine: what is told would pass in clear")
    return text


class HookTable(BaseModel):
    """``[hooks.<key>]`` in books.toml: one program that is told."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    url: Annotated[str, AfterValidator(_url)]
    secret: Path
    """A file of at least 16 bytes, which sign what is sent."""
    ca: Path | None = None
    """Whose certificates the other end bears, in PEM; None: those that the machine trusts."""
    books: tuple[str, ...] = ()
    """Keys of the books it is told of; none: all."""
    events: tuple[Kind, ...] = ("register", "direct", "in-progress", "done", "use", "void")
    form: Literal["json", "edxml"] = "json"
    organ: str = ""
    """Whose software it is, in edXML: organisation code and name, ``H57.12=Sở Ngoại vụ``."""
    timeout_s: float = Field(default=30.0, gt=0, le=300)

    def placed(self, folder: Path) -> HookTable:
        """With paths taken from the folder that the file is in."""
        ca = folder / self.ca if self.ca is not None else None
        return self.model_copy(update={"secret": folder / self.secret, "ca": ca})


@dataclass(frozen=True, slots=True)
class Event:
    """Something that counted, and the line as it stands now."""

    mark: Mark
    at_ms: int
    kind: str
    actor: str
    text: str
    line: Line
    tasks: tuple[dict[str, Any], ...]
    files: tuple[dict[str, str], ...]

    @property
    def id(self) -> str:
        return f"{self.mark[0]}-{self.mark[1]}"


@dataclass(frozen=True, slots=True)
class Letter:
    """What is sent."""

    id: str
    kind: str
    media_type: str
    body: bytes


def newest(engine: Engine) -> Mark:
    """The mark behind all there is."""
    event = schema.events.c
    found = select(event.seq, event.entry).order_by(event.seq.desc(), event.entry.desc()).limit(1)
    with engine.connect() as connection:
        row = connection.execute(found).first()
    return (row.seq, row.entry) if row is not None else (0, 0)


def after(engine: Engine, mark: Mark, hook: HookTable, limit: int = 50) -> list[Event]:
    """The events behind a mark that the hook wants, oldest first."""
    event = schema.events.c
    fits = select(schema.events).where(
        tuple_(event.seq, event.entry) > mark,
        event.counted,
        event.entry > 0,
        event.kind.in_(hook.events),
    )
    if hook.books:
        entry = schema.entries.c
        fits = fits.where(event.entry.in_(select(entry.seq).where(entry.book.in_(hook.books))))
    told: list[Event] = []
    with engine.connect() as connection:
        for row in connection.execute(fits.order_by(event.seq, event.entry).limit(limit)).all():
            line = line_of(connection, row.entry)
            if line is None:
                continue
            task, file = schema.tasks.c, schema.files.c
            tasks = connection.execute(
                select(task.who, task.role, task.due, task.status, task.note)
                .where(task.entry == row.entry)
                .order_by(task.who)
            )
            files = connection.execute(
                select(file.name, file.sha256).where(file.entry == row.entry).distinct()
            )
            mark_ = (row.seq, row.entry)
            told.append(
                Event(mark_, row.at_ms, row.kind, row.actor, row.text, line,
                      tuple(dict(one._mapping) for one in tasks),  # noqa: SLF001 - public in SQLAlchemy
                      tuple(dict(one._mapping) for one in files))  # noqa: SLF001
            )  # fmt: skip
    return told


def in_json(event: Event) -> Letter:
    """The event, the line as it stands, and who has to do what."""
    line = event.line.bare if _is_stamped(event.line) else event.line
    about = msgspec.to_builtins(line)
    about["number"] = line.number
    about["document"] = {name: value for name, value in about.pop("said").items() if value}
    body = {
        "id": event.id,
        "event": event.kind,
        "at": datetime.fromtimestamp(event.at_ms / 1000, OFFICE).isoformat(timespec="milliseconds"),
        "by": event.actor,
        "text": "" if _is_stamped(event.line) else event.text,
        "line": about,
        "assignees": event.tasks,
        "files": () if _is_stamped(event.line) else event.files,
    }
    return Letter(event.id, event.kind, "application/json", msgspec.json.encode(body))


def in_edxml(
    event: Event,
    sender: Organ,
    to: Sequence[Organ],
    files: Callable[[Line], Iterable[tuple[str, bytes]]],
    now: datetime,
) -> Letter | None:
    """The document itself where it was registered or issued, or its status; None where edXML has no
    word for it. What bears a secrecy stamp is never in one."""
    line = event.line
    if event.kind in STATUS_OF:
        body = write_status(sender, line.said, STATUS_OF[event.kind], event.actor, now)
    elif event.kind in {"register", "use"} and not _is_stamped(line):
        body = write_document(sender, to, line.said, now, files(line))
    else:
        return None
    return Letter(event.id, event.kind, "application/xml", body)


def organ_of(text: str) -> Organ:
    """``CODE=NAME`` as an organisation."""
    code, _, name = text.partition("=")
    return Organ(code.strip(), name.strip())


def _is_stamped(line: Line) -> bool:
    return line.said.note == STAMPED
