"""Whether the domain in From stands behind a message, and what is done if it does not."""

import re
from dataclasses import replace

from gateway.api import (
    ARC,
    DKIM,
    DMARC,
    SPF,
    Action,
    ArcResult,
    Disposition,
    DkimResult,
    DmarcResult,
    Filter,
    Mail,
    Pass,
    Reply,
    Verdict,
    Word,
    later,
    organisational,
    required,
)

_PASSED = re.compile(r"(?:^|[;\s])dmarc\s*=\s*pass\b", re.IGNORECASE)
_LIST = re.compile(r"<([^<>\s]+)>\s*$")
NO_AUTHOR = Reply("5.7.1", "The message must have one From with one address (RFC 7489 6.6.1)")

PASSED = later("{domain} stands behind it: {reason}")
NO_POLICY = later("{domain} has no DMARC policy")
ASKED = later("neither SPF nor DKIM passes for {domain}, which asks to {asked} such mail")
NOTHING_ASKED = later("neither SPF nor DKIM passes for {domain}, which asks for nothing")
OVERRIDDEN = later("neither SPF nor DKIM passes for {domain}, but {override}")
AWAY = later("DMARC of {domain} cannot be told now: {reason}")


class Dmarc(Filter):
    """Do what the author's domain asks for when neither SPF nor DKIM passes for it.

    Wants ``spf``, ``dkim`` and ``arc`` asked before. A message without exactly one well-formed
    From is refused, since nobody could answer for it. A domain that asks for refusal may be
    overridden by a forwarder whose seal is trusted, or by a mailing list that is known and has
    signed. The result is left as DMARC.
    """

    on_reject: Action = Action.REJECT
    """Where the domain asks for refusal."""
    on_quarantine: Action = Action.HOLD
    """Where it asks for quarantine."""
    no_author: Action = Action.REJECT
    """Where there is not exactly one From with one address."""
    temperror: Action = Action.DEFER
    """Where the DNS does not answer; never taken for a pass."""
    fail_points: float = 2.0
    """For a fail about which the domain asks for nothing."""
    trusted_sealers: frozenset[str] = frozenset()
    """Domains of forwarders whose word on what they received we believe (ARC)."""
    known_lists: frozenset[str] = frozenset()
    """List-Id of mailing lists that change what they send on; their domain must have signed."""

    async def message(self, mail: Mail) -> Verdict | None:
        if not mail.session.is_inbound:
            return None
        facts = mail.transaction.facts
        dkim = facts.get(DKIM) or ()
        identity = required(mail.services.identity, "dns")
        found = await identity.dmarc(mail.message, facts.get(SPF), dkim)
        if found.word is Word.FAIL and found.disposition is not Disposition.NONE:
            found = self._overridden(found, mail, facts.get(ARC), dkim)
        facts[DMARC] = found
        return self._decided(found)

    def _decided(self, found: DmarcResult) -> Verdict:
        match found.word, found.disposition:
            case Word.PERMERROR, _:
                return self.no_author.verdict("no-author", found.reason, reply=NO_AUTHOR)
            case Word.TEMPERROR, _:
                reason = AWAY.format(domain=found.domain or "the author", reason=found.reason)
                return self.temperror.verdict("dmarc-temperror", reason)
            case Word.FAIL, Disposition.NONE:
                told = OVERRIDDEN if found.override else NOTHING_ASKED
                reason = told.format(domain=found.domain, override=found.override)
                return Action.POINTS.verdict("dmarc-fail", reason, points=self.fail_points)
            case Word.FAIL, asked:
                action = self.on_reject if asked is Disposition.REJECT else self.on_quarantine
                reason = ASKED.format(domain=found.domain, asked=asked)
                return action.verdict(f"dmarc-{asked}", reason, reply=_refused(found))
            case Word.PASS, _:
                return Pass(PASSED.format(domain=found.domain, reason=found.reason))
            case _:
                return Pass(NO_POLICY.format(domain=found.domain))

    def _overridden(
        self, found: DmarcResult, mail: Mail, arc: ArcResult | None, dkim: tuple[DkimResult, ...]
    ) -> DmarcResult:
        reason = self._sealed(arc) or self._listed(mail, dkim)
        if not reason:
            return found
        return replace(found, disposition=Disposition.NONE, override=reason)

    def _sealed(self, arc: ArcResult | None) -> str:
        """The oldest seal of a trusted forwarder, if nobody untrusted came after it."""
        if arc is None or arc.word is not Word.PASS:
            return ""
        for sealer, reported in reversed(list(zip(arc.sealers, arc.reported, strict=True))):
            if sealer not in self.trusted_sealers:
                return ""
            if _PASSED.search(reported):
                return f"trusted_forwarder: {sealer} saw it pass"
        return ""

    def _listed(self, mail: Mail, dkim: tuple[DkimResult, ...]) -> str:
        found = _LIST.search(mail.message.header("List-Id"))
        if found is None or found[1].lower() not in self.known_lists:
            return ""
        signers = {organisational(one.domain) for one in dkim if one.word is Word.PASS}
        if organisational(found[1].lower()) not in signers:
            return ""
        return f"mailing_list: it comes from {found[1].lower()}"


def _refused(found: DmarcResult) -> Reply:
    domain = found.policy.domain if found.policy else found.domain
    return Reply("5.7.1", f"Unauthenticated mail is refused by the DMARC policy of {domain}")
