"""Whom a document is for and who signed it: annex I of decree 30/2020/NĐ-CP, boxes 7 and 9."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from gateway.mail.text import folded
from gateway.registry.layout import Line, Side
from gateway.registry.marks import is_noise, is_rule, is_state_title

ITEMS_MAX = 120
LOOK_BACK = 6
"""Lines above "Nơi nhận" where the signature may begin."""
SIGNATURE_LINES = 30
BESIDE_MAX = 8
"""Lines below the beginning of a signature where the list beside it may begin."""
ITEM_LINE_MAX = 60
"""Characters of a line that may go on with an addressee; a line of the body is longer."""
CAPITALS = 0.8
"""Share of a title's letters that are capitals."""
NAME_MAX = 40
HEADING_MIN = 3
"""Lines of the shortest heading, which holds titles in capitals of its own."""


@dataclass(frozen=True, slots=True)
class Foot:
    """The values as printed."""

    recipients: tuple[str, ...] | None = None
    """The items of "Nơi nhận" without the archive line; None: there is no such list."""
    archive: str = ""
    """What stands behind "Lưu:"."""
    authority: tuple[str, ...] = ()
    """The lines above the signature: ``KT. BỘ TRƯỞNG``, ``THỨ TRƯỞNG``."""
    signers: tuple[str, ...] = ()


_TO = re.compile(
    r"^\W*(?P<word>k[íi]nh\s*(?:g[ửưuứừ]i|trình))\s*(?P<colon>[:;.])?\s*(?P<rest>.*)$",
    re.IGNORECASE,
)
_ALSO_TO = re.compile(r"^\W*đồng\s+kính\s+gửi\s*[:;.]?\s*", re.IGNORECASE)
_DASH = re.compile(r"^[\-–—•+*·]\s*")
_COPIES = re.compile(r"^\W*n[ơoớờ]i\s*nh[ậaâạ]n\b\s*[:;.]*\s*(?P<rest>.*)$", re.IGNORECASE)
_KEPT = re.compile(
    r"^\W*l[ưu]u\s*(?:[:;.]|\b(?=\s*(?:VT|VP|[Vv]ăn|HS|hồ|[A-ZĐ(])))\s*(?P<rest>.*)$", re.IGNORECASE
)
_FORM = re.compile(r"^[\s.…_\-]*$|\.{4,}|…{2,}|\(\d+\)\s*;?$|\(\*\)")
_ANNEX = re.compile(
    r"^(?:phu luc|mau so|bieu mau|danh sach kem|quy che$|quy dinh$|quy trinh$|chuong trinh$|de an$)"
    r"|^\(?(?:ban hanh )?kem theo\b"
)
_BODY_WORDS = re.compile(r"(?:chịu trách nhiệm|có hiệu lực|theo quy định|thi hành)", re.IGNORECASE)


def read_addressees(lines: Sequence[Line], start: int = 0) -> tuple[str, ...]:
    """Kính gửi, one entry for each printed item; empty where nobody is addressed."""
    for at in range(start, min(len(lines), start + 60)):
        said = _TO.match(lines[at].text)
        if said is None or lines[at].text.lower().startswith("kính gửi các đồng chí "):
            continue
        return _addressed(lines, at, said["rest"])
    return ()


def _addressed(lines: Sequence[Line], at: int, rest: str) -> tuple[str, ...]:
    items: list[str] = [_DASH.sub("", rest)] if rest else []
    is_listed = not rest or bool(_DASH.match(rest))
    for line in lines[at + 1 : at + 40]:
        text = _ALSO_TO.sub("- ", line.text)
        is_item = bool(_DASH.match(text))
        if not items:
            items.append(_DASH.sub("", text))
            is_listed = is_item
            continue
        is_open = not items[-1].rstrip().endswith((".", ";", "./."))
        if is_item and (is_listed or items[-1].rstrip().endswith((";", ":"))):
            items.append(_DASH.sub("", text))
        elif line.after_gap or is_item or items[-1].rstrip().endswith((".", "./.")):
            break
        elif (is_open and _continues(items[-1], text)) or text[:1].islower():
            items[-1] = f"{items[-1]} {text}"
        elif items[-1].rstrip().endswith(";"):
            items.append(text)
        else:
            break
    return tuple(clean for item in items if (clean := _clean(item)))


