"""A message begins to wait: its tag is tried, the rules are noted, the approvers are asked."""

from __future__ import annotations

import logging
import re
from datetime import timedelta

from gateway.approval.book import Waiting
from gateway.approval.codes import hashed, normal_tag, tags_in
from gateway.approval.compose import Notice
from gateway.approval.decide import How
from gateway.approval.desk import Desk, Mint
from gateway.approval.gate import spoken, urgency
from gateway.approval.letters import HELD, NOBODY, Case, link, request
from gateway.approval.manifest import envelope_digest, manifest_digest, raw_digest, subject_of
from gateway.approval.tables import steps_of
from gateway.archive.approvals import Ask, IssueCodes, Requested, Say, SpendTag
from gateway.archive.commands import Receive
from gateway.archive.journal import Entry
from gateway.mail.address import NOBODY as NO_ADDRESS
from gateway.mail.address import Address
from gateway.mail.message import Message
from gateway.mail.text import folded

log = logging.getLogger(__name__)

VERSIONS_DAYS = 30
"""How long a message is remembered as the version before."""
VERSIONS_MAX = 50
_IDS = re.compile(r"<[^<>\s]+>")


def tags_of(message: Message) -> tuple[str, ...]:
    """Every well-formed tag that a message bears, in the subject or in ``Approval-Tag``."""
    found = list(tags_in(message.header("Subject")))
    for value in message.all("Approval-Tag"):
        text = value.decode("latin-1")
        typed = normal_tag(text.strip().removeprefix("[PD").removesuffix("]"))
        found += [typed] if typed else tags_in(text)
    return tuple(dict.fromkeys(found))


def untried(desk: Desk, row: Waiting, message: Message, login: str) -> list[str]:
    """Hashes of the tags that a message bears and that were not tried yet."""
    if not login or not (borne := tags_of(message)):
        return []
    tried = desk.book.tried(row.mail)
    return [hash_ for tag in borne if (hash_ := hashed(tag)) not in tried]


def spend_tags(desk: Desk, row: Waiting) -> list[Entry]:
    """Try the tags that a new message bears; the fold finds whether one is good for it."""
    record = desk.decider.record(row.mail)
    arrival, message = record.command, Message(record.raw)
    assert isinstance(arrival, Receive)
    login = arrival.peer.user
    hashes = untried(desk, row, message, login)
    if not hashes:
        return []
    names = spoken(desk.office.directory, login, _address(arrival.sender), message)
    box = str(names.boxes[0].address) if names.boxes and not names.strange else ""
    recipients = [r.address for r in arrival.recipients]
    return [
        Entry(
            SpendTag(
                mail=row.mail,
                hash=hash_,
                box=box,
                login=login,
                at_ms=desk.now_ms(),
                digest=raw_digest(record.raw),
                envelope=envelope_digest(arrival.sender, recipients),
                manifest=manifest_digest(message, recipients),
            )
        )
        for hash_ in hashes
    ]


def _address(text: str) -> Address:
    return Address.parse(text) if text else NO_ADDRESS


def open_case(desk: Desk, row: Waiting) -> list[Entry]:
    """Write down under which rules a held message waits; the leader's own is approved with it.

    Nothing while it bears a tag that was not tried: it came in the midst of a round, behind the
    work on tags; the next round tries it first.
    """
    record = desk.decider.record(row.mail)
    arrival, message = record.command, Message(record.raw)
    assert isinstance(arrival, Receive)
    if untried(desk, row, message, arrival.peer.user):
        return []
    recipients = tuple(r.address for r in arrival.recipients)
    return ask_for(desk, row, arrival, record.raw, message, recipients)


