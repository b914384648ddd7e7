"""Whom mail may go to."""

from gateway.api import (
    Address,
    Answer,
    Defer,
    Filter,
    Reject,
    Reply,
    Stage,
    Transaction,
    Verdict,
    box_kind,
    desk_kind,
    later,
)

UNKNOWN = Reply("5.1.1", "No such mailbox here")
NO_RELAY = Reply("5.7.1", "Relaying denied")
INTERNAL = Reply("5.7.1", "This mailbox takes mail from our own people only")
TOO_MANY = Reply("4.5.3", "Too many recipients; send the rest in another message")
AWAY = Reply("4.3.0", "The mailbox cannot be looked up just now; try again later")


class Recipients(Filter):
    """Take mail for our mailboxes only, unless the sender has signed in.

    A mailbox is ours when the directory knows it, or when the server behind us says so. While
    that server is away, the sender is asked to come back: to guess is to lose mail or to bounce it.
    """

    ask_backend: bool = False
    """Ask the server behind us about addresses that the directory does not know."""
    remember_s: float = 3600.0
    """How long its yes is good for."""
    remember_unknown_s: float = 300.0
    """How long its no is good for."""
    most: int = 100
    """Recipients of one message; RFC 5321 4.5.3.1.8 asks for at least 100."""
    internal: frozenset[str] = frozenset()
    """Addresses of ours that take mail only from who has signed in."""

    def waits_at(self, stage: Stage) -> bool:
        return self.ask_backend and stage is Stage.RCPT

    def rcpt(self, transaction: Transaction, recipient: Address) -> Answer:
        session = transaction.session
        if len(transaction.recipients) >= self.most:
            return Defer(later("{most} recipients are the most").format(most=self.most), TOO_MANY)
        if not session.services.directory.is_ours(recipient.domain):
            if session.is_inbound:
                return Reject(
                    later("{recipient} is not ours, and nobody has signed in").format(
                        recipient=recipient
                    ),
                    NO_RELAY,
                )
            return None
        return self._ours(transaction, recipient)

    def _ours(self, transaction: Transaction, recipient: Address) -> Answer:
        session = transaction.session
        box = session.services.directory.mailbox(recipient)
        if session.is_inbound and self.internal:
            names = {recipient.key} if box is None else {recipient.key, box.address.key}
            if names & self.internal:
                return Reject(
                    later("{recipient} is for our own people").format(recipient=recipient), INTERNAL
                )
        if box is not None:
            return None
        if not session.is_inbound and box_kind(recipient.local) in {"spam", "ham"}:
            return None  # The filter ``quarantine`` sees to it.
        is_desk = recipient.domain == session.services.desk_domain and desk_kind(recipient.local)
        if is_desk and not session.is_inbound:
            return None  # The approval desk; the filter ``approval`` sees to it.
        if self.ask_backend and session.services.backend is not None:
            return self._ask(transaction, recipient)
        return Reject(later("there is no mailbox {recipient}").format(recipient=recipient), UNKNOWN)

    async def _ask(self, transaction: Transaction, recipient: Address) -> Verdict | None:
        services = transaction.session.services
        known = services.notepad.get("backend", recipient.key)
        if known is None:
            assert services.backend is not None, "asked only where there is one"
            try:
                is_known = await services.backend.knows(recipient)
            except (OSError, TimeoutError) as error:
                return Defer(
                    later("the server behind us is away: {error}").format(error=error), AWAY
                )
            known = "yes" if is_known else "no"
            ttl_s = self.remember_s if is_known else self.remember_unknown_s
            services.notepad.put("backend", recipient.key, known, ttl_s)
        if known == "yes":
            return None
        return Reject(
            later("the server behind us knows no {recipient}").format(recipient=recipient), UNKNOWN
        )
