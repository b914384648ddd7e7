"""Whether the signatures on a message are those of the domains that they name."""

from gateway.api import (
    DKIM,
    Action,
    DkimResult,
    Filter,
    Mail,
    Pass,
    Points,
    Verdict,
    Word,
    later,
    required,
)

NONE = later("it bears no signature")
SIGNED = later("signed by {domain} ({algorithm}, {bits} bits)")
TRIED = later("signed by {domain} ({algorithm}, {bits} bits), with a key on trial")
BAD = later("signature of {domain} gives {word}: {reason}")


class Dkim(Filter):
    """Check every DKIM signature, eight at most.

    A broken one counts as none (RFC 6376 6.1): ``dmarc`` decides whether the author's domain
    should have signed. Signatures over part of the body, by RSA keys below 1024 bits or by SHA-1
    count for nothing. The results are left as DKIM.
    """

    temperror: Action = Action.POINTS
    """What to do when no signature passes and a key could not be fetched; ``dmarc`` defers if it
    hangs on that one."""
    error_points: float = 1.0
    """Where no key could be fetched, if that only counts."""
    broken_points: float = 0.0
    """Added where there are signatures and none of them is good."""

    async def message(self, mail: Mail) -> Verdict | None:
        if not mail.session.is_inbound:
            return None
        identity = required(mail.services.identity, "dns")
        found = await identity.dkim(mail.message, mail.transaction.sender)
        mail.transaction.facts[DKIM] = found
        if not found:
            return Pass(NONE)
        reason = "; ".join(map(_told, found))
        words = {one.word for one in found}
        if Word.PASS in words:
            return Pass(reason)
        if Word.TEMPERROR in words:
            return self.temperror.verdict("dkim-temperror", reason, points=self.error_points)
        points = (Points("dkim-broken", self.broken_points, reason),) if self.broken_points else ()
        return Pass(reason, points=points)


def _told(one: DkimResult) -> str:
    if one.word is Word.PASS:
        told = TRIED if one.is_testing else SIGNED
        return told.format(domain=one.domain, algorithm=one.algorithm, bits=one.key_bits)
    return BAD.format(domain=one.domain or "nobody", word=one.word, reason=one.reason)