def ask_for(
    desk: Desk,
    row: Waiting,
    arrival: Receive,
    raw: bytes,
    message: Message,
    recipients: tuple[str, ...],
) -> list[Entry]:
    """The request about ``message`` (a draft's lies within ``raw``)."""
    office, now, login = desk.office, desk.now(), arrival.peer.user
    names = spoken(office.directory, login, _address(arrival.sender), message)
    box = names.boxes[0] if names.boxes else None
    author = login or _owner(desk, message)
    urgent = urgency(message.header("Subject"))
    alarms, expires_ms = office.alarms(now, urgent)
    before, supersedes = _version_before(desk, row, message, str(box.address) if box else "")
    is_draft = row.kind == "draft"
    leave_out = frozenset({office.drafts.key}) if is_draft else frozenset[str]()
    ask = Ask(
        mail=row.mail,
        kind="draft" if is_draft else "hold",
        at_ms=desk.now_ms(),
        box=box.address.key if box else "",
        unit=box.unit if box else "",
        author=author,
        digest=raw_digest(raw),
        envelope=envelope_digest(arrival.sender, recipients),
        manifest=manifest_digest(message, recipients, leave_out),
        steps=steps_of(office.table.policy_of(box.address if box else None)),
        alarms=alarms,
        expires_ms=expires_ms,
        urgent=urgent,
        before=before.mail if before else "",
        supersedes=supersedes,
        recipients=recipients if is_draft else (),
        own=office.is_own(box, login),
    )
    own = ask.own and ask.steps[0].by == "leader"
    return [Entry(ask), *([Entry(_own_word(ask, arrival))] if own else [])]


def _own_word(ask: Ask, arrival: Receive) -> Say:
    """The leader has sent it from his own login: that is his approval, and is written as one."""
    return Say(
        mail=ask.mail,
        verdict="approve",
        actor=ask.author,
        at_ms=ask.at_ms,
        capacity="self",
        digest=ask.digest,
        envelope=ask.envelope,
        channel="own",
        strength=strength(arrival),
    )


def strength(arrival: Receive) -> str:
    """How it is known who sent a mail: his password, or the word of a server that we believe."""
    peer = arrival.peer
    how = "relay" if peer.vouched else "password" if peer.user else "none"
    return how + ("+tls" if peer.tls else "")


def _owner(desk: Desk, message: Message) -> str:
    person = desk.office.directory.owner(message.author[1]) if message.author[1] else None
    return person.login if person else ""


def _version_before(
    desk: Desk, row: Waiting, message: Message, box: str
) -> tuple[Waiting | None, bool]:
    """The version that the approvers saw before, and whether it is taken back by this one.

    The draft whose tag it bears is one; else the same subject in the same name makes one. It is
    taken back if this one answers it, bears its Message-ID, or goes to the same people.
    """
    drafts = (desk.book.draft_of(hashed(tag)) for tag in tags_of(message))
    mine_too = (d for d in drafts if d is not None and _key(d.box) == _key(box))
    if row.kind == "hold" and (draft := next(mine_too, None)):
        return draft, False
    since = int((desk.now() - timedelta(days=VERSIONS_DAYS)).timestamp() * 1000)
    subject = folded(subject_of(message))
    ids = {i for n in ("Message-ID", "In-Reply-To", "References") for i in _ids(message, n)}
    mine = desk.queries.one(row.mail)
    people = {address for address, _ in mine.recipients} if mine else set[str]()
    for earlier in desk.book.earlier(row.author, row.seq)[:VERSIONS_MAX]:
        if earlier.at_ms < since or earlier.kind != row.kind or _key(earlier.box) != _key(box):
            continue
        found = desk.queries.one(earlier.mail)
        if found is None:
            continue
        is_named = bool(found.message_id) and found.message_id in ids
        is_same = folded(subject_of(_head(desk, earlier))) == subject
        if is_named or (is_same and subject):
            to_same = people == {address for address, _ in found.recipients}
            return earlier, earlier.state == "pending" and (is_named or to_same)
    return None, False


def _key(box: str) -> str:
    return Address.parse(box).key if box else ""


def _head(desk: Desk, row: Waiting) -> Message:
    return Message(desk.decider.record(row.mail).raw)


def _ids(message: Message, name: str) -> list[str]:
    return _IDS.findall(message.header(name))


