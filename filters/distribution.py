"""Whom a dispatch names, and whom it is sent to."""

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from gateway.api import (
    DISTRIBUTION,
    Action,
    Answer,
    Document,
    Filter,
    Mail,
    Paper,
    Stage,
    Verdict,
    compare_recipients,
    documents_of,
    required,
    strongest,
)
from gateway.api import Distribution as Found

OFFICE = ZoneInfo("Asia/Ho_Chi_Minh")
SAID_MAX = 8
"""Recipients of one kind that are told by name."""


class Distribution(Filter):
    """Compare Kính gửi and Nơi nhận of a dispatch with the envelope, Bcc included (article 7.2).

    Printed names are looked up in correspondents.toml on the day of sending, and in what was
    confirmed by `vanthu correspondents confirm`. What was found is left for the approval desk as
    DISTRIBUTION. Says nothing about mail without a document that names recipients.
    """

    missing: Action = Action.MARK
    """Somebody is named and not in the envelope. A dispatch may go to each in a mail of its own."""
    extra: Action = Action.APPROVAL
    """Somebody is in the envelope whom the document does not name."""
    doubtful: Action = Action.PASS
    """A printed recipient is not known, or only guessed: "Như Điều 3" before it was confirmed."""
    ended: Action = Action.APPROVAL
    """An address that its owner has given up."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    def message(self, mail: Mail) -> Answer:
        has_files = bool(mail.message.mime.attachments)
        return None if mail.session.is_inbound or not has_files else self._judged(mail)

    async def _judged(self, mail: Mail) -> Verdict | None:
        book = required(mail.services.correspondents, "organisations")
        chosen = _main(await documents_of(mail))
        if chosen is None:
            return None
        paper, document = chosen
        shown = [a for name in ("To", "Cc") for _, a in mail.message.mailboxes(name)]
        found = compare_recipients(
            document,
            paper.facts.text,
            [rcpt.address for rcpt in mail.transaction.recipients],
            shown,
            book,
            mail.services.directory,
            mail.services.clock.now().astimezone(OFFICE).date(),
        )
        mail.transaction.facts[DISTRIBUTION] = found
        return strongest(self._findings(found))

    def _findings(self, found: Found) -> Iterator[Verdict]:
        told = (
            (self.missing, "missing", "chưa gửi tới / named, not in the envelope", found.missing),
            (self.extra, "extra", "ngoài nơi nhận / in the envelope, not named", found.extra),
            (self.doubtful, "doubtful", "chưa rõ / not sure who that is", found.doubtful),
            (self.ended, "ended", "địa chỉ cũ / an address of earlier days", found.ended),
        )
        for action, name, what, who in told:
            if who:
                more = f" … +{len(who) - SAID_MAX}" if len(who) > SAID_MAX else ""
                reason = f"{found.document}: {what}: {'; '.join(who[:SAID_MAX])}{more}"
                yield action.verdict(f"distribution-{name}", reason)


def _main(read: tuple[tuple[Paper, Document], ...]) -> tuple[Paper, Document] | None:
    """The document that the mail is about: the first that is one and names recipients."""
    for paper, document in read:
        if document.speaks and (document.recipients or document.addressees):
            return paper, document
    return None
