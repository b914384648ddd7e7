"""What the fold has written beside a line, in the language of whoever reads it.

Rows are the same at every rebuild, so they are written in one language, English; ``words.retold``
finds each sentence below again and says it in the reader's.
"""

from __future__ import annotations

from gateway.runtime.words import later, tr

SENTENCES = (
    later("this message is in the book"),
    later("it looks like one that is there"),
    later("the book of {year} is closed"),
    later("the year {year} has not begun"),
    later("out of order: {n} that came before have no number yet"),
    later("no such proposal"),
    later("no such proposal or document"),
    later("no such reservation"),
    later("no such reservation or message"),
    later("no such number"),
    later("no such line"),
    later("no such document"),
    later("no such incoming document"),
    later("nothing that can be changed"),
    later("it is {state} already"),
    later("it is {state}"),
    later("the number is {state}, the message {other}"),
    later("dated back: the last number is of {day}"),
    later("dated before {number} ({day})"),
    later("dated after {number} ({day})"),
    later("issued in the next year ({day})"),
    later("there is no such number to follow"),
    later("another year than the number it follows"),
    later("no letter left"),
    later("carried by mail {mail}, which waits"),
    later("mail {mail} did not leave"),
    later("mail {mail} left with a number that is {state} already"),
    later("the number stays reserved"),
)
STATES = {
    "proposed": later("waits for its number"),
    "registered": later("in the book"),
    "dismissed": later("left out"),
    "reserved": later("reserved"),
    "used": later("issued"),
    "voided": later("void"),
    "held": later("is held"),
    "accepted": later("has left"),
}
LABELS = (
    later("progress"),
    later("direction"),
    later("task"),
    later("came"),
    later("file"),
    later("saved as"),
    later("source"),
    later("corrected"),
    later("did not count"),
    later("until"),
    later("message"),
)
"""What stands before the facts of a line on the screen."""


FIELDS = {
    "number": later("number and symbol"),
    "issued": later("day of issue"),
    "date": later("day of arrival"),
    "kind": later("kind"),
    "abstract": later("abstract"),
    "issuer": later("issuer"),
    "signer": later("signer"),
    "signer_title": later("signer's title"),
    "recipients": later("distribution"),
    "receiver": later("receiver"),
    "copies": later("copies"),
    "pages": later("pages"),
    "urgency": later("urgency"),
    "transferred": later("day of transfer"),
    "acknowledged": later("acknowledged by"),
    "language": later("language"),
    "medium": later("medium"),
    "organ": later("organisation code"),
    "edxml": later("edXML id"),
    "reply_to": later("answers"),
    "note": later("note"),
}
MEDIA = {
    "electronic": later("an electronic document"),
    "paper": later("on paper"),
    "both": later("electronic and on paper"),
}
EVENTS = {
    "arrive": later("came in"),
    "register": later("put into the book"),
    "propose": later("proposed"),
    "arrived again": later("arrived again"),
    "same": later("found the same"),
    "dismiss": later("left out of the book"),
    "reserve": later("number reserved"),
    "insert": later("number inserted"),
    "claim": later("carried by a message"),
    "unclaim": later("carried no more"),
    "use": later("number used"),
    "void": later("number made void"),
    "amend": later("line corrected"),
    "direct": later("direction given"),
    "progress": later("progress"),
    "close year": later("year closed"),
}
STEPS = {
    "received": later("received"),
    "registered": later("registered"),
    "submitted": later("submitted"),
    "directed": later("directed"),
    "assigned": later("assigned"),
    "in-progress": later("in progress"),
    "done": later("done"),
    "refused": later("refused by its receiver"),
}
"""QĐ 28/2018/QĐ-TTg, article 10."""
ROUTES = {
    "agency": later("by the agency's mailbox"),
    "unit": later("by a unit's mailbox"),
    "person": later("by a personal mailbox"),
    "axis": later("by the document axis"),
    "portal": later("by the portal"),
    "paper": later("on paper"),
    "hand": later("by hand"),
}
SOURCES = {
    "hand": later("by hand"),
    "edxml": later("the sender's edXML"),
    "signature-field": later("a signature field"),
    "text": later("the document's text"),
    "hidden-text": later("a text layer behind the picture"),
    "ocr": later("OCR of the picture"),
    "subject": later("the mail's subject"),
    "body": later("the mail's text"),
    "file-name": later("the file's name"),
}
ROLES = {"lead": later("in charge"), "support": later("co-operating")}
LINKS = {
    "strong": later("most likely the same"),
    "weak": later("the same number"),
    "raised": later("passed on from"),
    "passed": later("passed on to"),
}
LOOKS = {
    "search": later("searched"),
    "messages": later("searched messages"),
    "message": later("read the message"),
    "secret": later("opened what is secret"),
    "enclosed": later("took it as it lies there, encrypted"),
    "line": later("opened"),
    "list": later("listed"),
    "file": later("took the files"),
    "print": later("printed"),
    "break-glass": later("broke the glass"),
}


def _in(table: dict[str, str], name: str) -> str:
    return tr(table[name]) if name in table else name


def state(name: str) -> str:
    """A line's state in words."""
    return _in(STATES, name)


def field(name: str) -> str:
    """A column of a line."""
    return _in(FIELDS, name)


def medium(name: str) -> str:
    """What a document was made as."""
    return _in(MEDIA, name)


def event(kind: str) -> str:
    """What somebody said to the books; of a step, the step."""
    return _in(EVENTS | STEPS, kind)


def step(name: str) -> str:
    """How far a document has come."""
    return _in(STEPS, name)


def route(name: str) -> str:
    """The way that a document came in by."""
    return _in(ROUTES, name)


def source(name: str) -> str:
    """Where a value was read."""
    return _in(SOURCES, name)


def role(name: str) -> str:
    """What somebody who was given a document has to do with it."""
    return _in(ROLES, name)


def link(kind: str) -> str:
    """How two lines belong together."""
    return _in(LINKS, kind)


def look(what: str) -> str:
    """What somebody did who looked."""
    return _in(LOOKS, what)
