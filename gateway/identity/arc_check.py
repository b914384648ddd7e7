"""ARC of what comes in (RFC 8617): what forwarders say they found, and whether it was they."""

from __future__ import annotations

import asyncio
import re

import dkim

from gateway.identity import seam
from gateway.identity.canonical import Letter, Malformed
from gateway.identity.dkim_check import FIELD_MAX, INLINE_MAX, fetch
from gateway.identity.public_key import BadKey, Key
from gateway.identity.tags import BadTags, read_tags
from gateway.mail.dns import Dns
from gateway.mail.message import Message
from gateway.mail.origin import ArcResult, Word

INSTANCES_MAX = 50
"""RFC 8617 4.2.1."""
_FIELDS = seam.ARC_FIELDS
_NAMES = tuple(name.decode() for name in _FIELDS)
_INSTANCE = re.compile(rb"\s*i\s*=\s*([0-9]{1,2})\s*;")
_NUMBER = re.compile(rb"[0-9]{1,2}\Z")
_REPORTED_MAX = 2000


async def check(dns: Dns, message: Message) -> ArcResult:
    """The chain's result. Raises nothing."""
    if not any(message.all(name) for name in _NAMES):
        return ArcResult(Word.NONE)
    try:
        letter = Letter.of(message)
    except Malformed as error:
        return ArcResult(Word.FAIL, reason=str(error))
    values = [letter.headers[at][1] for name in _FIELDS for at in letter.places.get(name, [])]
    if len(values) > len(_FIELDS) * INSTANCES_MAX or max(map(len, values)) > FIELD_MAX:
        return ArcResult(Word.FAIL, reason="the chain is too long")
    try:
        names = _key_names(letter)
    except (BadTags, KeyError, seam.Unusable) as error:
        return ArcResult(Word.FAIL, reason=f"the chain cannot be read: {error}"[:160])
    keys = await fetch(dns, names)
    if len(letter.body) > INLINE_MAX:
        return await asyncio.to_thread(_judge, letter, keys)
    return _judge(letter, keys)


def _key_names(letter: Letter) -> list[str]:
    """Where the keys are; BadTags, KeyError or Unusable where a field names none."""
    names: list[str] = []
    if not all(_INSTANCE.match(letter.headers[at][1]) for at in letter.places.get(_FIELDS[0], [])):
        raise seam.Unusable("a report does not say of which set it is")
    for field in _FIELDS[1:]:
        for at in letter.places.get(field, []):
            tags = read_tags(letter.headers[at][1])
            if not _NUMBER.match(tags[b"i"]):
                raise seam.Unusable("its instance is no number")
            names.append(seam.key_name(tags[b"s"], tags[b"d"]))
    return names


def _judge(letter: Letter, known: dict[str, Key | BadKey | OSError]) -> ArcResult:
    try:
        cv, found, reason = seam.Arc(letter, seam.Keys(known)).checked()
    except seam.TROUBLE as error:
        return ArcResult(Word.FAIL, reason=f"the chain cannot be read ({type(error).__name__})")
    if cv == dkim.CV_Pass:
        found.reverse()
        return ArcResult(
            Word.PASS,
            sealers=tuple(one["as-domain"].decode("utf-8", "replace").lower() for one in found),
            reported=tuple(_report(one["aar-value"]) for one in found),
        )
    away = [str(error) for error in known.values() if isinstance(error, OSError)]
    if away:
        return ArcResult(Word.TEMPERROR, reason=away[0])
    told = reason[:160].encode("ascii", "backslashreplace").decode()
    return ArcResult(Word.FAIL, reason=told)


def _report(value: bytes) -> str:
    """Without the instance number that stands first."""
    text = value[:_REPORTED_MAX].decode("utf-8", "replace").strip()
    return text.partition(";")[2].strip()