def request_all(desk: Desk, row: Waiting) -> list[Entry]:
    """One request to each possible approver of the present step, and word to the author."""
    case, mint = desk.case(row), Mint(desk, row.mail)
    decided = {
        said.approver
        for said in desk.book.decisions(row.mail)
        if said.counted and said.step == row.step
    }
    asked = [a.approver for a in desk.approvers(row) if a.approver not in decided]
    mails = [desk.notice(mail) for login in asked if (mail := _request(desk, case, login, mint))]
    if not asked:
        log.error("mail %s: nobody may approve it for %s", row.mail, row.box or "nobody known")
        mails += [desk.notice(told) for told in _nobody(desk, case)]
    is_news = row.step == 0 or not asked
    if is_news and row.kind == "hold" and (told := _held(desk, case, asked, mint)):
        mails.append(desk.notice(told))
    now_ms = desk.now_ms()
    return [
        Entry(Requested(row.mail, row.step, tuple(asked), now_ms)),
        Entry(IssueCodes("approval", now_ms, row.expires_ms, tuple(mint.made))),
        *mails,
    ]


def ask_more(desk: Desk, row: Waiting, logins: list[str]) -> list[Entry]:
    """Requests to those who may decide the present step since a moment ago: a new leader, or
    whom authority was lent. The others have theirs."""
    case, mint, now_ms = desk.case(row), Mint(desk, row.mail), desk.now_ms()
    mails = [desk.notice(mail) for login in logins if (mail := _request(desk, case, login, mint))]
    return [
        Entry(Requested(row.mail, row.step, tuple(logins), now_ms, more=True)),
        Entry(IssueCodes("approval", now_ms, row.expires_ms, tuple(mint.made))),
        *mails,
    ]


def _request(desk: Desk, case: Case, login: str, mint: Mint) -> Notice | None:
    return ask_by_mail(desk, case, login, mint, desk.request_id(case.row, login, case.row.step))


def ask_by_mail(
    desk: Desk,
    case: Case,
    login: str,
    mint: Mint,
    message_id: str = "",
    prefix: str = "Chờ duyệt / Approval",
) -> Notice | None:
    """A mail that asks one person, with codes of his own; None if he has no address."""
    address = desk.office.address_of(login)
    if address is None:
        return None
    approve, refuse = mint.address(login, "approve"), mint.address(login, "refuse")
    about = f"{case.number}"
    links = (
        ("DUYỆT / Approve", link(approve, f"Duyệt {about}", "DUYỆT")),
        ("TỪ CHỐI / Refuse", link(refuse, f"Từ chối {about}", "TỪ CHỐI: ")),
    )
    row, raw = case.row, bytes(case.message)
    urgent = f"{row.urgent.upper()} " if row.urgent else ""
    return Notice(
        to=str(address),
        subject=f"[{prefix}] {urgent}{case.box_name}: {case.subject} – hạn {case.until}",
        text=request(case, approve, refuse, links),
        about=row.mail,
        message_id=message_id,
        thread="" if message_id else desk.thread(row, login),
        reply_to=mint.address(login, "answer"),
        links=links,
        original=raw if len(raw) <= desk.office.table.attach_bytes else None,
        urgent=bool(row.urgent),
    )


def _nobody(desk: Desk, case: Case) -> list[Notice]:
    """Word to the postmaster, who can name a leader; empty if there is no such mailbox."""
    row, to = case.row, desk.postmaster(case.row)
    if not to:
        return []
    about = f"{case.box_name} <{row.box or '?'}>\n{case.subject}\n{case.number} ({row.mail})\n"
    return [
        Notice(
            to=to,
            subject=f"[Không có người duyệt / Nobody may approve] {case.subject}",
            text=f"{NOBODY}\n{about}",
            about=row.mail,
            reply_to=desk.office.desk,
        )
    ]


def _held(desk: Desk, case: Case, asked: list[str], mint: Mint) -> Notice | None:
    """Tell the author that it waits, for whom, and how to take it back."""
    row, office = case.row, desk.office
    address = office.address_of(row.author)
    if address is None:
        return None
    names = ", ".join(office.name_of(login) for login in asked)
    text = HELD.format(
        approvers=names or "-",
        until=case.until,
        number=case.number,
        withdraw=mint.address(row.author, "withdraw"),
    )
    if not asked and row.state == "pending":
        text = f"{NOBODY}\n{text}"
    return Notice(
        to=str(address),
        subject=f"[Đang chờ duyệt / Held] {case.subject}",
        text=text,
        about=row.mail,
        thread=case.arrival.message_id,
        reply_to=office.desk,
    )


def hows(arrival: Receive, code: str, comment: str) -> How:
    """The way of somebody who answered by mail."""
    return How("smtp", strength(arrival), code, arrival.id, comment)
