"""Asking the server behind us whether it has a mailbox, before the sender is told yes."""

from __future__ import annotations

from dataclasses import dataclass

from aiosmtplib.errors import SMTPException

from gateway.delivery.exchange import Exchange
from gateway.delivery.mx import NoServer
from gateway.delivery.replies import status_of, text_of
from gateway.delivery.route import ServerRoute
from gateway.delivery.security import TlsFailed
from gateway.delivery.talker import Talker
from gateway.mail.address import Address


@dataclass
class Callout:
    """The ``Backend`` service: MAIL and RCPT to the server that the address's route names.

    ``exchange`` is its own: who asks is not kept waiting by what is being delivered.
    """

    exchange: Exchange

    async def knows(self, address: Address) -> bool:
        """Whether it would take mail for the address. OSError when it cannot say.

        False where the route leads to no server of ours: then the directory alone knows.
        """
        route = self.exchange.table.choose(address)
        if not isinstance(route, ServerRoute) or route.kind == "smarthost":
            return False
        destination = self.exchange.destination(route, address.domain)
        await destination.sweep()
        try:
            code, status, text = await destination.ask(lambda talker: _ask(talker, str(address)))
        except OSError:
            raise
        except (SMTPException, NoServer, TlsFailed) as error:
            raise ConnectionError(str(error)) from error
        return _means(code, status, text)


async def _ask(talker: Talker, address: str) -> tuple[int, str, str]:
    mail, rcpt = await talker.knows(address)
    if mail.code // 100 != 2:  # noqa: PLR2004 - RFC 5321 4.2.1
        raise ConnectionError(f"it refuses to be asked: {text_of(mail)}")
    return rcpt.code, status_of(rcpt), text_of(rcpt)


def _means(code: int, status: str, text: str) -> bool:
    """What an answer to RCPT says of the mailbox. A full one exists (X.2.X); a refusal that is
    about us, or about nothing in particular for now, says nothing."""
    match code // 100, status.split(".")[1]:
        case (2, _) | (4, "2"):
            return True
        case 5, "0" | "1" | "2" | "4":
            return False
        case _:
            raise ConnectionError(f"it does not say whether it knows the mailbox: {text}")
