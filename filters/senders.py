"""Whose name a mail may go under."""

from ipaddress import IPv4Network, IPv6Network

from gateway.api import (
    Action,
    Address,
    Filter,
    Mail,
    Reject,
    Reply,
    Session,
    Transaction,
    Verdict,
    later,
)

NOT_YOURS = Reply("5.7.1", "You may not send under this address")
SIGN_IN = Reply("5.7.1", "Sign in to send from our domain")


class Senders(Filter):
    """Let nobody send under an address that is not his.

    Who has signed in may use his own addresses and those of the mailboxes that he keeps, in the
    envelope and in every From, Sender, Resent-From and Resent-Sender. Who has not may not use our
    domains at all. A shared mailbox thus needs no shared password.
    """

    forged: Action = Action.REJECT
    """What to do with mail from outside whose envelope or From names one of our domains."""
    null_sender: Action = Action.REJECT
    """What to do with ``MAIL FROM:<>`` of somebody who has signed in: only servers bounce."""
    relays: tuple[IPv4Network | IPv6Network, ...] = ()
    """Clients that bring our own mail without signing in, such as the server behind us."""

    def mail(self, transaction: Transaction) -> Verdict | None:
        session, sender = transaction.session, transaction.sender
        if session.is_inbound:
            if not self._is_forged(session, sender):
                return None
            reason = later("{sender} is ours, and {client} has not signed in").format(
                sender=sender, client=session.client
            )
            return self.forged.verdict("forged-sender", reason, reply=SIGN_IN)
        if not sender:
            reason = later("{user} has signed in and sends with an empty sender").format(
                user=session.user
            )
            return self.null_sender.verdict("null-sender", reason, reply=NOT_YOURS)
        if session.services.directory.may_send_as(session.user, sender):
            return None
        return Reject(
            later("{user} may not send as {sender}").format(user=session.user, sender=sender),
            NOT_YOURS,
        )

    def message(self, mail: Mail) -> Verdict | None:
        if mail.session.is_inbound:
            return self._from_outside(mail)
        may = mail.services.directory.may_send_as
        if not mail.message.authors:
            return Reject(later("there is no From"), Reply("5.6.0", "The message has no From"))
        for field, named in mail.message.sender_fields.items():
            for _, address in named:
                if not address:
                    reason = later("{field} holds what is no address").format(field=field)
                    return Reject(reason, Reply("5.6.0", f"{field} cannot be read"))
                if not may(mail.session.user, address):
                    reason = later("{field}: {user} may not send as {address}").format(
                        field=field, user=mail.session.user, address=address
                    )
                    return Reject(reason, NOT_YOURS)
        return None

    def _from_outside(self, mail: Mail) -> Verdict | None:
        for _, address in mail.message.authors:
            if self._is_forged(mail.session, address):
                reason = later("From says {address}, and {client} has not signed in").format(
                    address=address, client=mail.session.client
                )
                return self.forged.verdict("forged-from", reason, reply=SIGN_IN)
        return None

    def _is_forged(self, session: Session, address: Address) -> bool:
        if not address or not session.services.directory.is_ours(address.domain):
            return False
        return not any(session.client in network for network in self.relays if session.client)
