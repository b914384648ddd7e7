"""Nothing that bears a secrecy stamp leaves by mail; what comes in with one is shut away."""

import re
from typing import ClassVar

from gateway.api import (
    SEALED,
    Action,
    Filter,
    Mail,
    Reply,
    Secrecy,
    Verdict,
    later,
    papers_of,
    read_document,
    strongest,
)

REFUSED = Reply("5.7.1", "A document with a secrecy stamp must never be sent by mail")
_TAGGED = re.compile(r"^\W*[\[(]\s*(TUYỆT MẬT|TỐI MẬT|MẬT)\s*[\])]")
"""A subject that begins with a stamp in brackets."""
_RED = re.compile(r"^\W*(TUY[ỆEÊ]T|T[ỐOÔ]I)?\s*M[ẬÂẠA]T\W*$")
"""What OCR makes of the stamp in red, alone on its line."""


class SecrecyStamps(Filter):
    """Stop documents stamped MẬT, TỐI MẬT or TUYỆT MẬT: the stamp, not the word.

    State secrets must not be kept or sent on a machine with a network (law 117/2025/QH15, article
    5). Outgoing mail is refused. Incoming mail is held, and sealed: no index, list or preview
    holds what it says; whoever releases it tells the sender to use the proper channel. Texts
    about secrets ("Bảo vệ bí mật nhà nước", "mật khẩu") are none.
    """

    reads_documents: ClassVar[bool] = True

    outgoing: Action = Action.REJECT
    """What our people send, also to one another: refused before anything of it is kept."""
    incoming: Action = Action.HOLD
    """What comes from outside."""
    subjects: bool = True
    """Count a subject that begins with a stamp in brackets: ``[MẬT] …``."""

    async def message(self, mail: Mail) -> Verdict | None:
        stamped = await self._stamped(mail)
        if not stamped:
            return None
        mail.transaction.facts[SEALED] = True
        action = self.incoming if mail.session.is_inbound else self.outgoing
        return strongest(action.verdict("secrecy", why, reply=REFUSED) for why in stamped)

    async def _stamped(self, mail: Mail) -> list[str]:
        """Where stamps are: the degree and the part, and nothing of what the document says."""
        found: list[str] = []
        tag = _TAGGED.match(mail.message.header("Subject")) if self.subjects else None
        if tag:
            found.append(later("the subject is stamped {tag}").format(tag=tag[1]))
        for paper in await papers_of(mail):
            document = read_document(paper.facts)
            degree = document.secrecy.best
            red = (line.text for line in paper.facts.ocr if line.zone == "red")
            if degree is None and any(_RED.match(text.upper()) for text in red):
                degree = Secrecy.SECRET
            if degree is not None:
                found.append(
                    later("part {part} is stamped {degree}").format(
                        part=paper.part, degree=degree.upper()
                    )
                )
        return found
