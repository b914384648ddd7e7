"""What is stored of a waiting message is not what came: nothing leaves, and all are told once."""

from __future__ import annotations

import logging

from gateway.approval.book import Waiting
from gateway.approval.compose import Notice
from gateway.approval.desk import Desk, Mint
from gateway.approval.letters import BLOCKED, TAKE_BACK, clock
from gateway.archive.approvals import Block, IssueCodes
from gateway.archive.journal import Entry

log = logging.getLogger(__name__)


def block(desk: Desk, row: Waiting, why: str) -> list[Entry]:
    """Tell sender, approvers and postmaster; nothing if they know.

    The message stays held. It goes on if the bytes that came are back; else its sender takes it
    back, an approver refuses it, or the clock ends it.
    """
    log.error("%s", why)
    if row.trouble:
        return []
    now_ms = desk.now_ms()
    end = int(desk.office.calendar.end_of_next_working_day(desk.now()).timestamp() * 1000)
    until = max(row.expires_ms, end) if row.state == "approved" else row.expires_ms
    until = until if until > now_ms else end
    mint, mails = Mint(desk, row.mail), list[Entry]()
    case = desk.told(row)
    for login in dict.fromkeys([row.author, *row.approvers]):
        address = desk.office.address_of(login) if login else None
        if address is None:
            continue
        text = BLOCKED.format(until=clock(desk.office, until))
        if login == row.author:
            text += TAKE_BACK.format(withdraw=mint.address(login, "withdraw"))
        mails.append(_told(desk, row, str(address), case.subject, text, login))
    if to := desk.postmaster(row):
        text = BLOCKED.format(until=clock(desk.office, until))
        mails.append(_told(desk, row, to, case.subject, f"{text}\n{case.number}: {why}\n"))
    codes = [Entry(IssueCodes("approval", now_ms, until, tuple(mint.made)))] if mint.made else []
    return [Entry(Block(row.mail, now_ms, why, until)), *codes, *mails]


def _told(desk: Desk, row: Waiting, to: str, subject: str, text: str, login: str = "") -> Entry:
    told = Notice(
        to=to,
        subject=f"[Không gửi được / Cannot leave] {subject}",
        text=text,
        about=row.mail,
        thread=desk.thread(row, login) if login else "",
        reply_to=desk.office.desk,
    )
    return desk.notice(told)
