"""What the other server answers: several replies to several commands (RFC 2920, RFC 2033)."""

from __future__ import annotations

import asyncio
import re

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

    _ahead = 0

    def expect(self, replies: int) -> None:
        """Say how many replies will be read before the next command is written."""
        self._ahead = replies
        self._response_pending = replies > 0

    def data_received(self, data: bytes) -> None:
        waiter = self._response_waiter
        if waiter is None or not self._response_pending:
            return
        self._buffer += data
        if len(self._buffer) > MAX_RESPONSE_LENGTH:
            self._buffer.clear()
            if not waiter.done():
                self._set_response_exception(waiter, SMTPResponseException(-1, "reply too long"))
            return
        self._hand_over()

    def _hand_over(self) -> None:
        waiter = self._response_waiter
        if waiter is None or waiter.done() or not self._buffer:
            return
        try:
            response = self._read_response_from_buffer()
        except SMTPException as error:
            self._set_response_exception(waiter, error)
            return
        if response is not None:
            waiter.set_result(response)

    async def read_response(
        self,
        timeout: float | None = None,  # noqa: ASYNC109 - theirs
    ) -> SMTPResponse:
        """The next reply. SMTPServerDisconnected, SMTPReadTimeoutError."""
        if self._response_waiter is None:
            raise SMTPServerDisconnected("Connection lost")
        self._response_pending = True
        self._hand_over()
        try:
            async with asyncio.timeout(timeout):
                return await self._response_waiter
        except TimeoutError:
            raise SMTPReadTimeoutError("no answer in time") from None
        finally:
            self._ahead = max(0, self._ahead - 1)
            self._response_pending = self._ahead > 0
            if not self._response_pending:
                self._buffer.clear()
            gone = self.transport is None
            self._response_waiter = None if gone else self._loop.create_future()


def text_of(response: SMTPResponse) -> str:
    """A reply on one line that can be kept: the code, the text, without control signs."""
    words = response.message.encode("utf-8", "replace").decode().split()
    text = "".join(c for c in " ".join(words) if c.isprintable())
    return f"{response.code} {text[:TEXT_MAX]}".rstrip()


def status_of(response: SMTPResponse) -> str:
    """The enhanced status code of a reply (RFC 2034), or the nearest that its code allows."""
    kind = response.code // 100
    found = _STATUS.match(response.message)
    if found and found[0].startswith(f"{kind}."):
        return found[0]
    return f"{kind}.0.0" if kind in (2, 4, 5) else "4.5.0"
