"""The text of an RTF file with its fonts, and what is embedded in it.

Own code, since the fonts are what tells a text in TCVN3 from noise, and no library gives them.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field, replace

from gateway.mail.papers import Span

TEXT_MAX, DEPTH_MAX = 200_000, 200
_TOKEN = re.compile(
    rb"\\([a-zA-Z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-zA-Z])|([{}])|[\r\n]+"
    rb"|([^\\{}\r\n]+)",
    re.DOTALL,
)
_SILENT = frozenset(
    b"""fonttbl colortbl stylesheet info pict themedata datastore colorschememapping latentstyles
    listtable listoverridetable rsidtbl generator xmlnstbl filetbl revtbl object objdata fldinst
    pgdsctbl mmathPr wgrffmtfilter""".split()
)
_BREAKS = {b"par": "\n", b"line": "\n", b"cell": "\n", b"row": "\n", b"tab": "\t", b"sect": "\n"}
_SIGNS = {
    b"emdash": "—", b"endash": "–", b"lquote": "‘", b"rquote": "’", b"ldblquote": "“",
    b"rdblquote": "”", b"bullet": "•",
}  # fmt: skip
_CODEPAGES = {0: "cp1252", 163: "cp1258", 128: "cp932", 134: "cp936", 204: "cp1251", 238: "cp1250"}
"""By the charset of a font (\\fcharset)."""


@dataclass
class _State:
    font: int = -1
    silent: bool = False
    skip: int = 1
    """Signs that stand behind \\u for programs that cannot read it."""
    table: bool = False


@dataclass
class _Read:
    spans: list[Span] = field(default_factory=list)
    fonts: dict[int, str] = field(default_factory=dict)
    charsets: dict[int, str] = field(default_factory=dict)
    objects: list[str] = field(default_factory=list)
    default: int = 0
    size: int = 0

    def say(self, text: str, state: _State) -> None:
        if state.silent or self.size > TEXT_MAX:
            return
        self.size += len(text)
        number = state.font if state.font >= 0 else self.default
        font = self.fonts.get(number, "")
        if self.spans and self.spans[-1].font == font:
            self.spans[-1] = Span(text=self.spans[-1].text + text, font=font)
        else:
            self.spans.append(Span(text=text, font=font))


def plain_rtf(data: bytes) -> tuple[list[Span], list[str]]:
    """Text in runs of one font (NFC), and the names of embedded objects."""
    read, state, stack, left = _Read(), _State(), [_State()], 0
    is_first = False
    for token in _TOKEN.finditer(data):
        word, number, code, sign, brace, plain = token.groups()
        if brace == b"{":
            if len(stack) > DEPTH_MAX:
                break
            stack.append(replace(state))
            is_first = True
            continue
        if brace == b"}":
            state = stack.pop() if len(stack) > 1 else state
        elif word is not None:
            left = _word(read, state, word, int(number or b"1"), is_first=is_first) or left
        elif sign is not None:
            if sign == b"*":
                state.silent = True
            elif sign in b"~_-{}\\":
                read.say({b"~": "\xa0", b"_": "-", b"-": ""}.get(sign, sign.decode()), state)
        elif (raw := bytes.fromhex(code.decode()) if code else plain) is not None:
            skipped, left = raw[:left], max(0, left - len(raw))
            _plain(read, state, raw[len(skipped) :])
        is_first = False
    joined = [replace(s, text=unicodedata.normalize("NFC", s.text)) for s in read.spans]
    return joined, read.objects


def _word(read: _Read, state: _State, word: bytes, number: int, *, is_first: bool) -> int:
    """One control word; how many signs behind it are to be left out."""
    if word in _SILENT and (is_first or word in {b"fonttbl", b"pict"}):
        state.silent = True
        state.table = word == b"fonttbl"
    if word in {b"objdata", b"objclass"}:
        read.objects.append(word.decode())
    if word == b"deff":
        read.default = number
    elif word == b"f":
        state.font = number
    elif word == b"fcharset" and state.table:
        read.charsets[state.font] = _CODEPAGES.get(number, "cp1252")
    elif word == b"plain":
        state.font = -1
    elif word == b"uc":
        state.skip = max(0, min(number, 10))
    elif word == b"u":
        sign = chr(number % 65536)
        read.say("" if "\ud800" <= sign <= "\udfff" else sign, state)
        return state.skip
    elif text := _BREAKS.get(word) or _SIGNS.get(word):
        read.say(text, state)
    return 0


def _plain(read: _Read, state: _State, raw: bytes) -> None:
    if state.table and raw:
        name = raw.decode("cp1252", "replace")
        read.fonts[state.font] = (read.fonts.get(state.font, "") + name).rstrip(";")[:80]
        return
    number = state.font if state.font >= 0 else read.default
    read.say(raw.decode(read.charsets.get(number, "cp1252"), "replace"), state)