def _continues(before: str, text: str) -> bool:
    is_short = len(text) < ITEM_LINE_MAX and not text.endswith((":", ","))
    return is_short or before.rstrip().endswith((",", "-"))


def read_foot(lines: Sequence[Line]) -> Foot:
    """The first list of recipients that is filled in, and the signature beside or below it.

    Forms in annexes have empty lists of their own; the body may speak of "nơi nhận hồ sơ".
    """
    signed_at, authority, signers = _unlisted(lines)
    for at, line in enumerate(lines[: signed_at + BESIDE_MAX]):
        said = _COPIES.match(line.text)
        if said is None or line.side is Side.RIGHT:
            continue
        rest = said["rest"] if re.search(r"\w", said["rest"]) else ""
        if rest and not _DASH.match(rest) and not _is_authority(rest):
            continue
        items, archive, end, is_kept = _items(lines, at, rest)
        if not is_kept and not items:
            continue
        if any(_FORM.search(item) for item in items) or (not items and _FORM.search(archive)):
            continue
        authority, signers = _signature(_signed_part(lines, at, end))
        return Foot(items, archive, authority, signers)
    return Foot(None, "", authority, signers)


def _items(lines: Sequence[Line], at: int, rest: str) -> tuple[tuple[str, ...], str, int, bool]:
    """Items, the archive line, where the list ends, and whether an archive line ends it."""
    items: list[str] = []
    texts = [(at, _DASH.sub("", rest), bool(_DASH.match(rest)))] if _DASH.match(rest) else []
    texts += [
        (i, line.text, bool(_DASH.match(line.text)))
        for i, line in enumerate(lines[at + 1 : at + ITEMS_MAX], at + 1)
        if line.side is not Side.RIGHT and not _is_other(line.text)
    ]
    end = at
    for i, text, is_item in texts:
        bare = _DASH.sub("", text).strip()
        if kept := _KEPT.match(bare):
            return _done(items), _clean(kept["rest"]), i, True
        if not bare:
            continue
        if _is_over(text, is_item, items):
            break
        end = i
        if is_item or not items or items[-1].endswith((";", ".")):
            items.append(bare)
        else:
            items[-1] = f"{items[-1]} {bare}"
    return _done(items), "", end, False


def _is_over(text: str, is_item: bool, items: list[str]) -> bool:
    if _ANNEX.match(folded(text)) or is_state_title(text) or len(items) > ITEMS_MAX:
        return True
    return not is_item and bool(_BODY_WORDS.search(text))


def _is_other(text: str) -> bool:
    """What stands between the items when two columns come as one."""
    return _is_authority(text) or _is_signed_note(text) or is_rule(text) or is_noise(text)


def _done(items: list[str]) -> tuple[str, ...]:
    return tuple(clean for item in items if (clean := _clean(item)))


def _clean(item: str) -> str:
    return item.strip().rstrip(";.,:/ ").strip()


_TITLES = (
    "bo truong|thu truong|thu tuong|pho thu tuong|chu tich|pho chu tich|giam doc|pho giam doc"
    "|tong giam doc|pho tong giam doc|cuc truong|pho cuc truong|tong cuc truong"
    "|pho tong cuc truong|vu truong|pho vu truong|chanh van phong|pho chanh van phong"
    "|chanh thanh tra|pho chanh thanh tra|truong ban|pho truong ban|truong phong|pho truong phong"
    "|chi cuc truong|pho chi cuc truong|thong doc|pho thong doc|tong kiem toan nha nuoc"
    "|pho tong kiem toan nha nuoc|tong kiem toan|pho tong kiem toan|hieu truong|pho hieu truong"
    "|vien truong|pho vien truong|tong thanh tra|pho tong thanh tra|chanh an|pho chanh an"
    "|tong bien tap|pho tong bien tap|bi thu|pho bi thu|chu nhiem|pho chu nhiem|truong doan"
    "|pho truong doan|to truong|pho to truong|chi huy truong|thuong truc|tu lenh|pho tu lenh"
    "|chinh uy|cuc pho|benh vien truong|uy vien|quyen|nguoi dung dau|hat truong|tram truong"
)
_TITLE = re.compile(rf"^(?:q\.?\s*|quyen )?(?:{_TITLES})\b")
_MARK = re.compile(r"^(?:kt|tm|tl|tuq|q)\s*[.,]\s*\S")
_SIGNED = re.compile(r"^\(?(?:da ky|ky ten|chu ky|ky, dong dau|dong dau)\b")


