"""The words of a message's story and of its states, in the reader's language.

They are kept in English in the journal and the index, where programs look for them.
"""

from __future__ import annotations

from gateway.runtime.words import later, retold, tr

_STATES = (
    later("accepted"), later("held"), later("discarded"), later("refused"), later("queued"),
    later("owed"), later("deferred"), later("delivered"), later("relayed"), later("expanded"),
    later("stopped"), later("failed"), later("dropped"), later("rejected"), later("withdrawn"),
    later("expired"),
)  # fmt: skip
_KINDS = (
    later("connect"), later("hold"), later("release"), later("retry"), later("fail"),
    later("drop"), later("refuse"), later("withdraw"), later("expire"), later("approve"),
    later("answer"), later("asked"), later("superseded"), later("requested"), later("remind"),
    later("deputy"), later("released"), later("break-glass"), later("tag"), later("tag issued"),
    later("tag spent"), later("observe"), later("opened"),
)  # fmt: skip
_WORDS = frozenset(_STATES + _KINDS)
_VERDICTS = {
    "pass": later("pass"), "accept": later("accept"), "hold": later("hold"),
    "reject": later("reject"), "defer": later("defer"), "discard": later("discard"),
}  # fmt: skip


def word(text: str) -> str:
    """A state or what happened, such as ``held`` or ``requested (step 1)``; others as they are."""
    base, opened, detail = text.partition(" (")
    if base not in _WORDS:
        return text
    if detail == "self)":
        return tr("{what} (of his own)", what=tr(base))
    step = detail.removeprefix("step ").removesuffix(")")
    if opened and step != detail.removesuffix(")"):
        return tr("{what} (step {n})", what=tr(base), n=step)
    return tr(base) + opened + detail


def sentence(text: str) -> str:
    """A filter's word and its reason."""
    verdict, _, reason = text.partition(" ")
    said = tr(_VERDICTS[verdict]) if verdict in _VERDICTS else verdict
    return f"{said} {retold(reason)}".rstrip()
