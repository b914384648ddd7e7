"""In whose name a mail speaks, and what its words say of a document: the gate's questions.

Pure: the filter asks them at the door, the desk asks them again about the stored bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from gateway.mail.address import Address
from gateway.mail.message import Message
from gateway.mail.number import find, latin, parse
from gateway.mail.people import ApprovalPolicy, Directory, Mailbox, MailboxKind
from gateway.mail.text import folded, nfc
from gateway.runtime.words import later

AUTHORS = ("From", "Sender", "Resent-From", "Resent-Sender", "Reply-To")
"""Every field in which a mail names whom it is from or for whom it speaks."""

URGENT = ("hỏa tốc", "thượng khẩn", "khẩn")
_URGENT = re.compile(
    r"(?<!\w)(hỏa tốc|hoả tốc|thượng khẩn|khẩn)(?!\w)(?!\s+(?:trương|cấp|nài))", re.IGNORECASE
)
_LETTERHEAD = "cong hoa xa hoi chu nghia viet nam"
_MOTTO = "doc lap - tu do - hanh phuc"
_RANK = {MailboxKind.AGENCY: 0, MailboxKind.UNIT: 1, MailboxKind.PERSONAL: 2}
_STRENGTH = {ApprovalPolicy.REQUIRED: 0, ApprovalPolicy.DOCUMENTS: 1, ApprovalPolicy.NONE: 2}
_HEADING = 3000
"""Characters of a text in which a letterhead and a number stand."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """In whose names a mail speaks."""

    boxes: tuple[Mailbox, ...]
    """Ours, the one that matters most first: strictest policy, then agency, unit, person."""
    strange: tuple[str, ...] = ()
    """Authors in our domains whom the directory does not know, or that cannot be read."""

    @property
    def policy(self) -> ApprovalPolicy:
        """The strictest of all; required where somebody is not known."""
        if self.strange or not self.boxes:
            return ApprovalPolicy.REQUIRED
        return self.boxes[0].approval


def spoken(directory: Directory, login: str, sender: Address, message: Message) -> Spoken:
    """Look at the login, the envelope sender and every author field."""
    boxes: dict[str, Mailbox] = {}
    strange: list[str] = []

    def add(address: Address) -> None:
        box = directory.mailbox(address)
        if box is not None:
            boxes[box.address.key] = box
        elif not address or directory.is_ours(address.domain):
            strange.append(str(address) or "an author that cannot be read")

    if sender:
        add(sender)
    for name in AUTHORS:
        for _, address in message.mailboxes(name):
            add(address)
    for display, address in message.authors:
        official = directory.official(display) if address else None
        if official is not None:
            boxes[official.address.key] = official
    person = directory.person(login) if login else None
    if person is not None:
        own = (directory.mailbox(address) for address in person.addresses)
        boxes |= {box.address.key: box for box in own if box is not None}
    ranked = sorted(boxes.values(), key=lambda b: (_STRENGTH[b.approval], _RANK[b.kind]))
    return Spoken(tuple(ranked), tuple(strange))


def urgency(subject: str) -> str:
    """The mark of urgency in a subject: one of ``URGENT``, or empty."""
    found = [m[1].lower().replace("hoả", "hỏa") for m in _URGENT.finditer(nfc(subject))]
    return min(found, key=URGENT.index) if found else ""


def document_sign(text: str) -> str:
    """What shows that a text is an official document: its letterhead, or a number in its head."""
    plain = folded(text[:_HEADING])
    if _LETTERHEAD in plain or _MOTTO in plain.replace("–", "-"):
        return later("a letterhead")
    if re.search(r"(?:^|\W)so\s*:", plain):
        found = next(find(latin(text[:_HEADING])), None)
        if found is not None:
            return later("the document number {number}").format(number=found[0])
    return ""


def named_document(file_name: str) -> str:
    """The document number that a file's name is or begins with; empty if there is none."""
    stem = file_name.rpartition(".")[0] or file_name
    found = parse(stem) or next(
        (n for n, at, _ in find(latin(stem.replace("_", "/"))) if not at), None
    )
    return later("the document number {number}").format(number=found) if found else ""
