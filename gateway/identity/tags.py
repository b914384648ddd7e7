"""Tag lists: what signatures and keys are written in (RFC 6376 3.2).

dkimpy's reader takes several times as long, and takes ``a b=c`` for a tag, too.
"""

from __future__ import annotations

import re

_NAME = re.compile(rb"[A-Za-z][A-Za-z0-9_.-]*\Z")
"""The RFC knows no point and no hyphen; a private tag with one does no harm."""
_HAS_KEY = re.compile(rb"(?:\A|;)\s*p\s*=")


class BadTags(ValueError):
    """It is no list of tags; says why."""


def read_tags(text: bytes) -> dict[bytes, bytes]:
    """Each tag's value by name, folding blanks around both taken off. BadTags if it cannot be."""
    specs = text.split(b";")
    if not specs[-1].strip():
        specs.pop()
    tags: dict[bytes, bytes] = {}
    for spec in specs:
        name, sign, value = spec.partition(b"=")
        name = name.strip()
        if not sign or not _NAME.match(name):
            raise BadTags(f"{_shown(spec)} is no tag")
        if name in tags:
            raise BadTags(f"{_shown(name)}= stands there twice")
        tags[name] = value.strip()
    return tags


def bears_key(record: bytes) -> bool:
    """Whether a TXT record has the tag that holds a public key."""
    return _HAS_KEY.search(record) is not None


def _shown(text: bytes) -> str:
    return ascii(text[:40].decode("latin-1").strip())
