"""One field that tells the server behind us what was found out, and none that only says so."""

import re
from collections.abc import Iterator

from gateway.api import (
    ARC,
    DKIM,
    DMARC,
    SPF,
    AddHeader,
    DropHeader,
    Edit,
    Facts,
    Filter,
    Mail,
    Pass,
    Verdict,
    Word,
    later,
)

FORGED = later("{n} fields bear our name and are not ours")
_COMMENT = re.compile(r"\([^()]*\)")
_ID = re.compile(r'\s*"?([^\s;"]+)')
_PLAIN = re.compile(r"[A-Za-z0-9!#$%&'*+./^_`{|}~@-]+\Z")
_LOOKED_AT = 1000
_NESTED = 5
_VALUE_MAX = 255


class Headers(Filter):
    """Put on Authentication-Results (RFC 8601), take off what bears our name and is not ours.

    Stands at the end of the chain, behind ``dmarc``.
    """

    drop: tuple[str, ...] = ("X-Vanthu-Warning",)
    """Fields that only we may put on: whoever sends them in is trying something."""
    name: str = ""
    """The name under which we speak; our host name if empty."""

    def message(self, mail: Mail) -> Verdict | None:
        name = self.name or mail.services.hostname
        edits: list[Edit] = [*_forged(mail, name.lower())]
        present = {known for known, _ in mail.message.fields}
        edits += [DropHeader(field) for field in self.drop if field.lower() in present]
        reason = FORGED.format(n=len(edits)) if edits else ""
        if mail.session.is_inbound:
            results = ";\r\n\t".join(_results(mail)) or "none"
            edits.append(AddHeader("Authentication-Results", f"{name};\r\n\t{results}"))
        return Pass(reason, tuple(edits)) if edits else None


def _forged(mail: Mail, name: str) -> Iterator[Edit]:
    for nth, value in enumerate(mail.message.all("Authentication-Results")):
        text = value[:_LOOKED_AT].decode("latin-1").lower()
        for _ in range(_NESTED):
            text = _COMMENT.sub(" ", text)
        found = _ID.match(text)
        if (found and found[1] == name) or ("(" in text and name in text):
            yield DropHeader("Authentication-Results", nth)


def _results(mail: Mail) -> Iterator[str]:
    facts: Facts = mail.transaction.facts
    if spf := facts.get(SPF):
        sender = mail.transaction.sender
        about = ("smtp.mailfrom", str(sender)) if sender else ("smtp.helo", mail.session.helo)
        yield _line("spf", spf.word, about)
    if (dkim := facts.get(DKIM)) is not None:
        for one in dkim:
            names = ("header.d", one.domain), ("header.s", one.selector), ("header.b", one.tag)
            yield _line("dkim", one.word, *names, reason=one.reason)
        if not dkim:
            yield "dkim=none"
    if arc := facts.get(ARC):
        yield _line("arc", arc.word)
    if dmarc := facts.get(DMARC):
        asks = f" (p={dmarc.policy.asks} dis={dmarc.disposition})" if dmarc.policy else ""
        yield _line("dmarc", dmarc.word, ("header.from", dmarc.domain), note=asks)


def _line(
    method: str, word: Word, *about: tuple[str, str], reason: str = "", note: str = ""
) -> str:
    said = f" reason={_value(reason, quoted=True)}" if reason and word is not Word.PASS else ""
    properties = "".join(f" {name}={_value(value)}" for name, value in about if value)
    return f"{method}={word}{note}{said}{properties}"


def _value(text: str, *, quoted: bool = False) -> str:
    """A value that ends where we say it does, whatever the sender has put in it."""
    plain = text[:_VALUE_MAX]
    if _PLAIN.match(plain) and not quoted:
        return plain
    plain = "".join(c if c.isprintable() and c not in '"\\' else "?" for c in plain)
    return f'"{plain}"'
