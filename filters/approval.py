"""Nothing leaves in the department's name without its leader."""

from collections.abc import Iterator
from email.header import Header
from typing import ClassVar, Literal

from gateway.api import (
    FOR_THE_DESK,
    Action,
    AddHeader,
    Address,
    ApprovalPolicy,
    Desk,
    Direction,
    Discard,
    DropHeader,
    Edit,
    Filter,
    Hold,
    Mail,
    Message,
    Paper,
    Part,
    Pass,
    Reject,
    Reply,
    Spoken,
    Stage,
    Transaction,
    Verdict,
    bears_code,
    bears_tag,
    decoded,
    desk_kind,
    document_sign,
    is_paper,
    later,
    named_document,
    papers_of,
    read_mailboxes,
    spoken,
    tags_in,
    unfolded,
    unread_papers,
    without_codes,
    without_tags,
)

SIGN_IN = Reply("5.7.1", "Sign in to write to the approval desk")
ALONE = Reply("5.7.1", "A decision goes to the approval desk alone; send it without others")
LOCKED = Reply("5.7.1", "Too many wrong codes; wait an hour, or use vanthu approve")
LEAKED = "Take the approval code out of the text{where}; it is nobody else's"

OURS_ALONE = ("approved-by", "approval-signature")
"""Fields that say who approved: only the desk puts them on what leaves."""
_LISTS = {"to", "cc", "bcc", "reply-to"}
_BODY_BYTES = 1024 * 1024


