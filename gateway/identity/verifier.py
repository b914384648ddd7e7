"""All checks of what comes in, behind the protocol that filters see."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from gateway.identity import arc_check, dkim_check, dmarc, spf
from gateway.mail.address import NOBODY, Address
from gateway.mail.dns import Dns
from gateway.mail.message import Message
from gateway.mail.origin import ArcResult, DkimResult, DmarcResult, SpfResult
from gateway.mail.services import Clock


@dataclass(frozen=True, slots=True)
class Verifier:
    """The ``Identity`` service. ``hostname`` is our own name, for SPF explanations."""

    dns: Dns
    clock: Clock
    hostname: str

    async def spf(self, client: IPv4Address | IPv6Address, helo: str, sender: Address) -> SpfResult:
        asked = spf.Question(
            client,
            helo,
            str(sender) if sender else f"postmaster@{helo}",
            self.hostname,
            int(self._now_s()),
        )
        return await spf.check(self.dns, asked)

    async def dkim(self, message: Message, sender: Address = NOBODY) -> tuple[DkimResult, ...]:
        dmarc.expect(self.dns, message, sender.domain)
        return await dkim_check.check(self.dns, message, self._now_s())

    async def arc(self, message: Message) -> ArcResult:
        return await arc_check.check(self.dns, message)

    async def dmarc(
        self, message: Message, spf: SpfResult | None, dkim: tuple[DkimResult, ...]
    ) -> DmarcResult:
        return await dmarc.check(self.dns, message, spf, dkim)

    def _now_s(self) -> float:
        return self.clock.now().timestamp()
