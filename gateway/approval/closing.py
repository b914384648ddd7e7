"""What follows from a decision or from the clock: release, tag, reminder, end, word to all."""

from __future__ import annotations

import logging

from gateway.approval.authority import Capacity
from gateway.approval.book import Decided, Waiting
from gateway.approval.codes import hashed, new_tag
from gateway.approval.compose import Notice
from gateway.approval.decide import Damaged
from gateway.approval.desk import Desk, Mint
from gateway.approval.letters import TAG, clock, outcome
from gateway.approval.manifest import envelope_digest, raw_digest
from gateway.approval.opening import ask_by_mail
from gateway.approval.seal import SIGNATURE, sealed
from gateway.archive.approvals import Announced, IssueCodes, IssueTag, Rang, Release, Say
from gateway.archive.commands import Receive
from gateway.archive.journal import Entry

log = logging.getLogger(__name__)


def finish(desk: Desk, row: Waiting) -> list[Entry]:
    """Let an approved message go, from the stored bytes after hashing them again; or give a tag."""
    return _give_tag(desk, row) if row.kind == "draft" else _release(desk, row)


def _release(desk: Desk, row: Waiting) -> list[Entry]:
    record = desk.decider.record(row.mail)
    arrival = record.command
    assert isinstance(arrival, Receive)
    raw = raw_digest(record.raw)
    envelope = envelope_digest(arrival.sender, [r.address for r in arrival.recipients])
    said = _approvals(desk, row)
    if raw != row.digest or envelope != row.envelope or not said:
        raise Damaged(f"mail {row.mail}: what is stored is not what was approved; it stays here")
    number = str(record.number or "")
    added = sealed(desk.office, desk.keyring, arrival, record.raw, number, said, desk.now())
    if not any(name == SIGNATURE for name, _ in added):
        log.warning("mail %s leaves without %s: no key for its approver", row.mail, SIGNATURE)
    return [Entry(Release(row.mail, raw, desk.now_ms(), added))]


def _approvals(desk: Desk, row: Waiting) -> list[Decided]:
    words = desk.book.decisions(row.mail)
    return [word for word in words if word.counted and word.decision == "approve"]


def _give_tag(desk: Desk, row: Waiting) -> list[Entry]:
    case, office = desk.case(row), desk.office
    tag = new_tag(desk.random)
    until = office.calendar.end_of_next_working_day(desk.now())
    until_ms = int(until.timestamp() * 1000)
    text = TAG.format(tag=f"[PD {tag}]", until=clock(office, until_ms))
    mails = []
    for login in _tagged(desk, row):
        address = office.address_of(login)
        if address is not None:
            told = Notice(
                to=str(address),
                subject=f"[Thẻ duyệt / Approval tag] {case.subject}",
                text=text,
                about=row.mail,
                thread=desk.thread(row, login),
                reply_to=office.desk,
            )
            mails.append(desk.notice(told))
    return [Entry(IssueTag(row.mail, hashed(tag), desk.now_ms(), until_ms)), *mails]


def _tagged(desk: Desk, row: Waiting) -> list[str]:
    """Who gets the tag: the author, and those who approved."""
    named = [row.author, *(word.approver for word in _approvals(desk, row))]
    return list(dict.fromkeys(login for login in named if login))


def ring(desk: Desk, row: Waiting) -> list[Entry]:
    """An alarm is due: remind those who were asked, go to the deputies, or give up."""
    if row.trouble:
        return _end(desk, row)
    if row.rung >= len(row.alarms):
        return []
    alarm, now_ms = row.alarms[row.rung], desk.now_ms()
    if alarm.what == "expire":
        return [Entry(Rang(row.mail, row.rung, now_ms)), *_end(desk, row)]
    if now_ms >= row.expires_ms:  # We were away: who is asked now could not answer any more.
        return [Entry(Rang(row.mail, row.rung, now_ms))]
    case, mint = desk.case(row), Mint(desk, row.mail)
    decided = {word.approver for word in _approvals(desk, row) if word.step == row.step}
    asked = [a for a in desk.approvers(row) if a.approver not in decided]
    prefix = "Nhắc duyệt / Reminder"
    if alarm.what == "deputy":
        deputies = [a for a in asked if a.capacity is not Capacity.SELF]
        asked, prefix = deputies or asked, "Chuyển cấp phó / To the deputy"
    logins = [a.approver for a in asked]
    mails = [ask_by_mail(desk, case, login, mint, prefix=prefix) for login in logins]
    return [
        Entry(Rang(row.mail, row.rung, now_ms, tuple(logins))),
        Entry(IssueCodes("approval", now_ms, row.expires_ms, tuple(mint.made))),
        *(desk.notice(mail) for mail in mails if mail),
    ]


def _end(desk: Desk, row: Waiting) -> list[Entry]:
    """The clock's word. It lets nothing out, so it does not ask for the bytes."""
    end = Say(row.mail, "expire", "", desk.now_ms(), step=row.step, channel="clock")
    return [Entry(end)]


def announce(desk: Desk, row: Waiting) -> list[Entry]:
    """Tell all whom it concerns what has become of it, each in his thread."""
    done = Entry(Announced(row.mail, row.state, desk.now_ms()))
    said = desk.book.decisions(row.mail)
    if row.requested < 0 and all(word.channel == "own" for word in said) and said:
        return [done]  # The leader's own mail: nobody was asked.
    case = desk.told(row)
    text = outcome(case, said)
    mails = []
    for login in _concerned(desk, row, said):
        address = desk.office.address_of(login)
        if address is not None:
            told = Notice(
                to=str(address),
                subject=f"Re: [{_WORDS[row.state]}] {case.subject}",
                text=text,
                about=row.mail,
                thread=desk.thread(row, login),
                reply_to=desk.office.desk,
            )
            mails.append(desk.notice(told))
    return [done, *mails]


_WORDS = {
    "queued": "Đã duyệt / Approved",
    "tagged": "Đã duyệt / Approved",
    "rejected": "Từ chối / Refused",
    "withdrawn": "Đã rút / Withdrawn",
    "expired": "Hết hạn / Expired",
    "superseded": "Bản mới / New version",
}


def _concerned(desk: Desk, row: Waiting, said: list[Decided]) -> list[str]:
    named = [row.author, *row.approvers]
    unit = desk.office.directory.unit(row.unit)
    if unit is not None and any(word.capacity == Capacity.BREAK_GLASS for word in said):
        named.append(unit.leader)
    if row.state == "tagged":
        has_tag = _tagged(desk, row)
        named = [login for login in named if login not in has_tag]
    return list(dict.fromkeys(login for login in named if login))
