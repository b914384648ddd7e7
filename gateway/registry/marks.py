"""Lines of a document that are marks on it: stamps, rules, running titles, degrees of haste."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from gateway.mail.text import folded
from gateway.registry.layout import Line


class Urgency(StrEnum):
    """Box 10b, from the least."""

    URGENT = "khẩn"
    VERY_URGENT = "thượng khẩn"
    EXPRESS = "hỏa tốc"


class Secrecy(StrEnum):
    """Box 10a, from the least (law 117/2025/QH15)."""

    SECRET = "mật"  # noqa: S105 -- a word on a stamp, not a password.
    TOP_SECRET = "tối mật"  # noqa: S105 -- the same.
    MOST_SECRET = "tuyệt mật"  # noqa: S105 -- the same.


_STATE = re.compile(r"c[oô0]ng\s*h[oò0]a\s*x[aã]\s*h[oộ0]i|ch[uủ]\s*ngh[iĩ]a\s*vi[eệ]t\s*nam")
_MOTTO = re.compile(r"[dđ][oộ0]c\s*l[aậ]p\s*[-–.~]?\s*t[uự]\s*do|h[aạ]nh\s*ph[uú]c")
_PARTY = re.compile(r"^[dđ]ang cong san viet nam$")
_RULE = re.compile(r"^[\s\-–—_=*.~•]*$")
_NOISE = re.compile(
    r"^(?:ky boi|nguoi ky|co quan\s*:|email\s*:|thoi gian ky|ngay ky|ky ngay|chu ky so"
    r"|cong bao[/ ]|cong bao so|so dang ky|den$|den so\b|gio\s*:|ngay\s*:|chuyen\s*:|so\s*:\s*$"
    r"|van ban (?:quy pham )?phap luat(?: khac)?$|phan van ban|cac bo, co quan ngang bo$"
    r"|trang \d+|page \d+"
    r"|\d{1,3}$|[\w.\-]+@[\w.\-]+$|\d{2}[.:/-]\d{2}[.:/-]\d{2,4}|[+]\d\d:\d\d$)"
)


def is_state_title(text: str) -> bool:
    """ "Cộng hòa xã hội chủ nghĩa Việt Nam", its motto, or the Party's name, however spaced."""
    plain = folded(text)
    return bool(_STATE.search(plain) or _MOTTO.search(plain) or _PARTY.match(plain))


def is_rule(text: str) -> bool:
    """A line drawn with signs."""
    return bool(_RULE.match(text))


def is_noise(text: str) -> bool:
    """A signing tool's note, the gazette's running title, an arrival stamp, a page number."""
    return bool(_NOISE.match(folded(text)))


_URGENCY = {"khan": Urgency.URGENT, "thuong khan": Urgency.VERY_URGENT, "hoa toc": Urgency.EXPRESS}
_SECRECY = {
    "mat": Secrecy.SECRET,
    "toi mat": Secrecy.TOP_SECRET,
    "tuyet mat": Secrecy.MOST_SECRET,
}
_HASTE_TAIL = re.compile(r"\s+(?:hen gio|truoc\b.*|den\b.*|\d.*)$")
_DRAFT = re.compile(r"^(?:ban )?du thao(?:\s*(?:lan|so)?\s*(?:thu\s*)?[\divx]+)?$")
_DRAFT_WORD = re.compile(r"(?:^|[\s_\-.(\[])(?:du[\s_-]?thao|draft)(?:$|[\s_\-.)\]0-9])")


def urgency_in(lines: Iterable[Line]) -> Urgency | None:
    """The degree of haste that stands alone on a line, in capitals: a stamp, not a word."""
    found = [
        _URGENCY[plain]
        for line in lines
        if line.text.isupper()
        and (plain := _HASTE_TAIL.sub("", folded(line.text).strip(" .*:|[]"))) in _URGENCY
    ]
    return max(found, key=list(Urgency).index, default=None)


def secrecy_in(lines: Iterable[Line]) -> Secrecy | None:
    """The degree of secrecy that stands alone on a line, in capitals.

    "Bảo vệ bí mật nhà nước" in a title, "mật khẩu" in a text are words, no stamps.
    """
    found = [
        _SECRECY[plain]
        for line in lines
        if line.text.isupper() and (plain := folded(line.text).strip(" .*:|[]")) in _SECRECY
    ]
    return max(found, key=list(Secrecy).index, default=None)


def has_draft_mark(lines: Iterable[Line]) -> bool:
    """Whether "DỰ THẢO" stands alone on a line."""
    return any(_DRAFT.match(folded(line.text).strip(" .*:|[]()")) for line in lines)


def says_draft(name: str) -> bool:
    """Whether a subject or a file's name calls it a draft."""
    return bool(_DRAFT_WORD.search(folded(name)))
