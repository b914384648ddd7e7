"""Personal mail that speaks in the name of the office."""

from collections.abc import Iterator
from typing import ClassVar

from gateway.api import (
    Action,
    Answer,
    Direction,
    Document,
    Filter,
    Mail,
    MailboxKind,
    Stage,
    Verdict,
    document_in,
    documents_of,
    folded,
    own_text,
    strongest,
    symbol_key,
)

_WHAT_TO_DO = (
    "hộp thư cá nhân không được nhân danh cơ quan khi chưa được lãnh đạo duyệt / a personal "
    "mailbox speaks for the office only with its leader's approval"
)

_PLACES = ("tinh ", "thanh pho ", "tp", "huyen ", "quan ", "thi xa ")
"""What may stand behind an office's name in a letterhead: "Sở Ngoại vụ tỉnh …"."""


class OfficialName(Filter):
    """Hold personal mail to outside that is a dispatch, bears our letterhead, or our name in From.

    Article 7.2b: a personal mailbox is for working exchange and never sends in the name of the
    Department or a unit without approval. A mail *about* a document passes; so do documents of
    others that are passed on, and drafts that say that they are drafts.
    """

    reads_documents: ClassVar[bool] = True

    action: Action = Action.APPROVAL
    """What to do."""
    drafts: Action = Action.PASS
    """What to do with a document of ours that is marked as a draft (dự thảo)."""
    inside: bool = False
    """Whether mail that stays inside is looked at, too."""
    names: tuple[str, ...] = ()
    """Names of the office, as letterheads print them, beside those in directory.toml."""
    symbols: tuple[str, ...] = ()
    """What stands for us in the symbols of documents: "SNgV"."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    def message(self, mail: Mail) -> Answer:
        if mail.session.is_inbound or not self._is_personal(mail):
            return None
        if mail.direction is Direction.INTERNAL and not self.inside:
            return None
        return self._judged(mail)

    def _is_personal(self, mail: Mail) -> bool:
        directory = mail.services.directory
        boxes = [directory.mailbox(address) for _, address in mail.message.authors]
        boxes.append(directory.mailbox(mail.transaction.sender))
        return any(box is not None and box.kind is MailboxKind.PERSONAL for box in boxes)

    async def _judged(self, mail: Mail) -> Verdict | None:
        said = list(self._from(mail))
        said += self._about("text", document_in(own_text(mail)), mail)
        if mail.services.documents is not None and mail.message.mime.attachments:
            for paper, document in await documents_of(mail):
                said += self._about(paper.name, document, mail)
        return strongest(said)

    def _from(self, mail: Mail) -> Iterator[Verdict]:
        directory = mail.services.directory
        for name, address in mail.message.authors:
            box = directory.mailbox(address)
            is_personal = box is None or box.kind is MailboxKind.PERSONAL
            if is_personal and self._is_ours(name, mail):
                yield self._say(self.action, f"From: {name!r} <{address}>")

    def _about(self, where: str, document: Document, mail: Mail) -> Iterator[Verdict]:
        """A document of ours: our symbol or letterhead, and what makes it more than a mention."""
        symbol, issuer = document.symbol.best or "", document.issuer.best or ""
        is_issued = bool(document.authority or document.recipients)
        is_headed = bool(symbol or document.month)
        is_ours = self._has_our_symbol(symbol) or self._is_ours(issuer, mail)
        if not (is_ours and is_issued and is_headed):
            return
        action = self.drafts if document.is_draft else self.action
        shown = ", ".join(filter(None, (str(document.number.best or symbol), issuer)))
        yield self._say(action, f"{where}: {shown}")

    def _has_our_symbol(self, symbol: str) -> bool:
        ours = {symbol_key(text) for text in self.symbols}
        groups = symbol.replace("/", "-").split("-")
        return any(symbol_key(group) in ours for group in groups)

    def _is_ours(self, name: str, mail: Mail) -> bool:
        """Whether a letterhead or a sender's name is that of the office or one of its units."""
        words, known = name.split(), {folded(text) for text in self.names}
        for size in range(len(words), 0, -1):
            begins, rest = " ".join(words[:size]), folded(" ".join(words[size:]))
            is_whole = not rest or rest.startswith(_PLACES)
            if is_whole and (folded(begins) in known or mail.services.directory.official(begins)):
                return True
        return False

    def _say(self, action: Action, what: str) -> Verdict:
        return action.verdict("official-name", f"{what}; {_WHAT_TO_DO}")
