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
    later("message"),
)
"""What stands before the facts of a line on the screen."""


def state(name: str) -> str:
    """A line's state in words."""
    return tr(STATES[name]) if name in STATES else name