def _is_authority(text: str) -> bool:
    """``KT. BỘ TRƯỞNG``, ``PHÓ CHỦ TỊCH``: in capitals, beginning with a mark or a title."""
    letters = [c for c in text if c.isalpha()]
    if not letters or sum(c.isupper() for c in letters) < CAPITALS * len(letters):
        return False
    plain = folded(text)
    return bool(_MARK.match(plain) or _TITLE.match(plain))


def _is_signed_note(text: str) -> bool:
    return bool(_SIGNED.match(folded(text)))


_RANK = re.compile(
    r"^(?:(?:(?:Đại|Thượng|Trung|Thiếu)\s+(?:tướng|tá|úy)|Chuẩn Đô đốc|Đô đốc"
    r"|(?:GS|PGS|TS|ThS|Ths|BS|DS|CN|KS|CK\s?I{1,2}|BSCK\s?I{1,2}|Bs|Ds|LS|NSND|NGƯT|TTND|TTƯT)\b\.?)"
    r"[\s.,]*)+"
)
_NAME = re.compile(r"^[A-ZÀ-ỸĐ][\w']*(?:[ \-][A-ZÀ-ỸĐ][\w']*){1,5}$")


def person_named(text: str) -> str:
    """The name of a person alone on a line, ranks and degrees left out; empty if it is none."""
    bare = _RANK.sub("", text.strip(" .,;:_-*")).strip()
    return "" if bare.isupper() or len(bare) > NAME_MAX or not _NAME.match(bare) else bare


def _signed_part(lines: Sequence[Line], at: int, end: int) -> list[Line]:
    """The lines that can belong to the signature beside a list from ``at`` to ``end``."""
    listed = lines[at : end + 1]
    above = list(
        takewhile(lambda x: _is_other(x.text), reversed(lines[max(0, at - LOOK_BACK) : at]))
    )
    above.reverse()
    beside = [x for x in listed if x.side is Side.RIGHT or _is_other(x.text)]
    below: list[Line] = []
    for line in lines[end + 1 : end + 1 + SIGNATURE_LINES]:
        if _ANNEX.match(folded(line.text)) or is_state_title(line.text):
            break
        below.append(line)
    first = _COPIES.match(lines[at].text)
    same = [Line(first["rest"])] if first and _is_authority(first["rest"]) else []
    return [*above, *same, *beside, *below]


def _signature(lines: Sequence[Line]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Authority and names. Titles behind the last name are the heading of something else."""
    authority: list[str] = []
    signers: list[str] = []
    pending: list[str] = []
    for line in lines:
        if _is_authority(line.text):
            pending.append(line.text.strip())
        elif pending and line.text.isupper() and _is_more(line.text):
            pending[-1] = f"{pending[-1]} {line.text}"
        elif pending and (name := person_named(line.text)):
            authority += pending
            signers.append(name)
            pending = []
    return tuple(authority or pending), tuple(dict.fromkeys(signers))


def _is_more(text: str) -> bool:
    return bool(re.match(r"^(?:VÀ|NHÀ NƯỚC|VỀ|CỦA|GIAI ĐOẠN|TỈNH|THÀNH PHỐ|HUYỆN)\b", text))


def _unlisted(lines: Sequence[Line]) -> tuple[int, tuple[str, ...], tuple[str, ...]]:
    """Where the first signature begins that no list need stand beside, and what it says."""
    for at, line in enumerate(lines):
        if at < HEADING_MIN or not _is_authority(line.text):
            continue
        part: list[Line] = []
        for nearby in lines[at : at + SIGNATURE_LINES]:
            text = nearby.text
            if not (_is_other(text) or person_named(text) or (text.isupper() and _is_more(text))):
                break
            part.append(nearby)
        authority, signers = _signature(part)
        if signers:
            return at, authority, signers
    return len(lines), (), ()
