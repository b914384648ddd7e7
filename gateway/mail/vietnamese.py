"""Whether words are Vietnamese, and from that: which old charset a text is written in.

A Vietnamese syllable has one of some 30 beginnings, of some 60 vowels, of 8 ends, and one tone.
Text in an old charset, read by the right table, is made of such syllables; read as what it
seems to be, or by another table, it is not. French, German or Unicode text is under none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from gateway.mail.legacy import Charset, converted

_SYLLABLE = re.compile(
    r"(?:ngh|ng|nh|gh|gi|kh|ph|th|tr|ch|qu|[bcdđghklmnprstvx])?"
    r"(?:uyê|uya|uyu|oai|oao|oay|oeo|iêu|yêu|uôi|ươi|ươu|uây|oă|oa|oe|oi|oo|ai|ao|au|ay|âu|ây|eo|êu"
    r"|ia|iê|iu|yê|ôi|ơi|ua|uâ|uê|ui|uô|uơ|uy|ưa|ươ|ưi|ưu|[aăâeêioôơuưy])"
    r"(?:ch|ng|nh|[cmnpt])?"
)
_TONES = {"\u0300", "\u0301", "\u0303", "\u0309", "\u0323"}
_WORD = re.compile(r"[^\W\d_]+")
_ODD_IN_WORD = re.compile(r"[A-Za-z][µ¶·¸¹¨©®ª«¬\xad§»¼½¾±²³°¦¡¢£¤¥]|[µ¶·¸¹¨©®ª«¬\xad][a-z]")
_TRUE_LETTERS = re.compile(r"[ăĂđĐơƠưƯ\u0102\u0110\u1ea0-\u1ef9]")
WORDS_MIN = 4
"""Different words that must read as Vietnamese."""
FEW_WORDS_MIN = 2
"""As many are enough where signs that stand in no word anywhere stand in some."""
SHARE_MIN = 0.75
"""Share of the words with marks that must read as Vietnamese by the right table."""
TEXT_MAX = 64 * 1024
BESIDE_MAX = 2000
_JOINING = re.compile(r"[_.\-]+")
"""What stands between the words of a file's name."""


@lru_cache(8192)
def is_syllable(word: str) -> bool:
    """Whether a word can be one Vietnamese syllable, capitals first or throughout or not at all."""
    if not (word.islower() or word.isupper() or word[1:].islower()):
        return False
    tones, plain = 0, []
    for sign in unicodedata.normalize("NFD", word.lower()):
        if sign in _TONES:
            tones += 1
        else:
            plain.append(sign)
    return tones <= 1 and bool(_SYLLABLE.fullmatch(unicodedata.normalize("NFC", "".join(plain))))


def legacy_charset(text: str) -> Charset | None:
    """The old charset that a text is written in; None where it is none, or too short to tell.

    ``text`` was read as windows-1252 or latin-1, or is Unicode text into which such text was
    copied: then it is judged line by line.
    """
    text = text[:TEXT_MAX]
    if text.isascii():
        return None
    text = unicodedata.normalize("NFC", text)
    if not _TRUE_LETTERS.search(text):
        return _best(text)
    lines = [line for line in text.splitlines() if not line.isascii()]
    odd = "\n".join(line for line in lines if not _TRUE_LETTERS.search(line))
    return _best(odd) if odd else None


def readable(text: str) -> str:
    """A text as its writer saw it: what is in an old charset is converted, the rest stays."""
    charset = legacy_charset(text)
    if charset is None:
        return text if text.isascii() else unicodedata.normalize("NFC", text)
    if not _TRUE_LETTERS.search(text):
        return converted(text, charset)
    lines = text.splitlines(keepends=True)
    return "".join(x if _TRUE_LETTERS.search(x) else converted(x, charset) for x in lines)


def readable_beside(text: str, beside: str) -> str:
    """A short text, such as a file's name, as its writer saw it.

    One that is too short to tell is judged with what stands beside it, such as a subject.
    """
    if text.isascii() or _TRUE_LETTERS.search(text):
        return readable(text)
    spaced = _JOINING.sub(" ", text)
    charset = legacy_charset(spaced)
    if charset is None and _share(spaced)[0] < SHARE_MIN:
        charset = legacy_charset(f"{spaced}\n{beside[:BESIDE_MAX]}")
    return converted(text, charset) if charset else readable(text)


def _best(text: str) -> Charset | None:
    plain_share, _, _ = _share(text)
    if plain_share >= SHARE_MIN:
        return None
    best, best_rank = None, (plain_share + 0.3, 0)
    for charset in Charset:
        read = converted(text, charset)
        if read == text:
            continue
        share, words, marked = _share(read)
        is_enough = words >= WORDS_MIN or (
            words >= FEW_WORDS_MIN and share == 1.0 and bool(_ODD_IN_WORD.search(text))
        )
        if share >= SHARE_MIN and is_enough and (share, marked) > best_rank:
            best, best_rank = charset, (share, marked)
    return best


def _share(text: str) -> tuple[float, int, int]:
    """Share of the marked words that are syllables, how many different ones, how many marked."""
    marked = [
        word
        for word in _WORD.findall(unicodedata.normalize("NFC", text))
        if not word.isascii() and not (word.isupper() and _is_short(word))
    ]
    good = [word for word in marked if is_syllable(word)]
    whole = {word for word in good if len(word) > 1}
    strange = sum(not (c.isascii() or c.isalnum() or c.isspace() or c in _FINE) for c in text)
    total = len(marked) + strange
    return (len(good) / total if total else 0.0), len(whole), len(marked)


_FINE = frozenset("“”‘’–—…•·«»°€´\u00a0\u2212×§©®")
"""Signs that stand in proper text as well."""


def _is_short(word: str) -> bool:
    """An abbreviation, such as QĐ, is no word."""
    return not any(c in "AEIOUY" for c in unicodedata.normalize("NFD", word.replace("Đ", "")))
