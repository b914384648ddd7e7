"""DKIM of what comes in (RFC 6376, 8301, 8463): every signature, its key, and what it is worth."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Iterable
from dataclasses import dataclass

import dkim
from dkim.util import InvalidTagValueList, parse_tag_value

from gateway.identity import seam
from gateway.identity.canonical import Letter, Malformed
from gateway.identity.public_key import BadKey, Key, published
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
_NEEDED = (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")
_TAG_SHOWN = 8
_TIME = re.compile(rb"[0-9]{1,12}\Z")
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
        names = [name.lower() for name in tags[b"h"].split(b":") if name]
        if b"from" not in names:
            raise dkim.ValidationError("it does not sign From")
        if len(names) > NAMES_MAX:
            raise dkim.ValidationError("it names too many fields")
        if tags[b"a"] == b"rsa-sha1":
            raise dkim.ValidationError("rsa-sha1 proves nothing any more (RFC 8301)")
        key_name = seam.key_name(tags[b"s"], tags[b"d"])
    except (InvalidTagValueList, *seam.TROUBLE) as error:
        return DkimResult(Word.PERMERROR, reason=_told(error))
    return Signature(header, tags, names, key_name)


def _tags(value: bytes) -> dict[bytes, bytes]:
    if len(value) > FIELD_MAX:
        raise dkim.ValidationError("the signature field is too long")
    tags: dict[bytes, bytes] = parse_tag_value(value)
    for name in (b"b", b"bh", b"h"):
        if name in tags:  # Blanks mean nothing here, and dkimpy's expressions are slow on them.
            tags[name] = b"".join(tags[name].split())
    dkim.validate_signature_fields(
        {k: v for k, v in tags.items() if k not in {b"t", b"x"}}, _NEEDED
    )
    return tags


def _check_times(tags: dict[bytes, bytes], now_s: float) -> None:
    """By our own clock, which shows the day of arrival when old mail is replayed."""
    for name in (b"t", b"x"):
        if name in tags and not _TIME.match(tags[name]):
            raise dkim.ValidationError(f"{name.decode()}= is not a time")
    if b"t" in tags and int(tags[b"t"]) > now_s + SLOP_S:
        raise dkim.ValidationError("it was signed in the future")
    if b"x" in tags and int(tags[b"x"]) < now_s - SLOP_S:
        raise dkim.ValidationError("the signature has expired")


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
    text = str(error)[:160] if isinstance(error, dkim.DKIMException) else type(error).__name__
    return text.encode("ascii", "backslashreplace").decode()
