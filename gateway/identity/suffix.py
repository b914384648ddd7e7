"""Where a registry's names end and an organisation's begin (publicsuffix.org)."""

from __future__ import annotations

from functools import cache, lru_cache

from publicsuffixlist import PublicSuffixList

from gateway.mail.address import normal_domain


@cache
def _list() -> PublicSuffixList:
    return PublicSuffixList()  # The list of the package; nothing is fetched.


@lru_cache(maxsize=16384)
def organisational(domain: str) -> str:
    """The domain that was registered: ``quangninh.gov.vn`` for ``so.quangninh.gov.vn``.

    A public suffix is its own organisation, so that nothing else is aligned with it.
    """
    plain = domain.lower().removesuffix(".")
    return registered(plain) or plain


def registered(domain: str) -> str | None:
    """The part of a domain that somebody could register; None for a public suffix."""
    if not domain or domain.startswith("."):
        return None
    found: str | None = _list().privatesuffix(domain.lower())
    return found


@lru_cache(maxsize=16384)
def is_aligned(author: str, other: str, *, strict: bool) -> bool:
    """RFC 7489 3.1: the same domain, or, if relaxed, of the same organisation."""
    one, two = normal_domain(author), normal_domain(other)
    return bool(one) and (one == two or (not strict and organisational(one) == organisational(two)))
