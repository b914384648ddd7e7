"""Vietnamese that is not written in Unicode."""

import unicodedata
from collections.abc import Iterator
from typing import ClassVar

from gateway.api import (
    Action,
    Answer,
    Filter,
    Mail,
    Reply,
    Stage,
    Verdict,
    old_fonts,
    old_text,
    papers_of,
    strongest,
)

REFUSED = Reply(
    "5.6.0",
    "The text is in an old Vietnamese charset (TCVN3, VNI ...); write it in Unicode",
)
_WHAT_TO_DO = (
    "hãy chuyển sang Unicode (TCVN 6909:2001) rồi gửi lại / convert it to Unicode and send it again"
)


class Charset(Filter):
    """Stop outgoing text and files in TCVN3 (ABC), VNI, VPS, VISCII or windows-1258.

    The regulation asks for Unicode by TCVN 6909:2001 in what our people send. The bytes of a mail
    are never changed, so nothing is converted on its way: ``hold`` shows the converted beginning
    to whoever decides, ``mark`` lets it go with a warning. What comes in from outside is not
    judged; search reads it converted.
    """

    reads_documents: ClassVar[bool] = True

    text: Action = Action.REJECT
    """What to do with a subject or a text in an old charset."""
    files: Action = Action.HOLD
    """What to do with files in an old charset, or set in its fonts (.VnTime, VNI-Times)."""
    decomposed: Action = Action.PASS
    """What to do with Unicode whose accents stand apart from their letters: not composed (NFC)."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    def message(self, mail: Mail) -> Answer:
        return None if mail.session.is_inbound else self._judged(mail)

    async def _judged(self, mail: Mail) -> Verdict | None:
        said = list(self._texts(mail))
        if mail.services.documents is not None and mail.message.mime.attachments:
            read = ((paper.name, old_fonts(paper.facts)) for paper in await papers_of(mail))
            said += [self._say(self.files, name, found, "") for name, found in read if found]
        return strongest(said)

    def _texts(self, mail: Mail) -> Iterator[Verdict]:
        files = {part.filename for part in mail.message.mime.attachments}
        for where, found, shown in old_text(mail.message):
            action = self.files if where in files else self.text
            yield self._say(action, where, found, shown)
        if not unicodedata.is_normalized("NFC", _undone(mail)):
            yield self.decomposed.verdict(
                "decomposed", "accents apart from their letters (not NFC)"
            )

    def _say(self, action: Action, where: str, found: str, shown: str) -> Verdict:
        begins = f": “{shown}…”" if shown else ""
        reason = f"{where}: {found}{begins}; {_WHAT_TO_DO}"
        return action.verdict("charset", reason, reply=REFUSED)


def _undone(mail: Mail) -> str:
    """The texts as they came, before anything composes them; empty where they are no UTF-8."""
    told: list[str] = []
    for part in mail.message.mime.leaves:
        if not part.is_attachment:
            try:
                told.append(part.decoded(64 * 1024).decode("utf-8"))
            except UnicodeDecodeError:
                continue
    return "\n".join(told)
