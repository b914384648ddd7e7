"""DKIM of what comes in (RFC 6376, 8301, 8463): every signature, its key, and what it is worth."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass

import dkim

from gateway.identity import seam
from gateway.identity.canonical import Letter, Malformed
from gateway.identity.public_key import BadKey, Key, published
from gateway.identity.tags import BadTags, read_tags
from gateway.mail.dns import Dns, DnsAway, Found
from gateway.mail.message import Message
from gateway.mail.origin import DkimResult, Word

SIGNATURES_MAX = 8
FIELD_MAX, NAMES_MAX = 16 * 1024, 500
"""Bytes of one signature field, and names in its ``h=``."""
INLINE_MAX = 512 * 1024
"""A larger message is hashed in a thread: it would hold up everybody else for milliseconds."""
SLOP_S = 36_000
"""Clocks go wrong by time zones."""
EXPIRY_SLOP_S = 300
"""Who lets signatures expire means it, and our own clock is right."""
_NEEDED = (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")
_TAG_SHOWN = 8
_FORMS = (
    (b"v", re.compile(rb"1\Z")),
    (b"a", re.compile(rb"(?:rsa-sha256|rsa-sha1|ed25519-sha256)\Z")),
    (b"b", re.compile(rb"[A-Za-z0-9+/]+={0,2}\Z")),
    (b"bh", re.compile(rb"[A-Za-z0-9+/]+={0,2}\Z")),
    (b"l", re.compile(rb"[0-9]{1,76}\Z")),
    (b"q", re.compile(rb"(?:.*:)?\s*dns/txt\s*(?::.*)?\Z", re.DOTALL)),
    (b"t", re.compile(rb"[0-9]{1,12}\Z")),
    (b"x", re.compile(rb"[0-9]{1,12}\Z")),
)
"""RFC 6376 3.5."""
_WORDS: tuple[tuple[type[Exception], Word], ...] = (
    (seam.Failed, Word.FAIL),
    (seam.Distrusted, Word.POLICY),
    (seam.Away, Word.TEMPERROR),
)


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature field, read and found well-formed."""

    header: tuple[bytes, bytes]
    tags: dict[bytes, bytes]
    names: list[bytes]
    key_name: str

    def result(self, word: Word, reason: str, key: Key | None) -> DkimResult:
        return DkimResult(
            word,
            domain=self.tags[b"d"].decode().lower(),
            selector=self.tags[b"s"].decode(),
            algorithm=self.tags[b"a"].decode(),
            key_bits=key.bits if key else 0,
            is_testing=key.is_testing if key else False,
            reason=reason,
            tag=self.tags[b"b"][:_TAG_SHOWN].decode("ascii", "replace"),
        )


async def check(dns: Dns, message: Message, now_s: float) -> tuple[DkimResult, ...]:
    """Every signature, topmost first. Raises nothing."""
    if not message.all("DKIM-Signature"):
        return ()
    try:
        letter = Letter.of(message)
    except Malformed as error:
        return (DkimResult(Word.PERMERROR, reason=str(error)),)
    read = [_read(header, now_s) for header in _signatures(letter)]
    keys = await fetch(dns, [one.key_name for one in read if isinstance(one, Signature)])
    if len(letter.body) > INLINE_MAX:
        return await asyncio.to_thread(_judge_all, letter, read, keys)
    return _judge_all(letter, read, keys)


async def fetch(dns: Dns, names: Iterable[str]) -> dict[str, Key | BadKey | OSError]:
    """All keys at once, each with what is wrong with it."""
    asked: dict[str, Awaitable[Found[bytes]]] = {
        name: dns.txt(name) for name in dict.fromkeys(names)
    }
    keys: dict[str, Key | BadKey | OSError] = {}
    for name, answer in asked.items():
        try:
            keys[name] = published((await answer).records)
        except (BadKey, DnsAway) as error:
            keys[name] = error
    return keys


