"""Whether the sender's domain lets this client send for it."""

from gateway.api import SPF, Action, Filter, Mail, SpfResult, Verdict, Word, later, required

_TOLD = {
    Word.NONE: later("{domain} has no SPF record"),
    Word.PASS: later("{client} may send for {domain}{by}"),
    Word.FAIL: later("{client} may not send for {domain}{by}"),
    Word.SOFTFAIL: later("{client} should not send for {domain}{by}"),
    Word.NEUTRAL: later("{domain} does not say whether {client} may send for it{by}"),
}
_TROUBLE = later("SPF of {domain} gives {word}: {reason}")
_EXPLAINED = later("it says: {explanation}")


class Spf(Filter):
    """Ask the domain of the envelope sender (or of HELO, for bounces) who may send for it.

    RFC 7208, with its limits. A fail alone is often a forwarder's and seldom reason to refuse:
    ``dmarc`` weighs it together with the signatures. The result is left as SPF.
    """

    fail: Action = Action.POINTS
    """What to do when the domain says that this client may not send for it (``-all``)."""
    fail_points: float = 3.0
    """For such a fail, where it only counts."""
    softfail_points: float = 1.0
    """For a client that the domain does not expect (``~all``)."""
    error_points: float = 1.0
    """For a record that cannot be understood, or not be fetched now."""
    temperror: Action = Action.POINTS
    """What to do when the DNS does not answer; ``defer`` makes the sender come back."""

    async def message(self, mail: Mail) -> Verdict | None:
        session = mail.session
        if not session.is_inbound or session.client is None:
            return None
        identity = required(mail.services.identity, "dns")
        found = await identity.spf(session.client, session.helo, mail.transaction.sender)
        mail.transaction.facts[SPF] = found
        reason = _told(found, str(session.client))
        match found.word:
            case Word.FAIL:
                return self.fail.verdict("spf-fail", reason, points=self.fail_points)
            case Word.SOFTFAIL:
                return Action.POINTS.verdict("spf-softfail", reason, points=self.softfail_points)
            case Word.TEMPERROR:
                return self.temperror.verdict("spf-temperror", reason, points=self.error_points)
            case Word.PERMERROR:
                return Action.POINTS.verdict("spf-permerror", reason, points=self.error_points)
            case _:
                return Action.PASS.verdict("spf", reason)


def _told(found: SpfResult, client: str) -> str:
    domain, by = found.domain or "the sender", f" ({found.term})" if found.term else ""
    if found.word not in _TOLD:
        return _TROUBLE.format(domain=domain, word=found.word, reason=found.reason)
    told = _TOLD[found.word].format(domain=domain, client=client, by=by)
    if not found.explanation:
        return told
    return f"{told}; {_EXPLAINED.format(explanation=found.explanation)}"
