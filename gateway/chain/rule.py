"""Rules as an admin writes them in TOML: if this holds, at this time, then that."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta, timezone
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from gateway.chain.action import Action
from gateway.chain.patterns import check_pattern
from gateway.mail.address import Address
from gateway.mail.edit import AddHeader, AddRecipient, DropHeader, DropRecipient, Edit
from gateway.mail.verdict import (
    Accept,
    Defer,
    Desk,
    Discard,
    Hold,
    Pass,
    Points,
    Reject,
    Reply,
    Verdict,
)

HANOI = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Viet Nam has one time of day and no summer time."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _address(text: str) -> str:
    return str(Address.parse_path(text, utf8=True))


def _span(text: str) -> str:
    span(text)
    return text


def span(text: str) -> tuple[time, time]:
    """``07:30-11:30`` as two times; ValueError if it is no span within one day."""
    begin, dash, end = text.partition("-")
    times = time.fromisoformat(begin.strip()), time.fromisoformat(end.strip())
    if not dash or times[0] >= times[1]:
        raise ValueError("a span is written 07:30-11:30, its beginning first")
    return times


Pattern: TypeAlias = Annotated[str, AfterValidator(check_pattern)]
Patterns: TypeAlias = tuple[Pattern, ...]


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, populate_by_name=True)


class When(_Table):
    """All keys that are given must hold; of a list, one value must. Times are those of Hà Nội."""

    sender: Patterns = ()
    """Envelope sender. ``a@b.vn``, ``*@b.vn``, ``re:…`` or ``list:<name>``, as in all of these."""
    author: Patterns = ()
    """Any address in any From."""
    author_name: Patterns = ()
    """Any display name in any From."""
    recipient: Patterns = ()
    """Any recipient."""
    login: Patterns = ()
    """Who has signed in; ``*`` is anybody who has."""
    unit: tuple[str, ...] = ()
    """Keys of units: of whoever has signed in, or of the mailbox of a recipient."""
    client: tuple[IPv4Network | IPv6Network, ...] = ()
    """The client's address."""
    direction: tuple[Literal["in", "out", "internal"], ...] = ()
    subject: Patterns = ()
    header: dict[str, Patterns] = Field(default_factory=dict)
    """Field name to patterns for its decoded value; any field of that name."""
    text: Patterns = ()
    """The text that its reader sees, up to 64 KiB; for globs remember ``*`` on both sides."""
    attachment_name: Patterns = ()
    """File names, those inside archives too."""
    attachment_type: Patterns = ()
    """Real types, such as ``application/pdf`` or ``image/*``."""
    has_attachment: bool | None = None
    larger_bytes: int | None = None
    smaller_bytes: int | None = None
    charset: Patterns = ()
    """Charsets that its text parts name."""
    results: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    """Findings of filters before: ``results = { spf = ["fail"], dmarc = ["fail"] }``."""
    points_over: float | None = None
    """The points that filters before have given, added up."""
    days: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    hours: tuple[Annotated[str, AfterValidator(_span)], ...] = ()
    """Spans of the day, such as ``07:30-11:30``."""
    any: tuple[When, ...] = ()
    """At least one of these."""
    all: tuple[When, ...] = ()
    """Every one of these."""
    none: When | None = Field(default=None, alias="not")
    """This must not hold."""

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The keys that are given, cheapest first: most rules end at the first of them."""
        return tuple(key for key in CHEAPEST_FIRST if key in self.model_fields_set)

    @model_validator(mode="after")
    def _says_something(self) -> When:
        if not self.model_fields_set:
            raise ValueError("a condition without a key is always true: leave it out")
        return self


CHEAPEST_FIRST = (
    *("direction", "client", "login", "larger_bytes", "smaller_bytes", "points_over", "results"),
    *("days", "hours", "sender", "recipient", "unit", "author", "has_attachment", "author_name"),
    *("charset", "subject", "header", "attachment_name", "none", "any", "all"),
    *("text", "attachment_type"),
)


class Then(_Table):
    """What is done. Edits and points come on top of the verdict."""

    verdict: Action | Literal["accept"] = Action.PASS
    reply: str = Field(default="Message refused by policy", max_length=200)
    """Told to the client where it is refused: one line of ASCII."""
    status: str = ""
    """Enhanced code of that reply; empty: 5.7.1, or 4.7.1 for defer."""
    add_header: dict[str, str] = Field(default_factory=dict)
    drop_header: tuple[str, ...] = ()
    add_recipient: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    drop_recipient: tuple[Annotated[str, AfterValidator(_address)], ...] = ()
    points: float = 0.0
    stop: bool = False
    """Look at no rule of lower priority."""

    @model_validator(mode="after")
    def _can_be_done(self) -> Then:
        self.answer(Pass())
        if self.edits and self.verdict in {Action.REJECT, Action.DEFER, Action.DISCARD, "accept"}:
            raise ValueError(f"{self.verdict} changes nothing in a message: leave the edits out")
        if self.points and self.verdict is not Action.PASS:
            raise ValueError("points go with the verdict pass only")
        return self

    @property
    def edits(self) -> tuple[Edit, ...]:
        return (
            *(AddHeader(name, value) for name, value in self.add_header.items()),
            *(DropHeader(name) for name in self.drop_header),
            *(AddRecipient(Address.parse(text)) for text in self.add_recipient),
            *(DropRecipient(Address.parse(text)) for text in self.drop_recipient),
        )

    def answer(self, why: Pass, name: str = "rule") -> Verdict:  # noqa: PLR0911 -- one for each.
        """The verdict, with ``why.reason`` as its reason."""
        reason = why.reason
        match self.verdict:
            case "accept":
                return Accept(reason)
            case Action.HOLD:
                return Hold(reason, edits=self.edits)
            case Action.APPROVAL:
                return Hold(reason, Desk.APPROVAL, self.edits)
            case Action.DISCARD:
                return Discard(reason)
            case Action.REJECT:
                return Reject(reason, Reply(self.status or "5.7.1", self.reply))
            case Action.DEFER:
                return Defer(reason, Reply(self.status or "4.7.1", self.reply))
            case Action.MARK:
                marked = self.verdict.verdict(name, reason)
                edits = marked.edits if isinstance(marked, Pass) else ()
                return Pass(reason, (*edits, *self.edits))
            case _:
                points = (Points(name, self.points or 1.0, reason),)
                is_counted = bool(self.points) or self.verdict is Action.POINTS
                return Pass(reason, self.edits, points if is_counted else ())

    @property
    def is_last(self) -> bool:
        """Whether no rule of lower priority is looked at after this one."""
        finals = {Action.REJECT, Action.DEFER, Action.DISCARD, "accept"}
        return self.stop or self.verdict in finals


class Rule(_Table):
    """``[[rules]]``: one rule."""

    name: str = Field(min_length=1, max_length=60)
    owner: str = ""
    """Whom to ask about it."""
    comment: str = ""
    """Why it is there."""
    priority: int = 0
    """Rules of higher priority are looked at first; equal ones in the order of the file."""
    enabled: bool = True
    mode: Literal["enforce", "observe"] = "enforce"
    """observe: only tell, in ``vanthu why``, what it would have done."""
    valid_from: date | None = None
    valid_until: date | None = None
    """The last day on which it counts."""
    when: When | None = Field(default=None, alias="if")
    """Left out: every message."""
    then: Then

    @model_validator(mode="after")
    def _is_ever_valid(self) -> Rule:
        if self.valid_from and self.valid_until and self.valid_until < self.valid_from:
            raise ValueError("valid_until lies before valid_from")
        return self

    def counts_at(self, moment: datetime) -> bool:
        """Whether it is enabled, and valid on that day."""
        if not self.enabled:
            return False
        if self.valid_from is None and self.valid_until is None:
            return True
        today = moment.astimezone(HANOI).date()
        return (self.valid_from or today) <= today <= (self.valid_until or today)


def list_names(condition: When | None) -> set[str]:
    """The lists that a condition asks for, by ``list:<name>``."""
    if condition is None:
        return set()
    patterns = (
        *condition.sender,
        *condition.author,
        *condition.recipient,
        *condition.login,
        *condition.attachment_name,
        *condition.subject,
    )
    names = {p.removeprefix("list:") for p in patterns if p.startswith("list:")}
    inner = (*condition.any, *condition.all, *filter(None, [condition.none]))
    return names.union(*map(list_names, inner))