class Approval(Filter):
    """Hold what speaks for the department, an agency or a unit until its leader has approved it.

    The directory says for each mailbox what needs approval: required (all of its mail), documents
    (what carries an official document) or none. The login, the envelope and every From, Sender,
    Resent-From, Resent-Sender and Reply-To are looked at, and the strictest counts. Every approval
    tag and decision code, good or bad, is taken out of the header of what leaves and of what comes
    in; a text that holds one does not leave. Mail to the desk's own addresses is kept for the desk
    and delivered to nobody. Put it last but for those who sign: a hold stays whatever stands before
    or behind it.
    """

    gates: ClassVar[bool] = True
    reads_documents: ClassVar[bool] = True

    internal: bool = True
    """Whether mail of a mailbox with ``required`` that stays within our domains is held, too."""
    unread: Literal["hold", "pass"] = "hold"
    """What to do with a document in personal mail that could not be read: it may be a dispatch."""
    leaked: Action = Action.REJECT
    """What to do with mail to the outside whose text holds a decision code or an approval tag."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    def rcpt(self, transaction: Transaction, recipient: Address) -> Verdict | None:
        session = transaction.session
        kind = self._kind(transaction, recipient)
        before = [self._kind(transaction, r.address) for r in transaction.recipients]
        if kind and session.is_inbound:
            return Reject(
                later("{recipient} is the approval desk, and nobody has signed in").format(
                    recipient=recipient
                ),
                SIGN_IN,
            )
        if (kind == "decision" and None in before) or (kind is None and "decision" in before):
            return Reject(later("a decision and other recipients in one mail"), ALONE)
        if kind == "decision" and session.services.notepad.get("desk-locked", session.user):
            return Reject(
                later("{user} has tried too many wrong codes").format(user=session.user), LOCKED
            )
        return None

    @staticmethod
    def _kind(transaction: Transaction, address: Address) -> str | None:
        domain = transaction.session.services.desk_domain
        return desk_kind(address.local) if domain and address.domain == domain else None

    async def message(self, mail: Mail) -> Verdict | None:
        transaction = mail.transaction
        if any(self._kind(transaction, r.address) for r in transaction.recipients):
            return Discard(FOR_THE_DESK)
        edits = tuple(_cleaned(mail.message, ours=not mail.session.is_inbound))
        passed = Pass(later("codes and tags taken out"), edits) if edits else None
        leaves = any(
            not mail.services.directory.is_ours(r.address.domain) for r in transaction.recipients
        )
        if mail.session.is_inbound and not leaves:
            return passed
        where = _leak(mail.message) if leaves and self.leaked is not Action.PASS else None
        if where is not None:
            said = later("an approval code or tag in the text{where}").format(where=where)
            reply = Reply("5.7.1", LEAKED.format(where=where))
            return self.leaked.verdict("approval-code", said, reply=reply)
        names = spoken(mail.services.directory, mail.session.user, transaction.sender, mail.message)
        why = await self._why(mail, names, leaves=leaves)
        return Hold(why, Desk.APPROVAL, edits) if why else passed

    async def _why(self, mail: Mail, names: Spoken, *, leaves: bool) -> str:
        """Why it has to be approved; empty if it has not."""
        if names.strange:
            return later("nobody here knows {who}").format(who=names.strange[0])
        if not names.boxes:
            return later("it is in nobody's name")
        box = names.boxes[0]
        match names.policy:
            case ApprovalPolicy.REQUIRED if leaves or self.internal:
                return later("mail of {box} needs approval").format(box=box.address)
            case ApprovalPolicy.DOCUMENTS if mail.direction is not Direction.INTERNAL:
                sign = await self._document(mail)
                needed = later("mail of {box} with {sign} needs approval")
                return needed.format(box=box.address, sign=sign) if sign else ""
            case _:
                return ""

    async def _document(self, mail: Mail) -> str:
        """What shows that a personal mail carries an official document; empty if nothing does."""
        mime = mail.message.mime
        texts = (part for part in mime.leaves if not part.is_attachment)
        said = next(filter(None, (document_sign(part.text(65536)) for part in texts)), "")
        papers = [part for part in mime.attachments if is_paper(part)]
        said = said or next(filter(None, map(_named, papers)), "")
        if said or not papers:
            return said
        if mail.services.documents is None or unread_papers(mail):
            return later("a document that was not read") if self.unread == "hold" else ""
        read = await papers_of(mail)
        return next(filter(None, map(self._paper, read)), "")

    def _paper(self, paper: Paper) -> str:
        facts, sign = paper.facts, document_sign(paper.facts.text)
        if any(page.seal_mm2 > 0 for page in facts.pages):
            sign = sign or later("a seal")
        if any(not signature.is_time_stamp for signature in facts.signatures):
            sign = sign or later("a digital signature")
        if self.unread == "hold" and (facts.encryption or not facts.ended.is_whole):
            sign = sign or later("a document that could not be read")
        return f"{sign} ({paper.name})" if sign else ""


def _named(part: Part) -> str:
    sign = named_document(part.filename)
    return f"{sign} ({part.filename})" if sign else ""


def _leak(message: Message) -> str | None:
    """Where the body holds a code or a well-formed tag: ``, line 12``, or empty where nobody can
    say; None if it holds none. The body itself is never changed (decision 0016)."""
    texts = (p.text(_BODY_BYTES) for p in message.mime.leaves if p.type.startswith("text/"))
    for text in texts:
        for n, line in enumerate(text.splitlines(), 1):
            if bears_code(line) or tags_in(line):
                return f", line {n}"
    return "" if bears_code(bytes(message.body[:_BODY_BYTES])) else None


def _cleaned(message: Message, *, ours: bool) -> Iterator[Edit]:
    """Take fields out that bear a tag or a code, and put those that are needed on top without."""
    seen: dict[str, int] = {}
    for name, raw in message.fields:
        nth = seen.get(name, 0)
        seen[name] = nth + 1
        if name == "approval-tag" or (ours and name in OURS_ALONE):
            yield DropHeader(name, nth)
            continue
        if not (b"=?" in raw or b"-" in raw or b"pd" in raw.lower()):
            continue
        value = raw.partition(b":")[2]
        text = decoded(value)
        if not (bears_tag(text) or bears_code(text)):
            continue
        yield DropHeader(name, nth)
        if name == "subject":
            yield _field("Subject", without_codes(without_tags(text)).strip())
        elif name in _LISTS:
            people = read_mailboxes(unfolded(value))
            kept = [(shown, a) for shown, a in people if a and not bears_code(a.local)]
            if kept:
                yield AddHeader(name.title(), ",\r\n\t".join(_mailbox(*one) for one in kept))


def _field(name: str, text: str) -> AddHeader:
    coded = (
        text if text.isascii() else Header(text, "utf-8", header_name=name).encode(linesep="\r\n")
    )
    return AddHeader(name, coded)


def _mailbox(shown: str, address: Address) -> str:
    plain = without_codes(without_tags(shown))
    if not plain:
        return f"<{address}>"
    if plain.isascii():
        escaped = plain.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}" <{address}>'
    words = Header(plain, "utf-8").encode(linesep="\r\n")
    return f"{words} <{address}>"
