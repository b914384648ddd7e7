"""The mails of duty hours: what waits, what was registered, what is urgent; in two languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

from gateway.duty.items import Item, Kind
from gateway.duty.sums import Section
from gateway.mail.text import one_line
from gateway.runtime.words import later, speaking, tr, trn

NAME = "Trực văn thư / Duty desk"
MOST = 30
"""Lines of one list; the others are counted."""
WIDTH = 200

STATES = {
    Kind.PROPOSED: later("to be registered"),
    Kind.UNROUTED: later("nobody has been told to handle it"),
    Kind.DUE: later("its term ends"),
    Kind.GIVEN: later("given, not begun"),
    Kind.APPROVAL: later("waits for approval"),
    Kind.HELD: later("held as likely spam"),
    Kind.REGISTERED: "",
}


def in_both(say: Callable[[], str], between: str) -> str:
    """A text in Vietnamese and then in English; once, if both are the same."""
    said = []
    for language in ("vi", "en"):
        with speaking(language):
            said.append(say())
    return between.join(dict.fromkeys(said))


def check_subject(sections: Sequence[Section]) -> str:
    n, new = sum(map(len, sections)), sum(len(one.new) for one in sections)
    return in_both(
        lambda: trn("{n} thing waits for you, {new} new", "{n} things wait for you, {new} new",
                    n, new=new),
        " / ",
    )  # fmt: skip


def check_text(sections: Sequence[Section], login: str, zone: ZoneInfo) -> str:
    """What waits, place by place, the new before what was told already."""

    def page() -> str:
        lines = [tr("Waiting in the mailboxes and books you keep:"), ""]
        for section in sections:
            lines += [_head(section.place.name), ""]
            lines += _list(tr("New since the last check"), section.new, login, zone)
            lines += _list(tr("Still waiting"), section.still, login, zone)
        lines.append(tr("`vanthu register list` and `vanthu find` show them whole."))
        return "\n".join(lines)

    return in_both(page, "\n\n--\n\n") + "\n"


def report_subject(sections: Sequence[Section]) -> str:
    new, late = sum(len(one.new) for one in sections), sum(len(one.still) for one in sections)
    return in_both(
        lambda: trn("{n} document received, {late} overdue",
                    "{n} documents received, {late} overdue", new, late=late),
        " / ",
    )  # fmt: skip


def report_text(sections: Sequence[Section], login: str, zone: ZoneInfo) -> str:
    """What was registered or given, and what is overdue, book by book."""

    def page() -> str:
        lines: list[str] = []
        for section in sections:
            lines += [_head(section.place.name), ""]
            lines += _list(tr("Received since the last report"), section.new, login, zone)
            lines += _list(tr("Overdue"), section.still, login, zone)
        return "\n".join(lines).rstrip()

    return in_both(page, "\n\n--\n\n") + "\n"


def urgent_subject(item: Item, login: str) -> str:
    words = item.words if item.may_read(login) else item.number
    return one_line(_marked(item, words or item.number), WIDTH)


def urgent_text(item: Item, place: str, login: str, zone: ZoneInfo) -> str:
    def page() -> str:
        if item.kind is Kind.PROPOSED:
            told = tr("An urgent document has come and waits for its arrival number:")
        else:
            told = tr("An urgent document was registered:")
        return "\n".join([told, "", _head(place), "", *_lines(item, login, zone)])

    return in_both(page, "\n\n--\n\n") + "\n"


def _head(place: str) -> str:
    return f"— {place} —"


def _marked(item: Item, words: str) -> str:
    """With its mark of urgency in front, if the words do not bear it themselves."""
    mark = item.urgency.upper()
    return words if not mark or mark in words.upper() else f"[{mark}] {words}".strip()


def _list(title: str, items: Sequence[Item], login: str, zone: ZoneInfo) -> Iterator[str]:
    if not items:
        return
    yield f"{title} ({len(items)}):"
    for item in items[:MOST]:
        yield from _lines(item, login, zone)
    if len(items) > MOST:
        n = len(items) - MOST
        yield trn("… and {n} more.", "… and {n} more.", n)
    yield ""


def _lines(item: Item, login: str, zone: ZoneInfo) -> Iterator[str]:
    """One thing: what it is, then whence, since when, how it stands."""
    hidden = tr("(not shown here: personal or under a stamp of secrecy)")
    words, author = (item.words, item.author) if item.may_read(login) else (hidden, "")
    told = _marked(item, " ".join(filter(None, (item.number, words or "-"))))
    yield one_line(f"* {told}", WIDTH)
    came = datetime.fromtimestamp(item.at_ms / 1000, UTC).astimezone(zone)
    state = [
        f"{came:%d/%m/%Y %H:%M}",
        one_line(author, WIDTH),
        tr(STATES[item.kind]) if STATES[item.kind] else "",
    ]
    if item.due:
        day = f"{date.fromisoformat(item.due):%d/%m/%Y}" if _is_day(item.due) else item.due
        state.append(tr("until {day}", day=day))
    if item.is_overdue:
        state.append(tr("OVERDUE"))
    yield "  " + "; ".join(filter(None, state))


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
