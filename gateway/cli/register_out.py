"""``vanthu register show | views | print | export | edxml``: lines on the screen and on paper."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select

from gateway.cli.books import Opened, covered, line_text
from gateway.cli.books import told as tell
from gateway.cli.office import OFFICE, when
from gateway.mail.message import Message
from gateway.registry import schema, told
from gateway.registry.columns import Beside, beside, day
from gateway.registry.contents import contents
from gateway.registry.dossier import Dossier, dossier
from gateway.registry.edxml import (
    STATUS,
    STEP_OF,
    Envelope,
    Organ,
    document_id,
    is_edxml,
    read_edxml,
    write_document,
    write_status,
)
from gateway.registry.lines import Line
from gateway.registry.lookup import BREAK_GLASS
from gateway.registry.reading import papers_in
from gateway.runtime.words import retold, tr


def _named(at: Opened, chosen: argparse.Namespace) -> Line:
    return at.desk.named(at.asker, chosen.line, chosen.book)


def show(at: Opened, chosen: argparse.Namespace) -> int:
    """A line with all that hangs on it; the view is written down first."""
    line = _named(at, chosen)
    at.lookup.viewed(at.asker, "line", [line.id])
    found = dossier(at.lookup.engine, line)
    sys.stdout.write(line_text(line) + "\n")
    rows = _bare(found) if at.asker.is_blind else _whole(at, found)
    for row in rows:
        sys.stdout.write(f"  {row}\n")
    if at.asker.is_blind:
        sys.stderr.write(covered() + "\n")
    elif chosen.save:
        _save(at, found, chosen.save)
    return 0


def _bare(found: Dossier) -> Iterator[str]:
    for number, id_ in found.mails:
        yield f"{tr('message')}: {number} ({id_})"


def _whole(at: Opened, found: Dossier) -> Iterator[str]:
    line, names = found.line, at.names
    for name in schema.FIELDS:
        if value := getattr(line.said, name):
            shown = day(value) if name in {"issued", "transferred"} else value
            shown = told.medium(value) if name == "medium" else shown
            yield f"{told.field(name):17} {shown}"
    yield f"{tr('progress'):17} {told.step(line.progress)}"
    if line.direction_text:
        by = names.of(f"person:{line.directed_by}", line.date)
        yield f"{tr('direction'):17} {line.direction_text} ({by})"
    row: Any
    for row in found.tasks:
        who = f"{names.of(row.who, line.date)} ({told.role(row.role)})"
        due = f" {tr('until')} {day(row.due)}" if row.due else ""
        yield f"{tr('task'):17} {who}{due}: {told.step(row.status)} {row.note}".rstrip()
    for row in found.arrivals:
        yield f"{tr('came'):17} {when(row.came_ms)} {told.route(row.route)} {row.mailbox}".rstrip()
    for row in found.files:
        yield f"{tr('file'):17} {row.name} sha256 {row.sha256}"
    if saved := at.texts.saved(line.seq):
        yield f"{tr('saved as'):17} {saved}"
    yield from _history(at, found)
    yield from _story(at, found)


_WHO = re.compile(r"\b((?:unit|person):[\w.-]+)(?: \((lead|support)\))?")
"""Somebody who was given a document, as the fold writes him down."""


def _named_people(at: Opened, day_: str, text: str) -> str:
    """With names and roles in place of keys."""

    def written(found: re.Match[str]) -> str:
        role = f" ({told.role(found[2])})" if found[2] else ""
        return at.names.of(found[1], day_) + role

    return _WHO.sub(written, text)


def _history(at: Opened, found: Dossier) -> Iterator[str]:
    """Where its values come from, and all that happened to it."""
    row: Any
    for row in found.said:
        worth = f"{told.source(row.source)}, {row.confidence:.0%}"
        yield f"{tr('source'):17} {told.field(row.field)} = {row.value} ({worth})"
    for kind, other in found.links:
        yield f"{told.link(kind):17} {line_text(other)}"
    for number, id_ in found.mails:
        yield f"{tr('message'):17} {number} ({id_}): vanthu show {number}; vanthu why {number}"
    for row in found.amends:
        yield f"{tr('corrected'):17} {told.field(row.field)}: {row.before!r} → {row.after!r}"
    for row in found.events:
        late = "" if row.counted else f" ({tr('did not count')})"
        said = _named_people(at, found.line.date, retold(row.text))
        yield f"{when(row.at_ms)} {told.event(row.kind)} {row.actor} {said}{late}"


def _story(at: Opened, found: Dossier) -> Iterator[str]:
    """What happened to the message of an outgoing line: approvals, deliveries."""
    if found.line.direction != "out" or not found.line.mail:
        return
    mail = at.shelf.queries.one(found.line.mail)
    if mail is not None:
        for happened in at.shelf.queries.why(mail):
            text = " ".join(filter(None, [happened.kind, happened.actor, happened.text]))
            yield f"{when(happened.at_ms)} {text}"


def _save(at: Opened, found: Dossier, folder: Path) -> None:
    """The message and the documents of a line, for whoever may read the line."""
    folder.mkdir(parents=True, exist_ok=True)
    at.lookup.viewed(at.asker, "file", [found.line.id])
    wanted = {str(row.sha256) for row in found.files}
    for number, id_ in found.mails:
        mail = at.shelf.queries.one(id_)
        if mail is None:
            continue
        record = at.shelf.queries.record(mail)
        (folder / f"{number}.eml").write_bytes(record.raw)
        for part, data in papers_in(Message(record.raw)):
            if sha256(data).hexdigest() in wanted or is_edxml(data):
                name = Path(part.filename.replace("\\", "/")).name or f"part{part.index}"
                (folder / name).write_bytes(data)
    sys.stdout.write(f"{folder}\n")


def views(at: Opened, chosen: argparse.Namespace) -> int:
    """Who has looked: at a line, for who keeps its book; at a message, for who may read it; by
    breaking the glass, for leaders."""
    view = schema.views.c
    is_glass = chosen.line == BREAK_GLASS
    if is_glass:
        at.lookup.rights.must_lead(at.asker)
    fits = view.what == BREAK_GLASS if is_glass else view.object == _looked_at(at, chosen)
    with at.lookup.engine.connect() as connection:
        rows = connection.execute(select(schema.views).where(fits).order_by(view.seq)).all()
    for row in rows:
        what = f"{told.look(row.what)} {row.object}" if is_glass else told.look(row.what)
        sys.stdout.write(f"{when(row.at_ms)} {what:8} {row.actor} {row.query}\n")
    return 0


def _looked_at(at: Opened, chosen: argparse.Namespace) -> str:
    """The id of the message or the line that is meant."""
    mail = at.shelf.queries.one(chosen.line) if at.asker.login else None
    if mail is not None:
        return at.may_read(mail).id
    line = _named(at, chosen)
    if at.asker.login not in at.lookup.rights.leaders:
        at.lookup.rights.must_keep(at.asker, line.book)
    return line.id


def _beside(at: Opened, key: str, year: int) -> Beside:
    with at.lookup.engine.connect() as connection:
        return beside(connection, at.names, key, year)


def print_out(at: Opened, chosen: argparse.Namespace) -> int:
    """A volume, which is written down with its hash, or a slip."""
    from gateway.registry import printing

    target = Path(chosen.target)
    if chosen.line:
        line = _readable(at, chosen)
        head = printing.Head(at.books.office, _head_name(at, line.book, line.date))
        at_ = _beside(at, line.book, line.year or int(line.date[:4]))
        if chosen.slip == "arrival":
            files = dossier(at.lookup.engine, line).files
            data = printing.arrival_slip(head, line, files, at_)
        else:
            data = printing.routing_slip(head, line, at_, datetime.now(OFFICE))
        target.write_bytes(data)
        at.lookup.viewed(at.asker, "print", [line.id])
        sys.stdout.write(f"{target}\n")
        return 0
    key, lines, year = _year(at, chosen)
    kind = "follow-up" if chosen.follow_up else at.books.books[key].direction
    head = printing.Head(
        at.books.office, _head_name(at, key, max((line.date for line in lines), default=""))
    )
    volume = _volume(at, key, year)
    data = printing.register(head, kind, lines, _beside(at, key, year), year, volume)
    target.write_bytes(data)
    if lines and not chosen.follow_up:
        span = (lines[0].n, lines[-1].n)
        volume = at.desk.bound(at.asker, key, year, span, sha256(data).hexdigest())
    sys.stdout.write(
        tr("{file}: {n} lines, volume {volume}", file=target, n=len(lines), volume=volume) + "\n"
    )
    return 0


def _volume(at: Opened, key: str, year: int) -> int:
    volume = schema.volumes.c
    with at.lookup.engine.connect() as connection:
        rows = connection.execute(
            select(volume.volume).where(volume.book == key, volume.year == year)
        ).scalars()
        return max(rows, default=0) + 1


def _readable(at: Opened, chosen: argparse.Namespace) -> Line:
    line = _named(at, chosen)
    if not at.asker.login:
        at.lookup.rights.must_keep(at.asker, line.book)
    return line


def _head_name(at: Opened, key: str, day_: str) -> str:
    """Whose papers these are, as it was called on that day."""
    return at.names.head(at.books.books[key].unit, day_)


def _year(at: Opened, chosen: argparse.Namespace) -> tuple[str, list[Line], int]:
    from gateway.registry.ledger import day_of, year_of

    key, _ = at.desk.book(chosen.book, "" if chosen.book else "in")
    if at.asker.login not in at.lookup.rights.leaders:
        at.lookup.rights.must_keep(at.asker, key)
    year = chosen.year or year_of(day_of(at.desk.now_ms()))
    lines = at.desk.lines(at.asker, key, year)
    at.lookup.viewed(at.asker, "print", [line.id for line in lines], f"{key} {year}")
    return key, lines, year


def export(at: Opened, chosen: argparse.Namespace) -> int:
    """By the ending of the file: .csv, .xlsx, .xml of annex VI, .edxml of one line."""
    target = Path(chosen.target)
    if target.suffix == ".edxml":
        return _edxml(at, chosen, target)
    from gateway.registry import sheets

    key, lines, year = _year(at, chosen)
    direction, at_ = at.books.books[key].direction, _beside(at, key, year)
    match target.suffix:
        case ".csv":
            data = sheets.to_csv(direction, lines, at_)
        case ".xlsx":
            data = sheets.to_xlsx(f"{key} {year}", direction, lines, at_)
        case ".xml":
            data, cuts = sheets.to_xml(at.books.office, direction, lines)
            for cut in cuts:
                told_ = f"{cut.number}: {cut.field} {cut.length} > {cut.most}"
                sys.stderr.write(tr("cut to the length of annex VI:") + f" {told_}\n")
        case other:
            raise ValueError(
                tr("{name}: end the name in .csv, .xlsx, .xml or .edxml", name=other or target)
            )
    target.write_bytes(data)
    sys.stdout.write(tr("{file}: {n} lines", file=target, n=len(lines)) + "\n")
    return 0


def _edxml(at: Opened, chosen: argparse.Namespace, target: Path) -> int:
    line, office = _readable(at, chosen), at.books.office
    sender = Organ(office.code, _head_name(at, line.book, line.date))
    now = datetime.now(OFFICE)
    if chosen.status:
        if chosen.status not in STATUS:
            raise LookupError(
                tr("no status {name}; there are: {all}", name=chosen.status, all=", ".join(STATUS))
            )
        about = line.said
        target.write_bytes(write_status(sender, about, chosen.status, str(at.asker), now))
    else:
        to = [Organ(code, name) for code, _, name in (one.partition("=") for one in chosen.to)]
        files = contents(at.lookup.engine, at.shelf.queries, line)
        target.write_bytes(write_document(sender, to, line.said, now, files))
    at.lookup.viewed(at.asker, "file", [line.id])
    id_ = line.said.edxml or document_id(office.code, line.said.issued, line.said.number)
    sys.stdout.write(f"{target}: {id_}\n")
    return 0


def take_edxml(at: Opened, chosen: argparse.Namespace) -> int:
    """A document from the axis, into the book; or what became of one that is there."""
    envelope = read_edxml(Path(chosen.file).read_bytes())
    if envelope.status:
        return _take_status(at, chosen.book, envelope)
    key, _ = at.desk.book(chosen.book, "in")
    for wrong in envelope.damaged:
        sys.stderr.write(f"{wrong}\n")
    return tell(at.desk.take_in(at.asker, key, envelope.document, "", "axis"))


def _take_status(at: Opened, book: str, envelope: Envelope) -> int:
    """Move the document that another system's status is about."""
    what = STATUS.get(envelope.status, envelope.status)
    step = STEP_OF.get(envelope.status)
    if step is None:
        raise ValueError(
            tr("this is a status ({status}) of {number}", status=what, number=envelope.about)
        )
    number = envelope.about.rsplit(",", 1)[-1]
    line = at.desk.named(at.asker, number, book)
    sender = envelope.sender.name or envelope.sender.code
    note = ": ".join(filter(None, (sender, envelope.description or what)))
    return tell(at.desk.progress(at.asker, line, step, note))
