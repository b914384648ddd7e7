"""Which word about a waiting message counted, and what it did: the part of the fold that judges."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from gateway.approval import code_rows, delegations
from gateway.approval.authority import Capacity
from gateway.approval.rows import asks, decisions, tags, tries
from gateway.archive.approvals import BreakGlass, IssueTag, Say, SpendTag, Step
from gateway.archive.held import note, settle
from gateway.archive.journal import Record
from gateway.runtime.words import later

DONE = frozenset({"queued", "rejected", "withdrawn", "expired", "superseded", "tagged"})
OPEN = frozenset({"new", "pending", "approved"})
"""States in which nothing is settled yet."""
_AFTER = {"refuse": "rejected", "withdraw": "withdrawn", "expire": "expired"}
_OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")


def ask_of(connection: Connection, mail: str) -> Row[Any] | None:
    """The row of a message that waits or has waited."""
    return connection.execute(select(asks).where(asks.c.mail == mail)).one_or_none()


def change(connection: Connection, mail: str, **values: object) -> None:
    connection.execute(update(asks).where(asks.c.mail == mail).values(**values))


def say(connection: Connection, record: Record, said: Say) -> None:
    """A person's word, or the clock's."""
    row = ask_of(connection, said.mail)
    if row is None:
        return
    why_not = _flaw(connection, row, said)
    _write(connection, record, row, said, why_not)
    seq = row.seq
    text = why_not or _did(connection, record, row, said)
    capacity = f" ({said.capacity})" if said.capacity else ""
    note(
        connection,
        seq,
        record.seq,
        said.at_ms,
        f"{said.verdict}{capacity}",
        said.actor,
        text,
        counted=not why_not,
    )


def _flaw(connection: Connection, row: Row[Any], said: Say) -> str:
    """Why the word does not count; empty if it does."""
    is_closing = said.verdict != "approve" and row.trouble and row.state in OPEN
    if row.state == "new" and not is_closing:
        return later("nobody has been asked yet; try again in a moment")
    if row.state != "pending" and not is_closing:
        return _too_late(connection, row)
    match said.verdict:
        case "withdraw":
            flaw = "" if said.actor == row.author else later("only who sent it may take it back")
            return flaw or _code_flaw(connection, said)
        case "expire":
            return "" if row.expires_ms <= said.at_ms else later("it has not expired")
        case _:
            return _no_approval(connection, row, said)


def _no_approval(  # noqa: PLR0911 - one return for each rule
    connection: Connection, row: Row[Any], said: Say
) -> str:
    if said.at_ms > row.expires_ms > 0:
        return later("the request has expired")
    is_same = said.digest == row.digest and said.envelope == row.envelope
    if not is_same and not (said.verdict == "refuse" and row.trouble):
        return later("the stored message is not the one that was shown")
    if said.verdict == "approve" and said.step != row.step:
        return later("this step is done already")
    if wrong := _code_flaw(connection, said):
        return wrong
    if said.actor == row.author and not (row.own and said.capacity == Capacity.SELF):
        return later("nobody approves what he has sent himself")
    if said.capacity not in set(Capacity) - {Capacity.BREAK_GLASS}:
        return later("there is no capacity {what}").format(what=said.capacity)
    if said.delegation and (wrong := _delegation_flaw(connection, row, said)):
        return wrong
    if said.verdict == "approve" and said.actor in _yes(connection, row):
        return later("you have approved this already")
    return ""


def _code_flaw(connection: Connection, said: Say) -> str:
    if not said.code:
        return ""
    code = code_rows.look_up(connection, said.code)
    desk = code_rows.APPROVAL
    return code_rows.flaw(code, desk, said.mail, said.actor, said.verdict, said.at_ms)


def _delegation_flaw(connection: Connection, row: Row[Any], said: Say) -> str:
    at = delegations.moment(said.at_ms)
    for lent in delegations.all_of(connection):
        if lent.id == said.delegation:
            if lent.holder != said.actor or lent.capacity != said.capacity:
                return later("the delegation is somebody else's")
            if not lent.in_force(at):
                return later("the delegation is not in force")
            if lent.covers(row.box):
                return ""
            return later("the delegation does not cover {box}").format(box=row.box)
    return later("there is no such delegation")


def _too_late(connection: Connection, row: Row[Any]) -> str:
    """What has become of it meanwhile, with who and when."""
    last = select(decisions).where(decisions.c.mail == row.mail, decisions.c.counted)
    found = connection.execute(last.order_by(decisions.c.seq.desc())).first()
    if found is None or row.state == "superseded":
        return later("it is {state} already").format(state=row.state)
    at = datetime.fromtimestamp(found.at_ms / 1000, _OFFICE)
    word = {"rejected": "refused", "queued": "approved", "tagged": "approved"}
    done = word.get(row.state, row.state)
    told = later("already {done} by {who} at {time} on {day}")
    return told.format(done=done, who=found.approver, time=f"{at:%H:%M}", day=f"{at:%d/%m/%Y}")


def _yes(connection: Connection, row: Row[Any]) -> set[str]:
    """Who has approved the present step."""
    said = decisions.c
    found = select(said.approver).where(
        said.mail == row.mail, said.step == row.step, said.counted, said.decision == "approve"
    )
    return set(connection.scalars(found))


def _did(connection: Connection, record: Record, row: Row[Any], said: Say) -> str:
    """Do what the word does; what the story tells of it."""
    if said.code:
        code_rows.mark(connection, said.code, record.seq)
    if said.verdict != "approve":
        change(connection, row.mail, state=_AFTER[said.verdict], next_ms=None)
        if row.kind == "hold":
            settle(connection, row.seq, code_rows.APPROVAL, said.verdict, said.at_ms)
        return said.comment
    steps = msgspec.json.decode(row.steps, type=list[Step])
    need = steps[row.step].need if row.step < len(steps) else 1
    yes = len(_yes(connection, row))  # This one is among them: it has been written.
    text = f"sha256 {said.digest}"
    text += "; " + later("by {basis}, its basis").format(basis=said.basis) if said.basis else ""
    if yes < need:
        return later("{n} of {of} have approved").format(n=yes, of=need) + f"; {text}"
    if row.step + 1 < len(steps):
        change(connection, row.mail, step=row.step + 1)
        done = later("step {n} of {of} is done").format(n=row.step + 1, of=len(steps))
        return f"{done}; {text}"
    change(connection, row.mail, state="approved", next_ms=None)
    return text


def _write(connection: Connection, record: Record, row: Row[Any], said: Say, why_not: str) -> None:
    connection.execute(
        insert(decisions).values(
            seq=record.seq,
            mail=said.mail,
            step=said.step,
            decision=said.verdict,
            approver=said.actor,
            capacity=said.capacity,
            delegation=said.delegation,
            basis=said.basis,
            digest=said.digest,
            manifest=row.manifest,
            envelope=said.envelope,
            channel=said.channel,
            strength=said.strength,
            at_ms=said.at_ms,
            comment=said.comment,
            reply=said.reply,
            counted=not why_not,
            why_not=why_not,
            chain=record.chain.hex(),
        )
    )


def break_glass(connection: Connection, record: Record, broken: BreakGlass) -> None:
    """The first of two is written down; the second, another person, lets it out."""
    row = ask_of(connection, broken.mail)
    if row is None:
        return
    why_not = ""
    if row.state != "pending":
        why_not = _too_late(connection, row)
    elif not broken.reason.strip():
        why_not = later("it needs a reason")
    elif broken.actor == row.author:
        why_not = later("who sent it cannot be one of the two")
    elif broken.actor == row.glass:
        why_not = later("it takes two people")
    elif broken.digest != row.digest or broken.envelope != row.envelope:
        why_not = later("the stored message is not the one that came")
    said = Say(
        mail=broken.mail,
        verdict="approve",
        actor=broken.actor,
        at_ms=broken.at_ms,
        step=row.step,
        capacity=Capacity.BREAK_GLASS,
        digest=broken.digest,
        envelope=broken.envelope,
        channel="cli",
        comment=broken.reason,
    )
    _write(connection, record, row, said, why_not)
    if not why_not and row.glass:
        change(connection, row.mail, state="approved", next_ms=None)
    elif not why_not:
        change(connection, row.mail, glass=broken.actor)
    told = (
        later("the second of two: {reason}") if row.glass else later("the first of two: {reason}")
    )
    told = why_not or told.format(reason=broken.reason)
    at, who = broken.at_ms, broken.actor
    note(connection, row.seq, record.seq, at, "break-glass", who, told, counted=not why_not)


def issue_tag(connection: Connection, record: Record, issued: IssueTag) -> None:
    """An approved draft gets one tag."""
    row = ask_of(connection, issued.mail)
    if row is None or row.kind != "draft" or row.state != "approved":
        return
    change(connection, issued.mail, state="tagged")
    connection.execute(
        insert(tags).values(
            hash=issued.hash,
            draft=row.mail,
            box=row.box,
            manifest=row.manifest,
            expires_ms=issued.expires_ms,
            spent=0,
            spent_on="",
        )
    )
    note(connection, row.seq, record.seq, issued.at_ms, "tag issued", "", row.manifest)


def spend_tag(connection: Connection, record: Record, spent: SpendTag) -> None:
    """The held message is approved if its draft was; else the reason is kept for the request."""
    row = ask_of(connection, spent.mail)
    if row is None or row.state != "new" or row.digest != spent.digest:
        return
    tag = connection.execute(select(tags).where(tags.c.hash == spent.hash)).one_or_none()
    why_not = _tag_flaw(tag, spent)
    at, who = spent.at_ms, spent.login
    if why_not or tag is None:
        known = select(func.count()).where(tries.c.mail == spent.mail, tries.c.hash == spent.hash)
        if not connection.execute(known).scalar():
            values = {"mail": spent.mail, "hash": spent.hash, "why_not": why_not}
            connection.execute(insert(tries).values(values))
        note(connection, row.seq, record.seq, at, "tag", who, why_not, counted=False)
        return
    draft = ask_of(connection, tag.draft)
    assert draft is not None, "a tag has a draft"
    connection.execute(
        update(tags).where(tags.c.hash == spent.hash).values(spent=record.seq, spent_on=spent.mail)
    )
    change(
        connection,
        spent.mail,
        state="approved",
        box=draft.box,
        unit=draft.unit,
        envelope=spent.envelope,
        manifest=spent.manifest,
        before=draft.mail,
        approvers=draft.approvers,
    )
    _copy_decisions(connection, record, draft, spent)
    note(
        connection,
        row.seq,
        record.seq,
        at,
        "tag spent",
        who,
        later("of the draft {mail}").format(mail=draft.mail),
    )
    note(
        connection,
        draft.seq,
        record.seq,
        at,
        "tag spent",
        who,
        later("for the message {mail}").format(mail=spent.mail),
    )


def _tag_flaw(tag: Row[Any] | None, spent: SpendTag) -> str:
    if tag is None:
        return later("there is no such tag")
    if tag.spent:
        return later("the tag was used for {mail}").format(mail=tag.spent_on)
    if spent.at_ms > tag.expires_ms:
        return later("the tag has expired")
    if spent.box != tag.box:
        return later("the tag is for {box}").format(box=tag.box)
    if not spent.manifest or spent.manifest != tag.manifest:
        return later("the message is not the one that was approved")
    return ""


def _copy_decisions(
    connection: Connection, record: Record, draft: Row[Any], spent: SpendTag
) -> None:
    """Who approved the draft has approved the message: written with it, over its own digests."""
    said = decisions.c
    yes = select(decisions).where(said.mail == draft.mail, said.counted, said.decision == "approve")
    for word in connection.execute(yes.order_by(said.seq)).mappings().all():
        values = dict(word) | {
            "seq": record.seq,
            "mail": spent.mail,
            "digest": spent.digest,
            "envelope": spent.envelope,
            "manifest": spent.manifest,
            "channel": "tag",
            "at_ms": spent.at_ms,
            "comment": f"tag of draft {draft.mail}",
            "reply": "",
            "chain": record.chain.hex(),
        }
        connection.execute(insert(decisions).values(values))
