"""What a leader's reply says: a decision, a question back, or nothing because no person wrote it.

Nothing in a mail is ever sufficient by itself: this page only reads. Who sent it, and whether the
code is his, is checked by the desk.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from gateway.approval.codes import Verb


@dataclass(frozen=True, slots=True)
class Said:
    """A command word on the first line that is the writer's own, and what stands behind it."""

    verb: Verb
    comment: str


@dataclass(frozen=True, slots=True)
class Machine:
    """No person acted: an auto-reply, a receipt, a bounce, a calendar answer."""

    sign: str


@dataclass(frozen=True, slots=True)
class Unclear:
    """A person wrote, but no command word. ``first_line`` is what stood there instead."""

    first_line: str


Answer: TypeAlias = Said | Machine | Unclear

_APPROVE = ("duyet", "dong y duyet", "ok duyet", "phe duyet", "approve", "approved")
_REFUSE = ("tu choi", "khong duyet", "khong phe duyet", "refuse", "refused", "reject", "rejected")

_QUOTE_STARTS = re.compile(
    r"""^(?:
        >                                             # the old way
      | -{2,}\s*(?:original|forwarded|thư\ gốc|tin\ nhắn\ gốc|nguyên\ bản)
      | _{10,}                                        # Outlook's rule
      | on\ .{4,200}\ wrote:\s*$                      # Thunderbird, Gmail, Apple
      | (?:vào|ngày|lúc|khi)\ .{4,200}\ (?:đã\ )?viết:?\s*$
      | (?:from|từ|người\ gửi)\s?:\s.{2,200}$         # Outlook, Zimbra
    )""",
    re.IGNORECASE | re.VERBOSE,
)

_AUTO_SUBJECTS = re.compile(
    r"""^(?:automatic\ reply | auto(?:matic)?[-\ ]?response | out\ of\ office | autoreply
    | trả\ lời\ tự\ động | thư\ trả\ lời\ tự\ động | tự\ động\ trả\ lời | vắng\ mặt
    | tôi\ đang\ vắng | (?:not\ )?read: | đã\ đọc: | delivered: | accepted: | declined:
    | tentative: | đã\ chấp\ nhận: | undeliver)""",
    re.IGNORECASE | re.VERBOSE,
)

_MACHINE_TYPES = ("multipart/report", "text/calendar", "message/disposition-notification")


def machine_sign(headers: Mapping[str, str], content_types: Iterable[str], sender: str) -> str:
    """What shows that no person sent this; empty if nothing does.

    ``headers`` are decoded first values by lower-case name (RFC 3834 2, and what programs really
    send); ``content_types`` those of all parts; ``sender`` the envelope's, empty for ``<>``.
    """
    if not sender:
        return "null sender"
    if headers.get("auto-submitted", "no").strip().lower().partition(";")[0].strip() != "no":
        return "Auto-Submitted"
    if headers.get("precedence", "").strip().lower() in {"bulk", "junk", "list", "auto_reply"}:
        return "Precedence"
    for name in ("x-autoreply", "x-autorespond", "x-auto-response-suppress-reply", "list-id"):
        if headers.get(name, "").strip():
            return name
    if any(kind.lower().startswith(_MACHINE_TYPES) for kind in content_types):
        return "a report or a calendar answer"
    subject = unicodedata.normalize("NFC", headers.get("subject", "")).strip()
    return "an automatic subject" if _AUTO_SUBJECTS.match(subject) else ""


def read(text: str) -> Said | Unclear:
    """The command on the first line of plain text that is neither blank nor quoted.

    "Duyệt" counts only if it stands alone: "Duyệt không?" asks, "Duyệt nhưng sửa trang 2" wants a
    change, and neither lets the text go as it is. A refusal may go on with its reason.
    """
    first = _first_own_line(unicodedata.normalize("NFC", text))
    folded = _folded(first)
    if folded.strip(" .,;:!-–") in _APPROVE:
        return Said("approve", "")
    for word in _REFUSE:
        if folded == word or (folded.startswith(word) and not folded[len(word)].isalnum()):
            return Said("refuse", _behind(first, word))
    return Unclear(first[:200])


def _first_own_line(text: str) -> str:
    for line in text.splitlines():
        bare = line.replace("\u200b", "").replace("\ufeff", "").strip(" \t\u00a0*_")
        if not bare:
            continue
        return "" if _QUOTE_STARTS.match(bare) else bare
    return ""


def _folded(text: str) -> str:
    """Lower case, without accents, blanks made one: one letter for each letter of NFC text."""
    plain = unicodedata.normalize("NFD", text.lower().replace("đ", "d"))
    return " ".join("".join(c for c in plain if not unicodedata.combining(c)).split())


def _behind(line: str, word: str) -> str:
    """The rest of ``line`` behind a command of as many words as ``word``."""
    rest = line.split(maxsplit=len(word.split()))[len(word.split()) :]
    return rest[0].strip(" .,:;–-!") if rest else ""
