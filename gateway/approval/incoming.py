"""Mail to the desk: decisions, drafts, and what is neither.

Nothing in a mail is ever sufficient by itself. It came over a listener where its sender signed in
(the gate lets no other through); the code has to be his; and a person has to have acted. What
counts is found by the fold.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass

from gateway.approval.answer import Machine, Said, Unclear, machine_sign, read
from gateway.approval.authority import NotAllowed
from gateway.approval.book import Waiting
from gateway.approval.codes import Verb, decision_in, desk_kind, hashed
from gateway.approval.compose import Notice
from gateway.approval.damage import block
from gateway.approval.decide import Damaged, Verdict
from gateway.approval.desk import Desk
from gateway.approval.drafts import draft_in
from gateway.approval.letters import HELP
from gateway.approval.opening import ask_for, hows
from gateway.archive.approvals import Handled
from gateway.archive.commands import Receive
from gateway.archive.journal import Entry
from gateway.mail.address import Address
from gateway.mail.message import Message, decoded
from gateway.mail.text import folded
from gateway.runtime.words import later, retold, speaking

log = logging.getLogger(__name__)

COMMENT_MAX = 2000
_COMMANDS = ("duyet", "tu choi", "khong duyet", "approve", "refuse", "reject", "dong y")


@dataclass(frozen=True)
class Letter:
    """A mail to the desk."""

    arrival: Receive
    raw: bytes
    message: Message

    @property
    def login(self) -> str:
        return self.arrival.peer.user

    @property
    def text(self) -> str:
        """The plain text that its writer wrote; of HTML alone, what is left without tags."""
        from gateway.approval.rendition import text_of

        leaves = (p for p in self.message.mime.leaves if not p.is_attachment)
        plain = next((p for p in leaves if p.type == "text/plain"), None)
        return plain.text(65536) if plain is not None else text_of(self.message)


def letter(desk: Desk, mail: str) -> Letter:
    record = desk.decider.record(mail)
    assert isinstance(record.command, Receive)
    return Letter(record.command, record.raw, Message(record.raw))


def hear(desk: Desk, mail: str) -> list[Entry]:
    """A letter's words for the journal, or the answer to what is none; nothing if heard already."""
    if desk.book.by_reply(mail) is not None:
        return []
    try:
        came = letter(desk, mail)
    except Damaged as error:
        return _unread(desk, mail, error)
    sign = _machine(came)
    if sign:
        return [_handled(desk, came, f"no person wrote it: {sign}")]
    here = [Address.parse(r.address) for r in came.arrival.recipients]
    ours = [a for a in here if a.domain == desk.office.domain and desk_kind(a.local)]
    decisions = [d for a in ours if (d := decision_in(a.local)) is not None]
    if any(desk_kind(a.local) == "draft" for a in ours):
        return _draft(desk, came)
    if len(decisions) != 1:
        return _help(desk, came, later("which of them?") if decisions else "")
    return _decision(desk, came, decisions[0].verb, decisions[0].code)


def _unread(desk: Desk, mail: str, error: Damaged) -> list[Entry]:
    """A letter to the desk that cannot be read any more: whoever wrote it has to write again."""
    log.error("%s", error)
    found = desk.queries.one(mail)
    done = Entry(Handled(mail, desk.now_ms(), f"damaged: {error}"))
    address = desk.office.address_of(found.login) if found is not None else None
    if found is None or address is None:
        return [done]
    told = Notice(
        to=str(address),
        subject=f"[Không đọc được / Cannot be read] {found.subject}",
        text=(
            "Thư Ông/Bà gửi đến bàn duyệt không đọc lại được; xin gửi lại.\n"
            "Your mail to the approval desk cannot be read any more; please send it again.\n"
        ),
        about=mail,
        thread=found.message_id,
        reply_to=desk.office.desk,
    )
    return [done, desk.notice(told)]


def _machine(came: Letter) -> str:
    first: dict[str, str] = {}
    for name, raw in came.message.fields:
        first.setdefault(name, decoded(raw.partition(b":")[2]))
    types = [part.type for part in came.message.mime.parts]
    found = machine_sign(first, types, came.arrival.sender)
    return Machine(found).sign if found else ""


def _handled(desk: Desk, came: Letter, what: str) -> Entry:
    return Entry(Handled(came.arrival.id, desk.now_ms(), what or "done"))


def _reply(desk: Desk, came: Letter, subject: str, text: str, what: str) -> list[Entry]:
    """An answer to a letter, in one batch with the mark that it was answered."""
    done = _handled(desk, came, what)
    address = desk.office.address_of(came.login)
    if address is None:
        return [done]
    told = Notice(
        to=str(address),
        subject=subject,
        text=text,
        about=came.arrival.id,
        thread=came.arrival.message_id,
        reply_to=desk.office.desk,
    )
    return [done, desk.notice(told)]


def _help(desk: Desk, came: Letter, why: str) -> list[Entry]:
    text = HELP.format(drafts=desk.office.drafts)
    told = " / ".join(dict.fromkeys([_in_vietnamese(why), why]))
    text = f"({told})\n\n{text}" if why else text
    return _reply(desk, came, "[Hướng dẫn / Help]", text, f"help {why}".strip())


