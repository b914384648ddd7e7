"""What forwarders say they found before they changed a message."""

from gateway.api import ARC, Filter, Mail, Pass, Verdict, Word, required


class Arc(Filter):
    """Check the chain of seals (RFC 8617).

    It proves who forwarded, not that he is honest: ``dmarc`` believes only the sealers that it is
    told to trust. The result is left as ARC.
    """

    async def message(self, mail: Mail) -> Verdict | None:
        if not mail.session.is_inbound:
            return None
        found = await required(mail.services.identity, "dns").arc(mail.message)
        mail.transaction.facts[ARC] = found
        if found.word is Word.NONE:
            return None
        if found.word is Word.PASS:
            return Pass(f"sealed by {', then '.join(found.sealers)}")
        return Pass(f"the seals are worth nothing ({found.word}): {found.reason}")
