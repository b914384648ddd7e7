"""Strangers are asked to come back: programs that only fire and forget do not."""

import re
from collections.abc import Iterable
from datetime import timedelta
from hashlib import blake2b
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_network
from typing import Literal

from pydantic import Field

from gateway.api import (
    SPF,
    Acquaintance,
    Address,
    Defer,
    Filter,
    Mail,
    Notepad,
    Pass,
    Reply,
    Stage,
    Transaction,
    Verdict,
    Word,
    later,
)

TRIED, GOOD, NETWORK = "greylist", "ok", "greylist-net"
"""Kinds of note, and the value of one that has passed; what has not holds its first time in ms."""
ANSWER = later("it answers a letter of {owner}")
ACQUAINTED = later("{owner} writes to {sender}")
OFTEN = later("{network} has come back often")
BEFORE = later("it has come back before")
BACK = later("it has come back after {after}")
STRANGER = later("a stranger in {network}: to come back in {left} s")
_DIGITS = re.compile(r"[0-9]+")


class Greylist(Filter):
    """Defer the first message of a client's network from one sender to one recipient.

    A real server tries again (RFC 5321 4.5.4.1) and is known from then on. Whom our people have
    written to, and answers to their letters, never wait; nor do networks that have come back
    often enough. Where SPF passes, the sender's domain stands for the network, since large
    providers come back from elsewhere. Behind the other filters (``at = "message"``), only what
    has points against it is asked to wait, so that an urgent dispatch is not held up.
    """

    at: Literal["rcpt", "message"] = "message"
    """When: ``rcpt`` saves the message's way over the wire, but knows nothing about it yet."""
    from_points: float = 2.0
    """At ``message``: who has fewer points against him does not wait; at 0 all strangers do."""
    wait_s: float = Field(default=120.0, ge=0, le=3600)
    """The first try counts this long after it was made."""
    retry_s: float = Field(default=2 * 86400.0, gt=0)
    """After this, a first try is forgotten."""
    keep_s: float = Field(default=36 * 86400.0, gt=0)
    """How long one who came back is known, counted from his last message: monthly mail passes."""
    good_after: int = Field(default=5, ge=0)
    """Networks of which so many have come back do not wait any more; 0: all have to."""
    v4_bits: int = Field(default=24, ge=8, le=32)
    """How much of an IPv4 address names the network that comes back."""
    v6_bits: int = Field(default=64, ge=16, le=128)
    """The same for IPv6."""
    trusted: tuple[IPv4Network | IPv6Network, ...] = (
        IPv4Network("127.0.0.0/8"),
        IPv6Network("::1/128"),
    )
    """Networks that never wait."""

    def stages(self) -> frozenset[Stage]:
        return frozenset({Stage.RCPT if self.at == "rcpt" else Stage.MESSAGE})

    def rcpt(self, transaction: Transaction, recipient: Address) -> Verdict | None:
        return self._asked(transaction, [recipient])

    def message(self, mail: Mail) -> Verdict | None:
        if not mail.session.is_inbound:
            return None
        points = sum(point.value for point in mail.transaction.points)
        if points < self.from_points:
            return None
        if owner := Acquaintance(mail.services.notepad).answered(mail.message):
            return Pass(ANSWER.format(owner=owner))
        return self._asked(mail.transaction, [r.address for r in mail.transaction.recipients])

    def _asked(self, transaction: Transaction, recipients: list[Address]) -> Verdict | None:
        session = transaction.session
        client = session.client
        if not session.is_inbound or client is None:
            return None
        if any(client in network for network in self.trusted):
            return None
        pad, sender = session.services.notepad, transaction.sender
        if owner := Acquaintance(pad).writes_to(sender):
            return Pass(ACQUAINTED.format(owner=owner, sender=sender))
        bits = self.v4_bits if isinstance(client, IPv4Address) else self.v6_bits
        network = str(ip_network((client, bits), strict=False))
        if self.good_after and pad.count(NETWORK, network, self.keep_s, 0) >= self.good_after:
            return Pass(OFTEN.format(network=network))
        spf = transaction.facts.get(SPF)
        place = spf.domain if spf and spf.word is Word.PASS else network
        now_ms = int(session.services.clock.now().timestamp() * 1000)
        return self._judged(pad, network, _keys(place, sender, recipients), now_ms)

    def _judged(self, pad: Notepad, network: str, keys: list[str], now_ms: int) -> Verdict | None:
        """One recipient who is known is enough: the others come with the same message."""
        notes = [pad.get(TRIED, key) for key in keys]
        firsts = [int(note) for note in notes if note and note.isdigit()]
        waited = bool(firsts) and now_ms - min(firsts) >= self.wait_s * 1000
        if GOOD in notes or waited:
            for key in keys:
                pad.put(TRIED, key, GOOD, self.keep_s)
            if GOOD in notes:
                return Pass(BEFORE)
            pad.count(NETWORK, network, self.keep_s)
            return Pass(BACK.format(after=timedelta(milliseconds=now_ms - min(firsts))))
        for key, note in zip(keys, notes, strict=True):
            if note is None:
                pad.put(TRIED, key, str(now_ms), self.retry_s)
        left = int(self.wait_s - (now_ms - min(firsts, default=now_ms)) / 1000) + 1
        return Defer(
            STRANGER.format(network=network, left=left),
            Reply("4.7.1", f"Greylisted: please try again in {left} seconds"),
        )


def _keys(place: str, sender: Address, recipients: Iterable[Address]) -> list[str]:
    """One short key for each triplet. Numbers in the sender change with every newsletter."""
    local = _DIGITS.sub("#", sender.local.lower())
    return [
        blake2b(
            f"{place}\n{local}@{sender.domain}\n{recipient.key}".encode("utf-8", "replace"),
            digest_size=16,
        ).hexdigest()
        for recipient in dict.fromkeys(recipients)
    ]
