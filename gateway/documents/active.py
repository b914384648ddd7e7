"""What acts in a PDF, or reaches out of it: every object is looked at, not only what is reachable.

qpdf has undone ``#xx`` in names and opened the object streams before this sees an object.
"""

from __future__ import annotations

import re
from contextlib import suppress

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Stream, String

from gateway.mail.papers import Active

DEPTH_MAX = 12
ARRAY_MAX = 20_000
STREAM_MAX = 1 << 20
KINDS_MAX, DETAIL_MAX = 200, 160
_HOT = re.compile(
    rb"/(?:JavaScript|JS|Launch|EmbeddedFiles?|EF|OpenAction|AA|XFA|URI|SubmitForm|ImportData"
    rb"|GoToR|GoToE|GoTo3DView|RichMedia\w*|FileAttachment|Rendition|Movie|Sound|3D|Screen"
    rb"|Collection|Font|Filespec|F|Ref|PS|FontMatrix|FunctionType|Metadata)(?![A-Za-z0-9])"
)
"""Objects without any of these need no closer look."""
_ACTIONS = {
    "/JavaScript": "javascript",
    "/Launch": "launch",
    "/GoToE": "embedded-file",
    "/SubmitForm": "submit-form",
    "/ImportData": "import-data",
    "/Rendition": "media",
    "/RichMediaExecute": "media",
    "/Movie": "media",
    "/Sound": "media",
    "/GoTo3DView": "media",
}
_ANNOTATIONS = {"/RichMedia", "/Movie", "/Sound", "/3D", "/Screen"}
_WEB = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
_UNC = re.compile(r"(?:\\\\|//|file:|smb:)", re.IGNORECASE)
_CALCULATES = 4
"""PostScript calculator functions (ISO 32000-1 7.10.5)."""
_CALCULATOR = re.compile(rb"[\s{}\d.+\-a-zA-Z]*")
_DECLARES = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
_BROKEN = (pikepdf.PdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError)
"""What a broken object throws; UnicodeDecodeError is a ValueError."""


class Acts:
    """Gathers what was met: kinds with their first details, and fonts."""

    def __init__(self) -> None:
        self._met: dict[tuple[str, str], int] = {}
        self.fonts: set[str] = set()

    def told(self) -> list[Active]:
        items = list(self._met.items())[:KINDS_MAX]
        return [Active(kind=k, detail=d, count=n) for (k, d), n in items]

    def note(self, active: Active) -> None:
        key = (active.kind, active.detail)
        if key in self._met or len(self._met) < KINDS_MAX:
            self._met[key] = self._met.get(key, 0) + 1

    def look(self, thing: object) -> None:
        """One of the file's objects."""
        if isinstance(thing, Stream):
            self._stream(thing)
        elif isinstance(thing, Dictionary | Array) and self._is_hot(thing):
            self.walk(thing)

    def walk(self, thing: Object, depth: int = 0) -> None:
        """An object with all that lies directly in it."""
        if depth > DEPTH_MAX:
            return
        with suppress(*_BROKEN):
            if isinstance(thing, Array):
                for item in list(thing)[:ARRAY_MAX]:
                    self._below(item, depth)
                return
            self._dictionary(thing)
            for key in list(thing.keys()):
                with suppress(*_BROKEN):
                    self._below(thing[key], depth)

    def _below(self, item: object, depth: int) -> None:
        if isinstance(item, Dictionary | Array) and not item.is_indirect:
            self.walk(item, depth + 1)

    def _hit(self, kind: str, detail: object = "") -> None:
        text = str(detail) if isinstance(detail, str | String | Name) else ""
        clean = "".join(c if c.isprintable() else " " for c in text[:DETAIL_MAX])
        self.note(Active(kind=kind, detail=clean))

    def _is_hot(self, thing: Object) -> bool:
        try:
            return _HOT.search(thing.unparse(resolved=True)) is not None
        except _BROKEN:
            return True

    def _stream(self, stream: Stream) -> None:
        with suppress(*_BROKEN):
            head = stream.stream_dict
            text = head.unparse(resolved=True)
            is_calculator = head.get("/FunctionType") == _CALCULATES
            if is_calculator and not _CALCULATOR.fullmatch(stream.read_bytes()[:STREAM_MAX]):
                self._hit("odd-function")
            is_xmp = head.get("/Type") == Name.Metadata
            if is_xmp and _DECLARES.search(stream.read_bytes()[:STREAM_MAX]):
                self._hit("external-stream", "XMP with a DTD")
            if "/F" in head and head.get("/Type") != Name.Filespec:
                self._hit("external-stream")
            if "/Ref" in head and head.get("/Subtype") == Name.Form:
                self._hit("external-stream", "reference XObject")
            if head.get("/Subtype") == Name.PS or head.get("/Subtype2") == Name.PS:
                self._hit("odd-function", "PostScript XObject")
            if _HOT.search(text):
                self.walk(head)

    def _dictionary(self, d: Object) -> None:
        keys = set(d.keys())
        action, kind, subtype = (_name(d, key) for key in ("/S", "/Type", "/Subtype"))
        self._action(d, keys, action)
        if kind == "/EmbeddedFile" or "/EF" in keys:
            self._hit("embedded-file", d.get("/UF", d.get("/F", "")))
        if "/XFA" in keys:
            self._hit("xfa")
        if subtype in _ANNOTATIONS:
            self._hit("media", subtype)
        if subtype == "/FileAttachment":
            self._hit("embedded-file")
        if kind == "/Collection" or "/Collection" in keys:
            self._hit("embedded-file", "portfolio")
        if kind == "/Font" and "/BaseFont" in keys:
            self.fonts.add(str(d["/BaseFont"])[1:81])
        if "/FontMatrix" in keys and not _is_numbers(d["/FontMatrix"]):
            self._hit("odd-font")
        if "/OpenAction" in keys and isinstance(d["/OpenAction"], Dictionary):
            done = _name(d["/OpenAction"], "/S")
            if done not in {"/GoTo", ""}:
                self._hit("open-action", done)

    def _action(self, d: Object, keys: set[str], action: str) -> None:
        if "/JS" in keys or action == "/JavaScript":
            self._hit("javascript", d.get("/JS", ""))
        elif action == "/URI" and "/URI" in keys:
            target = str(d["/URI"])
            is_web = _WEB.match(target) is not None
            is_unc = _UNC.match(target) is not None
            self._hit("web-link" if is_web else "unc-link" if is_unc else "odd-link", target)
        elif action == "/GoToR":
            target = _target(d)
            self._hit("unc-link" if _UNC.match(target) else "remote-goto", target)
        elif action in _ACTIONS:
            self._hit(_ACTIONS[action], _target(d))


def _name(d: Object, key: str) -> str:
    value = d.get(key)
    return str(value) if isinstance(value, Name) else ""


def _target(d: Object) -> str:
    """The file or address that an action names, in any of the ways it can."""
    found = d.get("/F", d.get("/Win"))
    for _ in range(3):
        if not isinstance(found, Dictionary):
            break
        found = next((found[k] for k in ("/F", "/UF", "/Unix", "/P") if k in found), None)
    return str(found) if isinstance(found, String | str) else ""


def _is_numbers(matrix: object) -> bool:
    """A FontMatrix that is not six numbers has been used to run code (CVE-2024-4367)."""
    if not isinstance(matrix, Array):
        return False
    return not any(isinstance(x, String | Name | Dictionary | Array) for x in list(matrix))
