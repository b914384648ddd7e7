"""The one thing a filter author has to know."""

from __future__ import annotations

from collections.abc import Awaitable
from enum import StrEnum
from inspect import iscoroutinefunction
from typing import ClassVar, TypeAlias

from pydantic import BaseModel, ConfigDict

from gateway.mail.address import Address
from gateway.mail.session import Mail, Session, Transaction
from gateway.mail.verdict import Verdict

Answer: TypeAlias = Verdict | Awaitable[Verdict | None] | None
"""None is "no opinion". A method that has to wait for something is written ``async def``."""


class Stage(StrEnum):
    """The points of an SMTP conversation at which filters are asked, in order."""

    CONNECT = "connect"
    HELO = "helo"
    MAIL = "mail"
    RCPT = "rcpt"
    BODY = "body"
    MESSAGE = "message"
    LEAVE = "leave"

    __hash__ = str.__hash__  # Enum's own is a call in Python, and stages are asked for all day.


class Filter(BaseModel):
    """A rule about mail.

    Its fields are its settings, its docstring is its documentation, its methods are the stages at
    which it wants to be asked, and its file name is the name by which config/ refers to it. To
    have no opinion, return None. A filter is frozen: one object serves every connection at once,
    so what must be remembered is kept in ``session.facts`` or in ``session.services``.

    A filter that only thinks is written with plain ``def``: it is asked in line and must be done
    in well under a millisecond. One that waits (DNS, another server, a thread) is ``async def``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    gates: ClassVar[bool] = False
    """Asked also about what another filter has trusted: no order of filters walks around it."""
    again: ClassVar[bool] = False
    """Asked about a message once more before it is released from quarantine, days later."""

    reads_documents: ClassVar[bool] = False
    """Asks ``session.services.documents``, whose readers are then started with the gateway."""

    def connect(self, session: Session) -> Answer:
        """A client has connected."""

    def helo(self, session: Session) -> Answer:
        """It has said its name, ``session.helo``."""

    def mail(self, transaction: Transaction) -> Answer:
        """It has named a sender, ``transaction.sender``."""

    def rcpt(self, transaction: Transaction, recipient: Address) -> Answer:
        """It has named a recipient; a refusal here concerns this recipient only."""

    def body(self, transaction: Transaction, chunk: bytes) -> Answer:
        """A piece of the body has arrived. Few filters need this; ``message`` sees it whole."""

    def message(self, mail: Mail) -> Answer:
        """The message is complete. This is the last chance to say no."""

    def leave(self, mail: Mail) -> Answer:
        """All is decided, and ``mail.message`` is as it will leave: sign it, add fields, or pass.

        Asked about mail that somebody else trusted, too, and about what is held.
        """

    def stages(self) -> frozenset[Stage]:
        """The stages this filter takes part in: the methods it has of its own.

        A filter that has nothing to say at one of them, with the settings as they are, may leave
        that one out.
        """
        mine = type(self)
        return frozenset(s for s in Stage if getattr(mine, s) is not getattr(Filter, s))

    def waits_at(self, stage: Stage) -> bool:
        """Whether the method of this stage has to be awaited, with the settings as they are."""
        return iscoroutinefunction(getattr(self, stage))
