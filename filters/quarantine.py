"""Letters of our people to the gateway itself: what is spam, what is not, and codes of a digest."""

import asyncio

from gateway.api import (
    FOR_THE_QUARANTINE,
    Address,
    Discard,
    Filter,
    Mail,
    Message,
    Reject,
    Reply,
    Stage,
    Transaction,
    Verdict,
    box_kind,
    later,
    required,
)

SIGN_IN = Reply("5.7.1", "Sign in to write to the quarantine")
ALONE = Reply("5.7.1", "Send this to one address of the quarantine alone")
ATTACH = Reply("5.6.0", "Attach the letters as messages (forward as attachment)")


class Quarantine(Filter):
    """Learn from letters sent to spam@ or ham@ as attachments, and take in codes of a digest.

    Only from who has signed in. The letters attached are learnt with a smaller weight than an
    admin's, and no more than so many a day and person. Stands behind ``recipients``, before
    ``spam``. Where a mailbox of the directory has such an address, it is that mailbox's.
    """

    weight: float = 0.5
    """What a person's word weighs against an admin's: people press the wrong button."""
    most: int = 20
    """Letters of one mail that are learnt."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    def rcpt(self, transaction: Transaction, recipient: Address) -> Verdict | None:
        kind = _kind(transaction, recipient)
        if kind and transaction.session.is_inbound:
            return Reject(
                later("{recipient} is the quarantine, and nobody has signed in").format(
                    recipient=recipient
                ),
                SIGN_IN,
            )
        before = [_kind(transaction, r.address) for r in transaction.recipients]
        if before and (kind or any(before)):
            return Reject(later("a word to the quarantine and other recipients in one mail"), ALONE)
        return None

    async def message(self, mail: Mail) -> Verdict | None:
        transaction = mail.transaction
        kinds = {_kind(transaction, r.address) for r in transaction.recipients} - {None}
        if not kinds:
            return None
        if "code" in kinds:
            return Discard(FOR_THE_QUARANTINE)
        letters = _attached(mail.message)[: self.most]
        if not letters:
            return Reject(later("no letter is attached"), ATTACH)
        nose = required(mail.services.nose, "spam")
        is_spam, user = "spam" in kinds, mail.session.user
        count = await asyncio.to_thread(nose.teach, letters, is_spam, user, self.weight)
        return Discard(
            later("{n} letters to learn as {what}").format(
                n=count, what="spam" if is_spam else "ham"
            )
        )


def _kind(transaction: Transaction, address: Address) -> str | None:
    services = transaction.session.services
    kind = box_kind(address.local)
    if kind == "code":
        return kind if address.domain == services.desk_domain else None
    is_ours = services.directory.is_ours(address.domain)
    return kind if is_ours and services.directory.mailbox(address) is None else None


def _attached(message: Message) -> list[Message]:
    """Whole messages within: as ``message/rfc822``, or as a file that ends in .eml."""
    parts = message.mime.parts
    inner = [p for p in parts if p.type == "message/rfc822" and p.depth <= _depth(message)]
    files = [p for p in message.mime.attachments if p.filename.lower().endswith(".eml")]
    return [Message(part.decoded()) for part in sorted([*inner, *files], key=lambda p: p.index)]


def _depth(message: Message) -> int:
    """Only messages that are attached directly, not those that they hold in their turn."""
    depths = [p.depth for p in message.mime.parts if p.type == "message/rfc822"]
    return min(depths, default=0)
