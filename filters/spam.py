"""One score from everything that speaks for and against a letter, and what is done about it."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict, Field

from gateway.api import (
    DKIM,
    DMARC,
    PRESSING,
    SPF,
    Acquaintance,
    Action,
    AddHeader,
    Direction,
    DropHeader,
    Edit,
    Filter,
    Hold,
    Mail,
    Pass,
    Points,
    Reject,
    Reply,
    Scent,
    Verdict,
    Word,
    is_advertising,
    is_official,
    is_petition,
    lures,
    organisational,
)

REFUSED = Reply("5.7.1", "This message looks like spam; if it is not, write to postmaster")
LABELLED = "its subject bears the label of advertising (Decree 91/2020)"
SPAM, FLAG, ADVERTISING = "X-Vanthu-Spam", "X-Spam-Flag", "X-Vanthu-Advertising"
LURES = {
    "link-look-alike": 5.0,
    "link-text": 2.0,
    "link-number": 2.0,
    "password-form": 4.0,
    "asks-password": 2.5,
}
NEAR = 8.0
"""A logit at which the nose is sure of a good letter."""


class Limits(BaseModel):
    """From how many points on what is done; 0 is never."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tag: float = 4.0
    """Deliver with X-Vanthu-Spam and X-Spam-Flag."""
    hold: float = 6.5
    """Hold in quarantine."""
    reject: float = 0.0
    """Refuse, telling the sender; never what bears a document's number, and no petition."""

    def mildest(self, other: "Limits") -> "Limits":
        """Of two recipients' limits: nobody gets less than he asked for."""
        return Limits(
            tag=_milder(self.tag, other.tag),
            hold=_milder(self.hold, other.hold),
            reject=_milder(self.reject, other.reject),
        )


def _milder(one: float, other: float) -> float:
    return max(one, other) if one and other else 0.0