def _no(desk: Desk, came: Letter, why: str) -> list[Entry]:
    vi = _in_vietnamese(why)
    text = f"Quyết định không được ghi nhận: {vi}.\nThe decision did not count: {why}.\n"
    return _reply(desk, came, "[Không tính / Did not count]", text, f"no: {why}")


def _in_vietnamese(why: str) -> str:
    with speaking("vi"):
        return retold(why)


def _decision(desk: Desk, came: Letter, verb: Verb, code: str) -> list[Entry]:
    if desk.notepad.get("desk-locked", came.login):
        return _no(desk, came, later("too many wrong codes; wait, or ask your administrator"))
    issued = desk.book.code(hashed(code))
    row = desk.book.ask(issued.mail) if issued else None
    if issued is None or row is None or issued.desk != "approval":
        return _wrong(desk, came, later("there is no such code"))
    if issued.login != came.login:
        return _wrong(
            desk, came, later("this code was given to {login}").format(login=issued.login)
        )
    meant = _meant(verb, came)
    if isinstance(meant, str):
        return _help(desk, came, meant)
    return _say(desk, came, row, meant, hashed(code))


def _wrong(desk: Desk, came: Letter, why: str) -> list[Entry]:
    """A wrong code: told, counted, and after too many of them nothing is heard any more."""
    table = desk.office.table
    count = desk.notepad.count("desk-guess", came.login, float(table.locked_s))
    log.warning("mail %s: %s tried a wrong code (%d): %s", came.arrival.id, came.login, count, why)
    if count >= table.guesses:
        desk.notepad.put("desk-locked", came.login, "yes", float(table.locked_s))
        log.error("%s is locked out of decisions by mail for %d s", came.login, table.locked_s)
    return _no(desk, came, why)


def _meant(verb: Verb, came: Letter) -> Said | str:
    """What the writer decides; or why that is not clear."""
    said = read(came.text)
    if verb == "withdraw":
        return Said("withdraw", "")
    if verb == "answer":
        return (
            said
            if isinstance(said, Said)
            else later("first line: {line}").format(line=repr(said.first_line))
        )
    if isinstance(said, Said):
        if said.verb != verb:
            return later("the address says one thing and the first line another")
        return Said(verb, said.comment)
    if verb == "approve" and _is_conditional(said):
        return later("an approval with a condition is none: {line}").format(
            line=repr(said.first_line)
        )
    comment = said.first_line if verb == "refuse" else ""
    return Said(verb, comment)


def _is_conditional(said: Unclear) -> bool:
    """Whether a line that is no command begins like one: "Duyệt nhưng sửa trang 2"."""
    return folded(said.first_line).startswith(_COMMANDS)


def _say(desk: Desk, came: Letter, row: Waiting, said: Said, code: str) -> list[Entry]:
    verdict: Verdict = "approve" if said.verb == "answer" else said.verb
    how = hows(came.arrival, code, said.comment[:COMMENT_MAX])
    try:
        word = desk.decider.word(row, came.login, verdict, desk.now(), how)
    except NotAllowed as error:
        return _no(desk, came, str(error))
    except Damaged as error:
        damaged = later("the stored message is damaged: {why}").format(why=error)
        return [*_no(desk, came, damaged), *block(desk, row, str(error))]
    return [Entry(word)]


def answer(desk: Desk, mail: str) -> list[Entry]:
    """Tell who said something what became of it; where it counted, the announcement does."""
    said = desk.book.by_reply(mail)
    if said is None:
        return []
    came = letter(desk, mail)
    if said.counted:
        return [_handled(desk, came, said.decision)]
    return _no(desk, came, said.why_not)


def _draft(desk: Desk, came: Letter) -> list[Entry]:
    """A draft begins to wait like a held message; what gates said against it is against it here."""
    held = [f"{t.filter}: {t.reason}" for t in came.arrival.findings if t.verdict == "hold"]
    if held:
        return _no(desk, came, f"the draft was held by {'; '.join(held)}")
    draft = draft_in(came.message, came.arrival, desk.office.drafts)
    if draft is None:
        return _help(desk, came, later("to whom shall the draft go?"))
    may_send = desk.office.directory.may_send_as
    strange = [str(a) for _, a in draft.message.authors if not a or not may_send(came.login, a)]
    if strange or not draft.message.authors:
        return _no(desk, came, f"{came.login} may not send as {', '.join(strange) or 'nobody'}")
    found = desk.queries.one(came.arrival.id)
    assert found is not None
    row = _new_draft(came, found.seq)
    entries = ask_for(desk, row, came.arrival, came.raw, draft.message, draft.recipients)
    ask = entries[0].command
    if not getattr(ask, "manifest", ""):
        return _no(
            desk, came, later("programs disagree about this message; send it to be held instead")
        )
    return [*entries, _handled(desk, came, "draft")]


def _new_draft(came: Letter, seq: int) -> Waiting:
    return Waiting(
        mail=came.arrival.id,
        seq=seq,
        kind="draft",
        state="new",
        box="",
        unit="",
        author=came.login,
        digest="",
        envelope="",
        manifest="",
        at_ms=came.arrival.at_ms,
        expires_ms=0,
        urgent="",
        steps=(),
        step=0,
        requested=-1,
        approvers=(),
        alarms=(),
        rung=0,
        before="",
        recipients=(),
        announced="",
        glass="",
        own=False,
    )
