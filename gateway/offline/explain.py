"""Why would this message be held? Walk it through a chain and print every answer."""

from __future__ import annotations

from collections.abc import Iterator

from gateway.chain.inspection import Inspection
from gateway.mail.address import Address
from gateway.mail.flaws import CHECKED
from gateway.mail.message import Message
from gateway.mail.paper_words import described
from gateway.mail.papers import PAPERS
from gateway.mail.session import Recipient, Transaction
from gateway.runtime.words import retold


async def explain(
    walk: Inspection, helo: str, sender: Address, recipients: list[Address], message: Message
) -> Iterator[str]:
    """Say to the chain what a client would say, and tell what each filter answered."""
    await walk.connect()
    await walk.helo(helo)
    await walk.mail(Transaction(walk.session, sender=sender))
    for recipient in recipients:
        await walk.rcpt(Recipient(recipient))
    outcome = await walk.message(message)
    return _told(walk, outcome.verdict)


def _told(walk: Inspection, verdict: object) -> Iterator[str]:
    for finding in walk.journal:
        seal = " " if finding.enforced else "~"
        name = type(finding.verdict).__name__.lower()
        yield (
            f"{finding.stage:8} {finding.filter:16} {seal}{name:8}"
            f"{finding.took_s * 1000:6.1f} ms  {retold(finding.verdict.reason)}"
        )
    facts = walk.transaction.facts
    for paper in facts.get(PAPERS) or ():
        yield f"{paper.name}:"
        yield from (f"    {line}" for line in described(paper.facts))
    for checked in facts.get(CHECKED) or ():
        for flaw in checked.flaws:
            yield f"{checked.name}: {flaw.weight} {flaw}"
            yield f"    {flaw.advice}"
    yield f"=> {verdict}"
