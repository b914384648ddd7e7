"""What is written down after an attempt: how it ended, and whom a notice tells of it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gateway.archive.commands import Receive, Tried
from gateway.archive.journal import Entry
from gateway.archive.owed import Owed
from gateway.delivery.outcome import Attempt, is_given_up, retry_after_s
from gateway.delivery.report import Fate, Kind, Writer, may_report, report
from gateway.mail.limits import Limits
from gateway.mail.message import Message
from gateway.mail.services import Signer

log = logging.getLogger(__name__)

ORPHANS_PER_HOUR = 30
"""Notices to the postmaster; a flood of spam to a dead mailbox is no news thirty times over."""
SKIP_LONGEST_S = 2 * 3600.0
"""How long a message waits at most for a destination that is left alone."""


@dataclass
class Ledger:
    """Makes the journal's entries. ``chance`` gives numbers from 0 to 1, ``new_id`` names."""

    limits: Limits
    hostname: str
    delay_notice_s: float
    postmaster: str
    chance: Callable[[], float]
    new_id: Callable[[], str]
    signer: Signer | None = None
    """Signs the notices."""
    _orphans: deque[datetime] = field(default_factory=deque)

    def entries(
        self,
        rows: Sequence[Owed],
        attempts: dict[str, Attempt],
        command: Receive,
        message: Message,
        now: datetime,
    ) -> list[Entry]:
        """One entry for each recipient, then the notices that they make necessary."""
        chance = self.chance()  # One for all: recipients of a message stay together.
        tried = [self._tried(row, attempts[row.recipient], command, now, chance) for row in rows]
        notices: list[Entry] = []
        number = rows[0].number
        for kind, fates in _sorted(rows, tried, attempts).items():
            to = self._told(kind, command, rows, now) if fates else ""
            if to:
                told: Kind = "orphaned" if kind == "failed" and to != command.sender else kind
                until = self._until(command, now)
                writer = Writer(self.new_id(), self.hostname, now, until, self.signer)
                notices.append(report(told, command, number, message, fates, to, writer))
        return [*map(Entry, tried), *notices]

    def _told(self, kind: Kind, command: Receive, rows: Sequence[Owed], now: datetime) -> str:
        """Who is told; empty for nobody."""
        if may_report(command):
            return command.sender
        if kind != "failed":
            return ""
        return self._postmaster(command, rows, now)

    def _postmaster(self, command: Receive, rows: Sequence[Owed], now: datetime) -> str:
        """The postmaster, unless it is his own mail that fails, or he has heard enough."""
        failing = {row.recipient for row in rows}
        if not self.postmaster or self.postmaster in failing or command.sender == self.postmaster:
            log.error("mail %s failed, and nobody can be told", command.id)
            return ""
        while self._orphans and now - self._orphans[0] > timedelta(hours=1):
            self._orphans.popleft()
        if len(self._orphans) >= ORPHANS_PER_HOUR:
            log.warning("mail %s failed; the postmaster is not told any more of it", command.id)
            return ""
        self._orphans.append(now)
        return self.postmaster

    def _until(self, command: Receive, now: datetime) -> datetime:
        return datetime.fromtimestamp(command.at_ms / 1000 + self.limits.queue_s, now.tzinfo)

    def _tried(
        self, row: Owed, attempt: Attempt, command: Receive, now: datetime, chance: float
    ) -> Tried:
        now_ms = int(now.timestamp() * 1000)
        age_s = (now_ms - row.received_ms) / 1000
        result, status, next_at_ms, is_late = attempt.result, attempt.status, 0, False
        if result == "deferred":
            attempts = row.attempts if attempt.was_asked else 0
            if is_given_up(attempts, age_s, self.limits):
                result, status = "failed", f"5.{status.partition('.')[2]}"
            else:
                next_at_ms = now_ms + int(_wait_s(row, attempt, age_s, chance) * 1000)
                is_late = self._is_late(row, age_s) and may_report(command)
        return Tried(
            id=row.id,
            recipient=row.recipient,
            at_ms=now_ms,
            result=result,
            status=status,
            reply=attempt.reply,
            via=attempt.via,
            next_at_ms=next_at_ms,
            was_asked=attempt.was_asked,
            is_delay_told=is_late,
        )

    def _is_late(self, row: Owed, age_s: float) -> bool:
        """Whether the sender is to be told now that it takes long (RFC 3461 4.1: he may want to
        hear of nothing, or only of other things)."""
        wants = not row.notify or "DELAY" in row.notify
        return 0 < self.delay_notice_s <= age_s and wants and not row.is_delay_told


def _wait_s(row: Owed, attempt: Attempt, age_s: float, chance: float) -> float:
    if attempt.was_asked:
        return max(attempt.wait_s, retry_after_s(row.attempts, chance))
    wait = min(max(60.0, age_s / 2), SKIP_LONGEST_S)
    return max(attempt.wait_s, wait * (0.8 + 0.4 * chance))


def _sorted(
    rows: Sequence[Owed], tried: Sequence[Tried], attempts: dict[str, Attempt]
) -> dict[Kind, list[Fate]]:
    """What there is to tell, by the kind of notice, for those who want to hear of it."""
    told: dict[Kind, list[Fate]] = {"failed": [], "delayed": [], "delivered": []}
    for row, one in zip(rows, tried, strict=True):
        success = attempts[row.recipient].success
        if one.result == "failed" and (not row.notify or "FAILURE" in row.notify):
            told["failed"].append(_fate(row, one, "failed"))
        elif one.is_delay_told:
            told["delayed"].append(_fate(row, one, "delayed"))
        elif one.result == "delivered" and "SUCCESS" in row.notify and success:
            told["delivered"].append(_fate(row, one, success))
    return told


def _fate(row: Owed, tried: Tried, action: str) -> Fate:
    return Fate(
        recipient=row.recipient,
        action=action,  # type: ignore[arg-type] # one of its four
        status=tried.status,
        reply=tried.reply,
        orcpt=row.orcpt,
        via=tried.via,
    )
