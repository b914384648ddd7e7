"""What the other server answers: several replies to several commands (RFC 2920, RFC 2033)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import cast

from aiosmtplib import SMTPResponse
from aiosmtplib.errors import (
    SMTPException,
    SMTPReadTimeoutError,
    SMTPResponseException,
    SMTPServerDisconnected,
)
from aiosmtplib.protocol import MAX_RESPONSE_LENGTH, SMTPProtocol

_STATUS = re.compile(r"[245]\.\d{1,3}\.\d{1,3}(?= |$)")
TEXT_MAX = 500


class Replies(SMTPProtocol):
    """aiosmtplib's protocol, which reads one reply to one command: here as many as are expected.

    What comes unasked is thrown away, so that it never counts as an answer to a later command.
    """

    _wanted = 1
    _heard_at = 0.0
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._heard: list[SMTPResponse] = []

    def expect(self, replies: int) -> list[SMTPResponse]:
        """Say how many replies will be read before the next command is written; they are put
        into this list as they come."""
        self._wanted, self._heard = replies, []
        self._response_pending = replies > 0
        return self._heard

    def write_all(self, pieces: Sequence[bytes | memoryview]) -> None:
        """``write`` for several, without copying them. SMTPServerDisconnected."""
        if self.transport is None or self.transport.is_closing():
            raise SMTPServerDisconnected("Connection lost")
        cast("asyncio.Transport", self.transport).writelines(pieces)

    def data_received(self, data: bytes) -> None:
        waiter = self._response_waiter
        if waiter is None or not self._response_pending or waiter.done():
            return
        self._buffer += data
        try:
            self._sort(waiter)
            if len(self._buffer) > MAX_RESPONSE_LENGTH:
                raise SMTPResponseException(-1, "reply too long")
        except SMTPException as error:
            self._set_response_exception(waiter, error)

    def _sort(self, waiter: asyncio.Future[SMTPResponse]) -> None:
        while (response := self._read_response_from_buffer()) is not None:
            self._heard.append(response)
            self._heard_at = self._loop.time()
            if len(self._heard) == self._wanted:
                self._buffer.clear()
                waiter.set_result(response)

    async def heard_all(self, timeout: float | None) -> None:  # noqa: ASYNC109 - as aiosmtplib's
        """All replies that are expected have come, none later than ``timeout`` seconds after the
        one before. SMTPServerDisconnected, SMTPReadTimeoutError."""
        if self._response_waiter is None:
            raise SMTPServerDisconnected("Connection lost")
        self._heard_at = self._loop.time()
        if timeout is not None:
            self._timer = self._loop.call_later(timeout, self._look, timeout)
        try:
            await self._response_waiter
        finally:
            if self._timer is not None:
                self._timer.cancel()
            self._response_pending = False
            self._buffer.clear()
            self._wanted, self._heard = 1, []
            gone = self.transport is None
            self._response_waiter = None if gone else self._loop.create_future()

    def _look(self, timeout: float) -> None:
        waiter, left = self._response_waiter, self._heard_at + timeout - self._loop.time()
        if waiter is None or waiter.done():
            return
        if left > 0:
            self._timer = self._loop.call_later(left, self._look, timeout)
        else:
            self._set_response_exception(waiter, SMTPReadTimeoutError("no answer in time"))

    async def read_response(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - theirs
    ) -> SMTPResponse:
        """The one reply to one command. SMTPServerDisconnected, SMTPReadTimeoutError."""
        heard = self._heard
        await self.heard_all(timeout)
        return heard[0]


def text_of(response: SMTPResponse) -> str:
    """A reply on one line that can be kept: the code, the text, without control signs."""
    text = " ".join(response.message.encode("utf-8", "replace").decode().split())
    if not text.isprintable():
        text = "".join(c for c in text if c.isprintable())
    return f"{response.code} {text[:TEXT_MAX]}".rstrip()


def status_of(response: SMTPResponse) -> str:
    """The enhanced status code of a reply (RFC 2034), or the nearest that its code allows."""
    kind = response.code // 100
    found = _STATUS.match(response.message)
    if found and found[0].startswith(f"{kind}."):
        return found[0]
    return f"{kind}.0.0" if kind in (2, 4, 5) else "4.5.0"
