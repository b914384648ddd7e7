"""What is attached: its real type, and what it could do to whoever opens it."""

import asyncio
from collections.abc import Awaitable, Iterator
from hashlib import sha256
from typing import ClassVar

from gateway.api import (
    ATTACHMENTS,
    Action,
    Answer,
    Attached,
    Contents,
    Filter,
    Mail,
    Part,
    Reply,
    Stage,
    Verdict,
    endings,
    has_macros,
    has_password,
    is_program,
    is_test_virus,
    is_turned_round,
    later,
    look_into,
    real_type,
    strongest,
)

REFUSED = Reply("5.7.1", "An attachment is of a kind that is not taken here")
HEAD_BYTES = 64 * 1024
IN_THREAD_BYTES = 256 * 1024
SAID_MAX = 3
"""Findings of one kind that are told of one attachment."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PROGRAM_NAMES = _words(
    """ace apk app application appref-ms appx bat cab chm cmd com cpl crt csh dll dmg elf exe fxp
    gadget hlp hta img inf ins iso isp jar jnlp js jse ksh library-ms lnk mad maf mag mam maq mar
    mas mat mau mav maw mde mdt mdw mdz msc msi msix msp mst ocx ops osd pcd pif pl prf prg ps1
    ps1xml ps2 ps2xml psc1 psc2 psm1 py pyc pyw reg scf scr sct searchconnector-ms
    settingcontent-ms sh shb shs sys url vb vbe vbp vbs vhd vhdx vxd website wsc wsf wsh xbap xll
    xnk"""
)
PROGRAM_TYPES = _words(
    """application/x-dosexec application/vnd.microsoft.portable-executable
    application/x-executable application/x-pie-executable application/x-sharedlib
    application/x-object application/x-mach-binary application/x-ms-shortcut application/x-msi
    application/x-msdownload application/x-java-applet application/java-archive
    application/vnd.android.package-archive application/vnd.ms-htmlhelp
    application/x-iso9660-image text/x-shellscript text/x-msdos-batch text/vbscript
    text/javascript application/javascript"""
)
MACRO_NAMES = _words("docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm")
_OFFICE = (
    "application/vnd.openxmlformats",
    "application/zip",
    "application/cdf",
    "application/vnd.ms",
)
TRUE_TYPES: dict[str, tuple[str, ...]] = {
    "pdf": ("application/pdf",),
    "jpg": ("image/",),
    "jpeg": ("image/",),
    "png": ("image/",),
    "gif": ("image/",),
    "tif": ("image/",),
    "tiff": ("image/",),
    "zip": ("application/zip", "application/java-archive", "application/vnd."),
    "docx": _OFFICE,
    "xlsx": _OFFICE,
    "pptx": _OFFICE,
    "mp3": ("audio/",),
    "mp4": ("video/", "audio/"),
}
"""What files of these names really are, by the beginning of the type that libmagic says."""
UNTOLD = ("application/octet-stream", "inode/x-empty")


class Attachments(Filter):
    """Look at what is attached: its bytes, not its name, and into archives.

    Finds programs and scripts under any name, double endings, names written backwards, Office
    macros, what is encrypted, archives that are bombs or cannot be looked into, files that are
    not what they say, and mail whose parts two programs would read differently. What was found
    out is left as ATTACHMENTS for the filters behind it.
    """

    again: ClassVar[bool] = True

    programs: Action = Action.REJECT
    """Programs and scripts, by real type or by name, also inside archives."""
    test_virus: Action = Action.REJECT
    """The EICAR test file, with which one sees that attachments are looked at."""
    disguised: Action = Action.REJECT
    """Names that hide their ending: ``scan.pdf.exe``, or signs that turn the writing round."""
    macros: Action = Action.HOLD
    """Office files with macros."""
    encrypted: Action = Action.HOLD
    """Archives, PDF and Office files that need a password: nobody can look into them."""
    opaque: Action = Action.HOLD
    """Archives that cannot be looked into, such as 7z, or broken ones."""
    excess: Action = Action.HOLD
    """Archives that hold more than the limits allow to look at."""
    mismatch: Action = Action.MARK
    """Files that are not what their name says, such as a ``.pdf`` that is a web page."""
    ambiguous: Action = Action.HOLD
    """Mail that programs would read in different ways."""
    refuse_names: frozenset[str] = frozenset()
    """More endings to treat as programs, without their dot."""
    refuse_types: frozenset[str] = frozenset()
    """More real types to treat as programs."""
    allow_names: frozenset[str] = frozenset()
    """Endings that are no program to us after all, such as ``py``."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    def message(self, mail: Mail) -> Answer:
        attachments = mail.message.mime.attachments
        if sum(len(part.raw) for part in attachments) > IN_THREAD_BYTES:
            return self._elsewhere(mail)
        return self.judge(mail)

    def _elsewhere(self, mail: Mail) -> Awaitable[Verdict | None]:
        return asyncio.to_thread(self.judge, mail)

    def judge(self, mail: Mail) -> Verdict | None:
        """The answer, at once; ``message`` asks for it in a thread when there is much to read."""
        said: list[Verdict] = []
        known: list[Attached] = []
        for part in mail.message.mime.leaves:
            if not part.is_attachment:
                if is_test_virus(part.decoded(HEAD_BYTES)):
                    said.append(
                        self._say(
                            self.test_virus, "test-virus", later("the test virus EICAR in a text")
                        )
                    )
                continue
            data = part.decoded()
            contents = look_into(data, part.filename or "file", mail.message.limits)
            seen = _seen(part, data, contents)
            known.append(seen)
            said += self._about(part, data, seen, contents)
        mail.transaction.facts[ATTACHMENTS] = tuple(known)
        if doubts := mail.message.mime.ambiguities:
            said.append(self._say(self.ambiguous, "ambiguous", "; ".join(doubts)))
        return strongest(said)

    def _say(self, action: Action, name: str, reason: str) -> Verdict:
        return action.verdict(name, reason, reply=REFUSED)

    def _about(
        self, part: Part, data: bytes, seen: Attached, contents: Contents
    ) -> Iterator[Verdict]:
        yield from self._runs(part.names, seen.real, data, seen.name)
        for member in contents.members:
            yield from self._runs((member.path.rpartition("/")[2],), "", member.data, member.path)
        if self._has_macros(part, data, contents):
            yield self._say(
                self.macros, "macros", later("{name} holds macros").format(name=seen.name)
            )
        needs = [seen.name] if has_password(data) else []
        needs += [m.path for m in contents.members if has_password(m.data)]
        for path in (needs + contents.encrypted)[:SAID_MAX]:
            yield self._say(
                self.encrypted, "encrypted", later("{path} needs a password").format(path=path)
            )
        for what in contents.opaque[:SAID_MAX]:
            yield self._say(self.opaque, "opaque", what)
        for what in contents.excess[:SAID_MAX]:
            yield self._say(self.excess, "excess", what)
        if not _is_true(seen.name, seen.real):
            yield self._say(
                self.mismatch,
                "mismatch",
                later("{name} is really {type}").format(name=seen.name, type=seen.real),
            )

    def _runs(
        self, names: tuple[str, ...], real: str, data: bytes, shown: str
    ) -> Iterator[Verdict]:
        """Whether it is a program, or looks as if its name hid one."""
        if is_test_virus(data[:HEAD_BYTES]):
            yield self._say(
                self.test_virus,
                "test-virus",
                later("the test virus EICAR in {file}").format(file=shown),
            )
        for name in names:
            last, *before = (*endings(name), "")
            if is_turned_round(name):
                yield self._say(
                    self.disguised,
                    "disguised",
                    later("{name} is written backwards").format(name=repr(name)),
                )
            if self._is_program_name(last):
                is_double = any(len(ending) in range(2, 5) for ending in before)
                action = self.disguised if is_double else self.programs
                yield self._say(
                    action,
                    "program",
                    later("{file} ends in .{ending}, as programs do").format(
                        file=shown, ending=last
                    ),
                )
        if real in PROGRAM_TYPES or real in self.refuse_types or (not real and is_program(data)):
            yield self._say(
                self.programs,
                "program",
                later("{file} is a program ({type})").format(file=shown, type=real or "?"),
            )

    def _is_program_name(self, ending: str) -> bool:
        if ending in self.allow_names:
            return False
        return ending in PROGRAM_NAMES or ending in self.refuse_names

    def _has_macros(self, part: Part, data: bytes, contents: Contents) -> bool:
        if has_macros(data) or any(MACRO_NAMES & set(endings(name)[:1]) for name in part.names):
            return True
        inside = contents.members
        return any(m.path.lower().endswith("vbaproject.bin") or has_macros(m.data) for m in inside)


def _seen(part: Part, data: bytes, contents: Contents) -> Attached:
    return Attached(
        part=part.index,
        name=part.filename or part.type,
        declared=part.type,
        real=real_type(data),
        size=len(data),
        digest=sha256(data).hexdigest(),
        inside=tuple(member.path for member in contents.members),
    )


def _is_true(name: str, real: str) -> bool:
    """Whether a file is what the end of its name says; yes where nobody can tell."""
    last = (*endings(name), "")[0]
    expected = TRUE_TYPES.get(last)
    return not expected or real in UNTOLD or real.startswith(expected)
