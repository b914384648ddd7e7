"""``[duty]`` in vanthu.toml: when mailboxes are checked, and when leaders are told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import time
from itertools import pairwise
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from gateway.mail.day import clock, is_clock
from gateway.mail.people import MailboxKind
from gateway.runtime.words import tr


def _in_order(texts: tuple[str, ...]) -> tuple[str, ...]:
    for before, after in pairwise(texts):
        if not before < after:
            raise ValueError(f"{after} stands behind {before}: write the times in order, each once")
    return texts


Times: TypeAlias = Annotated[
    tuple[Annotated[str, AfterValidator(is_clock)], ...], AfterValidator(_in_order)
]

LEAST = {MailboxKind.AGENCY: 4, MailboxKind.UNIT: 3, MailboxKind.PERSONAL: 3}
"""How often a mailbox is checked on a working day (article 5 of the regulation)."""


class DutyTable(BaseModel):
    """Times of day in the calendar's zone (approval.toml), on its working days; empty: never."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    on: bool = True
    agency: Times = ("07:30", "11:00", "13:30", "16:30")
    """Checks of the agency's mailbox and of what stands in its books."""
    unit: Times = ("07:30", "11:00", "16:30")
    personal: Times = ("07:30", "11:00", "16:30")
    report: Times = ("08:00", "11:15", "14:00", "16:45")
    """When leaders are told what was registered, and what is overdue."""
    urgent: bool = True
    """Of documents with a mark of urgency they are told at once, at any hour."""
    overdue_days: int = Field(default=1, ge=0, le=60)
    """Working days after which what nobody has taken in hand goes up; 0: only terms count."""

    def checks(self, kind: MailboxKind) -> tuple[time, ...]:
        """When mailboxes of a kind are checked."""
        texts = {
            MailboxKind.AGENCY: self.agency,
            MailboxKind.UNIT: self.unit,
            MailboxKind.PERSONAL: self.personal,
        }
        return tuple(map(clock, texts[kind]))

    @property
    def reports(self) -> tuple[time, ...]:
        return tuple(map(clock, self.report))

    def remarks(self) -> Iterator[str]:
        """What is allowed, and less than the regulation asks; for ``vanthu check``."""
        if not self.on:
            yield tr("duty.on = false: nobody is told what waits for him")
            return
        for kind, least in LEAST.items():
            n = len(self.checks(kind))
            if n < least:
                yield tr(
                    "duty.{kind}: {n} checks on a working day, the regulation asks for {least}",
                    kind=kind.value,
                    n=n,
                    least=least,
                )
        if not self.report:
            yield tr("duty.report is empty: leaders are not told what was registered")
