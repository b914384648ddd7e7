"""approval.toml as tables: who approves what, when the office works, how long one may wait."""

from __future__ import annotations

import json
from datetime import date, time, timedelta
from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from gateway.approval.calendar import Calendar
from gateway.archive.approvals import Step
from gateway.directory.tables import Tables
from gateway.mail.address import Address

BY = ("leader", "keepers")
DAYS_MAX = 31


class _Table(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _days(text: str) -> str:
    days_of(text)
    return text


Days: TypeAlias = Annotated[str, AfterValidator(_days)]


def days_of(text: str) -> tuple[date, ...]:
    """``2026-09-02``, or ``2026-02-14..2026-02-22`` with both ends. ValueError for neither."""
    first, _, last = text.partition("..")
    try:
        begin = date.fromisoformat(first.strip())
        end = date.fromisoformat(last.strip()) if last else begin
    except ValueError:
        raise ValueError(f"{text!r} is no day like 2026-09-02 or 2026-02-14..2026-02-22") from None
    count = (end - begin).days + 1
    if not 1 <= count <= DAYS_MAX:
        raise ValueError(f"{text!r}: from 1 to {DAYS_MAX} days")
    return tuple(begin + timedelta(days=n) for n in range(count))


class StepTable(_Table):
    """One step of a chain: who is asked, and how many of them have to say yes."""

    by: str = "leader"
    """``leader`` (with deputies and whom authority was lent), ``keepers`` of the mailbox, or
    logins with commas between them."""
    need: int = Field(default=1, ge=1, le=20)


class PolicyTable(_Table):
    """How mail of a mailbox is approved. What is left out is as in ``[policy]``."""

    steps: tuple[StepTable, ...] = Field(default=(StepTable(),), min_length=1)
    own_leader: bool = True
    """The leader's own mail from his own login is approved by its being sent."""


class CalendarTable(_Table):
    """When the office works (Asia/Ho_Chi_Minh)."""

    holidays: tuple[Days, ...] = ()
    worked: tuple[Days, ...] = ()
    """Saturdays and Sundays that are worked in exchange."""
    opens: str = "07:30"
    closes: str = "17:00"

    def calendar(self) -> Calendar:
        """ValueError if a time of day is none, or there is no working day for two months."""
        made = Calendar(
            holidays=frozenset(day for text in self.holidays for day in days_of(text)),
            worked=frozenset(day for text in self.worked for day in days_of(text)),
            opens=time.fromisoformat(self.opens),
            closes=time.fromisoformat(self.closes),
        )
        if made.opens >= made.closes:
            raise ValueError("the office closes before it opens")
        return made


class ApprovalTable(_Table):
    """The whole of approval.toml."""

    domain: str = ""
    """Of the desk's addresses: ``duyet-…@``, ``trinhduyet@``. Empty: our hostname."""
    break_glass: tuple[str, ...] = ()
    """Logins of whom any two may let a message out without its leader; he is told."""
    remind_s: int = Field(default=7200, ge=60)
    urgent_remind_s: int = Field(default=900, ge=60)
    urgent_deputy_s: int = Field(default=1800, ge=60)
    guesses: int = Field(default=5, ge=1, le=100)
    """Wrong codes after which a login can decide nothing by mail for ``locked_s``."""
    locked_s: int = Field(default=3600, ge=60)
    attach_bytes: int = Field(default=10 * 1024 * 1024, ge=0)
    """Larger messages go to the approvers as a rendition alone, without the original."""
    keys: str = "approval-keys"
    """Folder of the keys that sign approvals, from the folder of the file."""
    policy: PolicyTable = PolicyTable()
    mailboxes: dict[str, PolicyTable] = Field(default_factory=dict)
    calendar: CalendarTable = CalendarTable()

    @classmethod
    def read(cls, table: dict[str, object], people: Tables | None = None) -> ApprovalTable:
        """Check what tomllib gave. ValidationError with all mistakes, each with its key path."""
        read = cls.model_validate_json(json.dumps(table, default=str))
        wrong = list(_faults(read, people))
        if wrong:
            details = [
                InitErrorDetails(
                    type=PydanticCustomError("approval", "{what}", {"what": what}),
                    loc=path,
                    input=path[-1],
                )
                for path, what in wrong
            ]
            raise ValidationError.from_exception_data("approval", details)
        return read

    def policy_of(self, box: Address | None) -> PolicyTable:
        """The rules for a mailbox; ``[policy]`` where it has none of its own."""
        own = self.mailboxes.get(box.key) if box else None
        if own is None:
            return self.policy
        given = {name: getattr(own, name) for name in own.model_fields_set}
        return self.policy.model_copy(update=given)

    def keys_in(self, folder: Path) -> Path:
        return folder / self.keys


def steps_of(policy: PolicyTable) -> tuple[Step, ...]:
    """As they are written into the journal."""
    return tuple(Step(step.by, step.need) for step in policy.steps)


def _faults(read: ApprovalTable, people: Tables | None) -> list[tuple[tuple[str, ...], str]]:
    wrong: list[tuple[tuple[str, ...], str]] = []
    try:
        read.calendar.calendar()
    except ValueError as error:
        wrong.append((("calendar",), str(error)))
    if people is None:
        return wrong
    named = {("break_glass",): read.break_glass}
    boxes = {Address.parse_path(b.address, utf8=True).key for b in people.mailboxes.values()}
    boxes |= {
        Address.parse_path(a, utf8=True).key for p in people.people.values() for a in p.addresses
    }
    for key, policy in (("", read.policy), *read.mailboxes.items()):
        path = ("mailboxes", key) if key else ("policy",)
        if key and key not in boxes:
            wrong.append((path, f"directory.toml has no mailbox {key}"))
        for step in policy.steps:
            if step.by not in BY:
                logins = tuple(step.by.replace(" ", "").split(","))
                named[(*path, "steps")] = (*named.get((*path, "steps"), ()), *logins)
    known = {login.lower() for login in people.people}
    for path, logins in named.items():
        wrong += [
            (path, f"there is no person {login!r}; there are: {', '.join(sorted(known))}")
            for login in logins
            if login.lower() not in known
        ]
    if len(read.break_glass) == 1:
        wrong.append((("break_glass",), "it takes two people: name two or more"))
    return wrong