def _signatures(letter: Letter) -> list[tuple[bytes, bytes]]:
    places = letter.places.get(b"dkim-signature", [])
    return [letter.headers[at] for at in places[:SIGNATURES_MAX]]


def _read(header: tuple[bytes, bytes], now_s: float) -> Signature | DkimResult:
    try:
        tags = _tags(header[1])
        _check_times(tags, now_s)
        names = [name for name in tags[b"h"].lower().split(b":") if name]
        if b"from" not in names:
            raise seam.Unusable("it does not sign From")
        if len(names) > NAMES_MAX:
            raise seam.Unusable("it names too many fields")
        if tags[b"a"] == b"rsa-sha1":
            raise seam.Unusable("rsa-sha1 proves nothing any more (RFC 8301)")
        key_name = seam.key_name(tags[b"s"], tags[b"d"])
    except (BadTags, *seam.TROUBLE) as error:
        return DkimResult(Word.PERMERROR, reason=_told(error))
    return Signature(header, tags, names, key_name)


def _tags(value: bytes) -> dict[bytes, bytes]:
    """The tags of a signature in which each means something (RFC 6376 3.5, 6.1.1)."""
    if len(value) > FIELD_MAX:
        raise seam.Unusable("the signature field is too long")
    tags = read_tags(value)
    for name in _NEEDED:
        if name not in tags:
            raise seam.Unusable(f"{name.decode()}= is missing")
    for name in (b"b", b"bh", b"h"):
        tags[name] = b"".join(tags[name].split())  # Blanks mean nothing here.
    for name, form in _FORMS:
        if name in tags and not form.match(tags[name]):
            raise seam.Unusable(f"{name.decode()}= is nothing that we understand")
    if b"i" in tags:
        _, at, domain = tags[b"i"].lower().rpartition(b"@")
        if not at or not (b"." + domain).endswith(b"." + tags[b"d"].lower()):
            raise seam.Unusable("i= is not within d=")
    return tags


def _check_times(tags: dict[bytes, bytes], now_s: float) -> None:
    """By our own clock, which shows the day of arrival when old mail is replayed."""
    signed, expires = tags.get(b"t"), tags.get(b"x")
    if signed and int(signed) > now_s + SLOP_S:
        raise seam.Unusable("it was signed in the future")
    if expires and int(expires) < now_s - EXPIRY_SLOP_S:
        raise seam.Unusable("the signature has expired")
    if signed and expires and int(expires) <= int(signed):
        raise seam.Unusable("it expires before it was signed")


def _judge_all(
    letter: Letter,
    read: list[Signature | DkimResult],
    known: dict[str, Key | BadKey | OSError],
) -> tuple[DkimResult, ...]:
    checker = seam.Fast(letter, seam.Keys(known))
    return tuple(one if isinstance(one, DkimResult) else _judge(checker, one) for one in read)


def _judge(checker: seam.Fast, one: Signature) -> DkimResult:
    keys = checker.keys
    keys.used = None
    word, reason = Word.PASS, ""
    try:
        _check_identity(one, keys)
        checker.verify_sig(one.tags, one.names, one.header)
    except seam.TROUBLE as error:
        word = next((word for kind, word in _WORDS if isinstance(error, kind)), Word.PERMERROR)
        reason = _told(error)
    return one.result(word, reason, keys.used)


def _check_identity(one: Signature, keys: seam.Keys) -> None:
    key = keys.take(one.tags[b"s"], one.tags[b"d"])
    _, _, domain = one.tags.get(b"i", b"@" + one.tags[b"d"]).rpartition(b"@")
    if key.is_strict and domain.lower() != one.tags[b"d"].lower():
        raise seam.Unusable("the key is not for subdomains (t=s)")


def _told(error: Exception) -> str:
    """What was wrong, in one printable line: it may quote the message."""
    is_told = isinstance(error, dkim.DKIMException | BadTags)
    text = str(error)[:160] if is_told else type(error).__name__
    return text.encode("ascii", "backslashreplace").decode()
