"""What forwarders say they found before they changed a message."""

from gateway.api import ARC, Filter, Mail, Pass, Points, Verdict, Word, later, required

SEALED = later("sealed by {sealers}")
WORTHLESS = later("the seals are worth nothing ({word}): {reason}")


class Arc(Filter):
    """Check the chain of seals (RFC 8617).

    It proves who forwarded, not that he is honest: ``dmarc`` believes only the sealers that it is
    told to trust. The result is left as ARC.
    """

    broken_points: float = 0.0
    """For a chain that does not hold: lists and old forwarders break it by accident."""
    error_points: float = 0.5
    """For one whose keys cannot be fetched now; it is not believed."""

    async def message(self, mail: Mail) -> Verdict | None:
        if not mail.session.is_inbound:
            return None
        found = await required(mail.services.identity, "dns").arc(mail.message)
        mail.transaction.facts[ARC] = found
        if found.word is Word.NONE:
            return None
        if found.word is Word.PASS:
            return Pass(SEALED.format(sealers=", ".join(found.sealers)))
        reason = WORTHLESS.format(word=found.word, reason=found.reason)
        is_away = found.word is Word.TEMPERROR
        value = self.error_points if is_away else self.broken_points
        name = "arc-temperror" if is_away else "arc-broken"
        return Pass(reason, points=(Points(name, value, reason),) if value else ())
