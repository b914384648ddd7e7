"""A mail as rules ask about it: each view made once, when the first rule wants it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from gateway.chain.patterns import any_match
from gateway.chain.rule import DAYS, HANOI, When, span
from gateway.mail.attached import ATTACHMENTS
from gateway.mail.facts import POINTS, Fact
from gateway.mail.message import decoded
from gateway.mail.session import Mail
from gateway.mail.text import one_line
from gateway.runtime.libmagic import real_type
from gateway.runtime.once import once

TEXT_BYTES = 64 * 1024
SHOWN = 80


@dataclass(frozen=True)
class Asked:
    """One mail, asked by many rules. ``lists`` are the lists of addresses, in lower case."""

    mail: Mail
    lists: dict[str, frozenset[str]]

    def fits(self, when: When | None) -> str | None:
        """Why a condition holds, in words with the matched text; None if it does not."""
        if when is None:
            return "every message"
        told: list[str] = []
        for key in when.keys:
            why = self._key(when, key)
            if why is None:
                return None
            told.append(why)
        return ", ".join(sorted(filter(None, told)))

    def _key(  # noqa: PLR0911 -- one return for each kind of key.
        self, when: When, key: str
    ) -> str | None:
        """Why one key holds; empty where there is nothing to tell."""
        match key:
            case "any":
                return next((w for w in map(self.fits, when.any) if w is not None), None)
            case "all":
                whys = [self.fits(inner) for inner in when.all]
                return None if None in whys else ", ".join(filter(None, whys))
            case "none":
                return None if self.fits(when.none) is not None else "not otherwise"
            case "header":
                return self._header(when)
            case "results":
                return self._results(when)
            case "days" | "hours" | "client" | "direction" | "unit" | "has_attachment":
                return "" if self._holds(when, key) else None
            case "larger_bytes" | "smaller_bytes" | "points_over":
                return self._measure(when, key)
            case _:
                patterns: tuple[str, ...] = getattr(when, key)
                return self._said(key, patterns, getattr(self, key))

    def _said(self, key: str, patterns: tuple[str, ...], texts: tuple[str, ...]) -> str | None:
        found = any_match(tuple(p for p in patterns if not p.startswith("list:")), texts)
        for pattern in patterns:
            if found is None and pattern.startswith("list:"):
                found = self._listed(pattern.removeprefix("list:"), texts)
        return None if found is None else f"{key} {one_line(found, SHOWN)!r}"

    def _listed(self, name: str, texts: tuple[str, ...]) -> str | None:
        """A list holds whole addresses, and ``@domain`` for all of one."""
        known = self.lists[name]
        for text in texts:
            plain = text.lower()
            if plain in known or "@" + plain.rpartition("@")[2] in known:
                return text
        return None

    def _header(self, when: When) -> str | None:
        told: list[str] = []
        for name, patterns in when.header.items():
            values = tuple(map(decoded, self.mail.message.all(name)))
            why = self._said(name, patterns, values)
            if why is None:
                return None
            told.append(why)
        return ", ".join(told)

    def _results(self, when: When) -> str | None:
        for name, words in when.results.items():
            value = self.mail.transaction.facts.get(Fact[object](name))
            results = value if isinstance(value, tuple) else (value,)
            if not any(str(getattr(result, "word", result)) in words for result in results):
                return None
        return ", ".join(f"{name} {'/'.join(words)}" for name, words in when.results.items())

    def _holds(self, when: When, key: str) -> bool:
        session = self.mail.session
        match key:
            case "days":
                return DAYS[self.now.weekday()] in when.days
            case "hours":
                clock = self.now.time()
                return any(begin <= clock < end for begin, end in map(span, when.hours))
            case "client":
                client = session.client
                return client is not None and any(client in net for net in when.client)
            case "direction":
                return self.mail.direction in when.direction
            case "unit":
                return bool(self.units & set(when.unit))
            case _:
                return bool(self.mail.message.mime.attachments) is when.has_attachment

    def _measure(self, when: When, key: str) -> str | None:
        size = len(self.mail.message)
        if key == "larger_bytes":
            return f"{size} bytes" if size > (when.larger_bytes or 0) else None
        if key == "smaller_bytes":
            return f"{size} bytes" if size < (when.smaller_bytes or 0) else None
        points = self.mail.transaction.facts.get(POINTS) or 0.0
        return f"{points:g} points" if points > (when.points_over or 0.0) else None

    @once
    def now(self) -> datetime:
        return self.mail.services.clock.now().astimezone(HANOI)

    @once
    def sender(self) -> tuple[str, ...]:
        return (self.mail.transaction.sender.key or "<>",)

    @once
    def author(self) -> tuple[str, ...]:
        return tuple(address.key for _, address in self.mail.message.authors)

    @once
    def author_name(self) -> tuple[str, ...]:
        return tuple(name for name, _ in self.mail.message.authors)

    @once
    def recipient(self) -> tuple[str, ...]:
        return tuple(r.address.key for r in self.mail.transaction.recipients)

    @once
    def login(self) -> tuple[str, ...]:
        return (self.mail.session.user,) if self.mail.session.user else ()

    @once
    def units(self) -> set[str]:
        directory = self.mail.services.directory
        if self.mail.session.user:
            person = directory.person(self.mail.session.user)
            return {person.unit} if person else set()
        boxes = (directory.mailbox(r.address) for r in self.mail.transaction.recipients)
        return {box.unit for box in boxes if box}

    @once
    def subject(self) -> tuple[str, ...]:
        return tuple(map(decoded, self.mail.message.all("Subject"))) or ("",)

    @once
    def text(self) -> tuple[str, ...]:
        leaves = (p for p in self.mail.message.mime.leaves if not p.is_attachment)
        return tuple(p.text(TEXT_BYTES) for p in leaves)

    @once
    def charset(self) -> tuple[str, ...]:
        leaves = (p for p in self.mail.message.mime.leaves if p.type.startswith("text/"))
        return tuple(p.content.get("charset") or "us-ascii" for p in leaves)

    @once
    def attachment_name(self) -> tuple[str, ...]:
        known = self.mail.transaction.facts.get(ATTACHMENTS) or ()
        inside = (path for attached in known for path in attached.inside)
        shown = (name for part in self.mail.message.mime.attachments for name in part.names)
        return (*shown, *inside)

    @once
    def attachment_type(self) -> tuple[str, ...]:
        known = self.mail.transaction.facts.get(ATTACHMENTS)
        if known is not None:
            return tuple(attached.real for attached in known)
        parts = self.mail.message.mime.attachments
        return tuple(real_type(part.decoded(TEXT_BYTES)) for part in parts)
