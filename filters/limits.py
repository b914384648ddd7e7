"""How much of everything one message, client, login or unit may use."""

from collections.abc import Iterator
from ipaddress import IPv6Address, ip_network
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from gateway.api import (
    Action,
    Address,
    Defer,
    Filter,
    Mail,
    Message,
    Reject,
    Reply,
    Session,
    Stage,
    Transaction,
    Verdict,
    later,
    strongest,
)

LOOP = Reply("5.4.6", "Too many hops: the message goes in circles")
TOO_FAST = Reply("4.7.0", "Too much in too short a time; try again later")


class Rate(BaseModel):
    """At most so many messages or recipients in any stretch of so many seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)
    of: Literal["client", "login", "unit", "sender"]
    """Whose: one address (or IPv6 /64), one login, all logins of a unit, one envelope sender."""
    count: Literal["messages", "recipients"] = "messages"
    most: int = Field(ge=1)
    per_s: float = Field(gt=0)


class Limits(Filter):
    """Refuse what is too big, too deep or too fast, before others spend time on it.

    Of one message: header bytes and fields, hops, MIME parts and depth, fields that must be there
    and fields that may be there once. Of a client, a login, a unit or a sender: rates. A rate
    that is passed asks to come back (450); nothing is lost by it.
    """

    header_bytes: int = 512 * 1024
    """The whole header."""
    header_fields: int = 2000
    """Fields in it."""
    hops: int = 50
    """Received fields; more is a loop (RFC 5321 6.3)."""
    mime_parts: int = 1000
    """Parts of a message, those of messages within it counted."""
    mime_depth: int = 32
    """Multiparts and messages within one another."""
    required: tuple[str, ...] = ("From",)
    """Fields without which a message is refused (RFC 5322 3.6 asks for From and Date)."""
    once: tuple[str, ...] = ("From", "Sender", "Reply-To", "To", "Cc", "Subject", "Date")
    """Fields that may be there once (RFC 5322 3.6)."""
    twice: Action = Action.POINTS
    """What to do where one of these is there more than once: programs show different ones."""
    two_authors: Action = Action.REJECT
    """What to do where it is From."""
    rates: tuple[Rate, ...] = ()
    """What a client, login, unit or sender may send; all of them count at once."""

    def stages(self) -> frozenset[Stage]:
        return super().stages() if self.rates else frozenset({Stage.MESSAGE})

    def mail(self, transaction: Transaction) -> Verdict | None:
        return self._too_fast(transaction, "messages")

    def rcpt(self, transaction: Transaction, recipient: Address) -> Verdict | None:
        del recipient  # Whoever it is, it is one more.
        return self._too_fast(transaction, "recipients")

    def message(self, mail: Mail) -> Verdict | None:
        message = mail.message
        names = [name for name, _ in message.fields]
        return strongest([*self._too_much(message, names), *self._odd(names)])

    def _too_much(self, message: Message, names: list[str]) -> Iterator[Verdict]:
        hops = names.count("received")
        if hops > self.hops:
            yield Reject(later("{hops} Received fields are a loop").format(hops=hops), LOOP)
        for what, found, most in (
            ("header bytes", message.head_size, self.header_bytes),
            ("header fields", len(names), self.header_fields),
            ("MIME parts", len(message.mime.parts), self.mime_parts),
            ("MIME levels", message.mime.depth, self.mime_depth),
        ):
            if found > most:
                reply = Reply("5.6.0", f"Too many {what}: the most is {most}")
                yield Reject(
                    later("{found} {what}; the most is {most}").format(
                        found=found, what=what, most=most
                    ),
                    reply,
                )

    def _odd(self, names: list[str]) -> Iterator[Verdict]:
        present = set(names)
        for field in self.required:
            if field.lower() not in present:
                yield Reject(
                    later("there is no {field}").format(field=field),
                    Reply("5.6.0", f"The message has no {field}"),
                )
        if len(present) == len(names):
            return
        for field in self.once:
            found = names.count(field.lower())
            if found > 1:
                action = self.two_authors if field.lower() == "from" else self.twice
                reply = Reply("5.6.0", f"The message has more than one {field}")
                yield action.verdict(
                    "twice",
                    later("{n} fields {field}, not one").format(n=found, field=field),
                    points=0.5,
                    reply=reply,
                )

    def _too_fast(self, transaction: Transaction, what: str) -> Verdict | None:
        for rate in self.rates:
            whose = _whose(rate.of, transaction) if rate.count == what else ""
            if not whose:
                continue
            kind = f"rate-{rate.of}-{rate.count}-{rate.per_s:g}"
            count = transaction.session.services.notepad.count(kind, whose, rate.per_s)
            if count > rate.most:
                reason = later("{of} {whose}: {count} {what} in {per_s} s, not {most}").format(
                    of=rate.of,
                    whose=whose,
                    count=count,
                    what=what,
                    per_s=f"{rate.per_s:g}",
                    most=rate.most,
                )
                return Defer(reason, TOO_FAST)
        return None


def _whose(of: str, transaction: Transaction) -> str:
    """The key under which it is counted; empty if there is nobody to count."""
    session = transaction.session
    match of:
        case "client":
            return _client(session)
        case "login":
            return session.user
        case "unit":
            person = session.services.directory.person(session.user) if session.user else None
            return person.unit if person else ""
        case _:
            return transaction.sender.key


def _client(session: Session) -> str:
    if isinstance(session.client, IPv6Address):
        return str(ip_network((session.client, 64), strict=False))
    return str(session.client or "")
