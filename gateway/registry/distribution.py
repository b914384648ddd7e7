"""Nơi nhận against the envelope: whom a document names, and whom the mail really goes to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from gateway.mail.address import Address
from gateway.mail.correspondents import AddressBook, Meant, Sure
from gateway.mail.facts import Fact
from gateway.mail.people import Directory
from gateway.mail.text import folded
from gateway.registry.document import Document


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a comparison found; for the approval desk, and for whoever asks why."""

    document: str
    """Its number as printed, or the file's name."""
    named: tuple[Meant, ...]
    """Each printed recipient with what it stands for."""
    present: tuple[str, ...] = ()
    """Names of those that the document names for certain and the envelope holds."""
    missing: tuple[str, ...] = ()
    """Names of those that the document names for certain and the envelope does not hold."""
    extra: tuple[str, ...] = ()
    """Addresses in the envelope that the document does not name: "… (Bcc)" if no reader sees it."""
    doubtful: tuple[str, ...] = ()
    """Printed recipients that nobody has confirmed, with what they may stand for."""
    ended: tuple[str, ...] = ()
    """Addresses in the envelope that their owners have given up."""

    @property
    def is_clear(self) -> bool:
        return not (self.missing or self.extra or self.doubtful or self.ended)


DISTRIBUTION: Fact[Distribution] = Fact("distribution")

ARTICLE_MAX, ARTICLE_SHOWN = 2000, 120
"""Characters of an article that are searched for names, and that are shown."""
_AS_ABOVE = re.compile(r"^nhu (?:tren|kinh gui)\b|^nhu noi nhan\b")
_AS_ARTICLE = re.compile(r"^nhu (?:dieu|muc|khoan|phan) (\d+|[ivx]+)\b")
_INSIDE = re.compile(
    r"^(?:luu\b|vt\b|bgd\b|ban giam doc|gd\b|pgd\b|lanh dao (?:so|bo|cuc|vien|truong|van phong)"
    r"|cac (?:phong|don vi|vu|cuc)\b.*\b(?:so|thuoc|truc thuoc|chuc nang)|nhu thanh phan"
    r"|(?:trang|website|cong)\b.*(?:tin|tttdt|ttdt)|website)"
)
"""Our own leaders, rooms and web site: no mail to outside belongs to them."""


def compare_recipients(
    document: Document,
    text: str,
    envelope: Sequence[Address],
    shown: Sequence[Address],
    book: AddressBook,
    directory: Directory,
    day: date,
) -> Distribution:
    """Whom the document names against ``envelope``; ``shown`` are those in To and Cc.

    ``text`` is the document's, for what "Như Điều 3" refers to.
    """
    key = document.number.best.key if document.number.best else ""
    named = tuple(_named(document, text, key, book, directory))
    sure = {k for meant in named if meant.sure is not Sure.GUESSED for k in meant.keys}
    maybe = {k for meant in named for k in meant.keys}
    sent = {address.key for address in envelope}
    return Distribution(
        document=str(document.number.best or document.symbol.best or ""),
        named=named,
        present=tuple(_present(sure, sent, book, day)),
        missing=tuple(_missing(sure, sent, book, day)),
        extra=tuple(_extra(envelope, shown, maybe, named, book, directory, day)),
        doubtful=tuple(_doubtful(named, book, day)),
        ended=tuple(_ended(envelope, book, day)),
    )


def _named(
    document: Document, text: str, key: str, book: AddressBook, directory: Directory
) -> Iterable[Meant]:
    for printed in document.addressees.best or ():
        yield _one(printed, key, book, directory)
    for printed in document.recipients.best or ():
        plain = folded(printed)
        if _AS_ABOVE.match(plain) and document.addressees.best:
            continue
        if article := _AS_ARTICLE.match(plain):
            known = book.meant(printed, key)
            yield known if known.keys else _by_article(printed, article[1], text, book)
            continue
        yield _one(printed, key, book, directory)


def _one(printed: str, key: str, book: AddressBook, directory: Directory) -> Meant:
    known = book.meant(printed, key)
    if known.sure is not Sure.UNKNOWN:
        return known
    if _INSIDE.match(folded(printed)) or directory.official(printed):
        return Meant(printed, Sure.NAMED, (), "inside")
    return known


def _by_article(printed: str, article: str, text: str, book: AddressBook) -> Meant:
    """The names of known correspondents within an article of the document."""
    begin = re.search(rf"^\W*Điều\s+{article}\s*[.:]", text, re.IGNORECASE | re.MULTILINE)
    if begin is None:
        return Meant(printed, Sure.UNKNOWN)
    end = re.compile(r"^\W*(?:Điều\s+\d+\s*[.:]|Nơi nhận)", re.IGNORECASE | re.MULTILINE)
    found = end.search(text, begin.end())
    said = text[begin.end() : found.start() if found else begin.end() + ARTICLE_MAX]
    keys = book.within(said)
    said = " ".join(said.split())[:ARTICLE_SHOWN]
    return Meant(printed, Sure.GUESSED if keys else Sure.UNKNOWN, keys, said)


def _present(keys: set[str], sent: set[str], book: AddressBook, day: date) -> Iterable[str]:
    for key in sorted(keys):
        one = book.one(key, day)
        there = [a for a in one.addresses if a.key in sent] if one is not None else []
        if one is not None and there:
            yield f"{one.name} ({', '.join(map(str, there))})"


def _missing(keys: set[str], sent: set[str], book: AddressBook, day: date) -> Iterable[str]:
    for key in sorted(keys):
        one = book.one(key, day)
        if one is None or any(address.key in sent for address in one.addresses):
            continue
        where = ", ".join(map(str, one.addresses)) or "no address is known"
        yield f"{one.name} ({where})"


def _extra(
    envelope: Sequence[Address],
    shown: Sequence[Address],
    keys: set[str],
    named: Sequence[Meant],
    book: AddressBook,
    directory: Directory,
    day: date,
) -> Iterable[str]:
    visible = {address.key for address in shown}
    printed = " ".join(meant.printed for meant in named).lower()
    for address in envelope:
        if directory.is_ours(address.domain) or keys.intersection(book.holders(address)):
            continue
        if str(address).lower() in printed:
            continue
        names = [one.name for k in book.holders(address) if (one := book.one(k, day))]
        who = f"{address}, {names[0]}" if names else str(address)
        yield who if address.key in visible else f"{who} (Bcc)"


def _doubtful(named: Sequence[Meant], book: AddressBook, day: date) -> Iterable[str]:
    for meant in named:
        if meant.sure is Sure.UNKNOWN:
            yield meant.printed
        elif meant.sure is Sure.GUESSED:
            names = [one.name for key in meant.keys if (one := book.one(key, day))]
            yield f"{meant.printed} = {'; '.join(names)}?"


def _ended(envelope: Sequence[Address], book: AddressBook, day: date) -> Iterable[str]:
    for address in envelope:
        for key in book.holders(address):
            one = book.one(key, day)
            if one is not None and address in one.ended:
                now = ", ".join(map(str, one.addresses)) or "no address is known"
                yield f"{address}, {one.name}: now {now}"
