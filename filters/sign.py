"""Our domain's signature on what our people send."""

import asyncio

from gateway.api import Action, Filter, Mail, Pass, Verdict, later, required

SIGNED = later("signed for {domain} by {n} keys")
NO_KEY = later("there is no key of {domain} to sign with")
NOT_OURS = later("not signed: {domain} is not ours")
SEALED = later("sealed for {domain}")
_THREAD_BYTES = 256 * 1024


class Sign(Filter):
    """Sign with the keys of the author's domain, RSA and Ed25519, after every other change.

    Only mail of people who have signed in: what came in without that is never signed, whatever
    its From says. Held mail is signed when it is taken in: what a desk releases is what it saw.
    """

    no_key: Action = Action.PASS
    """What to do with mail of a domain that has no key: ``vanthu dkim new-key`` makes one."""
    seal: str = ""
    """A domain of ours whose key seals what comes in from outside (ARC), for servers behind us
    that forward it; empty for no seal."""

    async def leave(self, mail: Mail) -> Verdict | None:
        if mail.session.is_inbound:
            return await self._sealed(mail) if self.seal else None
        authors = mail.message.authors
        domain = authors[0][1].domain if len(authors) == 1 else ""
        if not mail.services.directory.is_ours(domain):
            return Pass(NOT_OURS.format(domain=domain or "its author"))
        signer = required(mail.services.signer, "dkim")
        now = mail.services.clock.now()
        if len(mail.message) > _THREAD_BYTES:
            fields = await asyncio.to_thread(signer.sign, mail.message, domain, now)
        else:
            fields = signer.sign(mail.message, domain, now)
        if not fields:
            return self.no_key.verdict("no-dkim-key", NO_KEY.format(domain=domain))
        return Pass(SIGNED.format(domain=domain, n=len(fields)), fields)

    async def _sealed(self, mail: Mail) -> Verdict | None:
        signer = required(mail.services.signer, "dkim")
        now = mail.services.clock.now()
        fields = await asyncio.to_thread(signer.seal, mail.message, self.seal, now)
        return Pass(SEALED.format(domain=self.seal) if fields else "not sealed", fields)