class Spam(Filter):
    """Add up the points of the filters before it and what the nose says, and act on the sum.

    The nose's own line, above which about one good letter in a thousand lies, is worth
    ``nose_points``. Whom our people write to and answers to their letters count for good, where
    SPF, DKIM or DMARC show that it is they, and as long as the text itself is not spam through and
    through. While the nose knows few letters of this office it tags at most. Stands behind all
    filters that give points.
    """

    incoming: Limits = Limits()
    """For mail from outside."""
    outgoing: Limits = Limits(tag=0.0, hold=8.0)
    """Also within the office: who spreads spam has most likely lost his password (article 4.3)."""
    mailboxes: dict[str, Limits] = Field(default_factory=dict)
    """By address of ours: other limits for mail to it. Of several recipients the mildest count."""
    nose_points: float = 6.5
    """For a letter that lies on the nose's line; in proportion below and above it."""
    nose_most: float = 9.0
    """What the nose may add at most."""
    nose_least: float = -4.0
    """What it may take off at most."""
    enough_ham: int = 300
    """Good letters learnt here, before the nose may do more than tag."""
    enough_spam: int = 50
    """Bad letters, the same."""
    known_points: float = -2.5
    """Our people write to the sender."""
    answer_points: float = -4.0
    """It answers a letter of ours."""
    sure_content: float = 9.0
    """A text that smells so much by itself is spam whoever sends it: the two above do not count."""
    lure_points: dict[str, float] = Field(default_factory=lambda: dict(LURES))
    """By the sign's name; those left out count nothing."""
    guarded_domains: frozenset[str] = frozenset()
    """Besides ours: domains that phishing imitates, such as the province's single sign-on."""
    advertising: Action = Action.MARK
    """What to do with mail that says by its label ``[QC]`` that it is advertising."""

    def message(self, mail: Mail) -> Verdict | None:
        edits = tuple(_forged(mail))
        is_labelled = mail.session.is_inbound and is_advertising(mail.message)
        scent = mail.services.nose.smell(mail.message) if mail.services.nose else None
        own = [*self._smelled(scent), *self._lured(mail)]
        if scent is None or scent.content < self.sure_content:
            own += self._known(mail)
        if is_labelled:
            own.append(Points("advertising", 0.0, LABELLED))
            edits += (AddHeader(ADVERTISING, "yes"),)
        is_cold = not self._knows_enough(scent)
        verdict = self._verdict(mail, tuple(own), edits, is_cold=is_cold)
        if is_labelled and isinstance(verdict, Pass):
            return self._labelled(verdict)
        return verdict

    def _verdict(
        self, mail: Mail, own: tuple[Points, ...], edits: tuple[Edit, ...], *, is_cold: bool
    ) -> Verdict | None:
        parts = (*mail.transaction.points, *own)
        score = sum(part.value for part in parts)
        firm = score - sum(max(0.0, p.value) for p in own if p.name == "nose" and is_cold)
        limits, reason = self._limits(mail), _told(score, parts)
        inbound = mail.session.is_inbound
        if inbound and limits.tag and score >= limits.tag:
            edits += (AddHeader(SPAM, _ascii(reason)), AddHeader(FLAG, "YES"))
        is_held = bool(limits.hold) and firm >= limits.hold
        is_refused = inbound and bool(limits.reject) and firm >= limits.reject
        if inbound and (is_held or is_refused):
            if is_official(mail.message) or is_petition(mail.message):
                parts = (*parts, Points("pressing", 0.0, PRESSING))
                return Hold(f"{PRESSING}: {reason}", edits=edits, points=parts)
            if is_refused:
                return Reject(reason, REFUSED)
        if is_held:
            return Hold(reason, edits=edits, points=parts)
        return Pass(reason, edits, own) if own or edits else None

    def _labelled(self, passed: Pass) -> Verdict:
        """What is done with advertising that is not held or refused as spam in any case."""
        verdict = self.advertising.verdict("advertising", LABELLED)
        if isinstance(verdict, Hold):
            return Hold(LABELLED, verdict.desk, passed.edits, passed.points)
        return passed if isinstance(verdict, Pass) else verdict

    def _limits(self, mail: Mail) -> Limits:
        if mail.direction is not Direction.IN:
            return self.outgoing
        found: Limits | None = None
        for recipient in mail.transaction.recipients:
            box = mail.services.directory.mailbox(recipient.address)
            key = box.address.key if box else recipient.address.key
            own = self.mailboxes.get(key, self.incoming)
            found = own if found is None else found.mildest(own)
        return found or self.incoming

    def _knows_enough(self, scent: Scent | None) -> bool:
        return scent is not None and scent.ham >= self.enough_ham and scent.spam >= self.enough_spam

    def _smelled(self, scent: Scent | None) -> Iterator[Points]:
        if scent is None:
            return
        if scent.score > 0:
            value = min(self.nose_most, self.nose_points * scent.score / scent.threshold)
        else:
            value = max(self.nose_least, self.nose_least * -scent.score / NEAR)
        parts = ", ".join(f"{name} {logit:+.1f}" for name, logit in scent.parts)
        reason = f"{100 * scent.probability:.0f} % spam ({parts}; line {scent.threshold:.1f})"
        if not self._knows_enough(scent):
            value = max(-1.0, min(value, self.incoming.tag))
            reason += f"; it can only tag: it knows {scent.ham} good and {scent.spam} bad letters"
        yield Points("nose", round(value, 2), reason)

    def _lured(self, mail: Mail) -> Iterator[Points]:
        if not mail.session.is_inbound:
            return
        guarded = mail.services.directory.domains() | self.guarded_domains
        for lure in lures(mail.message, guarded, organisational):
            if value := self.lure_points.get(lure.name, 0.0):
                yield Points(lure.name, value, lure.reason)

    def _known(self, mail: Mail) -> Iterator[Points]:
        if not mail.session.is_inbound or not _is_shown(mail):
            return
        people = Acquaintance(mail.services.notepad)
        if owner := people.answered(mail.message):
            yield Points("answer", self.answer_points, f"it answers a letter of {owner}")
        elif owner := people.writes_to(mail.message.author[1]):
            reason = f"{owner} writes to {mail.message.author[1]}"
            yield Points("known", self.known_points, reason)


def _is_shown(mail: Mail) -> bool:
    """Whether the author is who he says, or nobody was asked."""
    facts = mail.transaction.facts
    dmarc, spf, dkim = facts.get(DMARC), facts.get(SPF), facts.get(DKIM)
    if dmarc is not None and dmarc.word in {Word.PASS, Word.FAIL}:
        return dmarc.word is Word.PASS
    if spf is None and dkim is None:
        return True
    domain = organisational(mail.message.author[1].domain)
    shown = [spf.domain] if spf is not None and spf.word is Word.PASS else []
    shown += [one.domain for one in dkim or () if one.word is Word.PASS]
    return any(organisational(one) == domain for one in shown)


def _forged(mail: Mail) -> Iterator[Edit]:
    """Our own words on what comes from outside were put there by somebody else."""
    if mail.session.is_inbound:
        present = {name for name, _ in mail.message.fields}
        for field in (SPAM, FLAG, ADVERTISING):
            if field.lower() in present:
                yield DropHeader(field)


def _told(score: float, parts: tuple[Points, ...]) -> str:
    said = "; ".join(
        f"{part.name} {part.value:+.1f}" + (f" ({part.reason})" if part.reason else "")
        for part in sorted(parts, key=lambda p: -abs(p.value))
    )
    return f"{score:.1f} points: {said or 'nothing was found'}"


def _ascii(reason: str) -> str:
    plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in reason)
    return plain[:700]
