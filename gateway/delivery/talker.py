"""One connection to another server: aiosmtplib, with commands in one write and the bytes as is."""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import aiosmtplib
from aiosmtplib import SMTPResponse
from aiosmtplib.errors import SMTPConnectResponseError, SMTPException, SMTPServerDisconnected
from aiosmtplib.typing import Default

from gateway.delivery.dots import stuffed
from gateway.delivery.outcome import Attempt, Letter, Origin, To
from gateway.delivery.replies import Replies, status_of, text_of
from gateway.delivery.xclient import introduction, xtext

START, READY = 354, 220
FINAL_S = 600.0
"""For the answer to the final dot (RFC 5321 4.5.3.2.6): who gives up earlier delivers twice."""
SLOWEST = 8192
"""Bytes per second at which a message is still waited for."""
LINE_MAX = 998
"""Octets in a line of text without its CR LF (RFC 5322 2.1.1)."""
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_LONG_LINE = re.compile(rb"[^\r\n]{%d}" % (LINE_MAX + 1))


@dataclass(frozen=True, slots=True)
class Place:
    """Where to connect to. ``name`` is what its certificate has to bear, and the SNI."""

    address: str
    port: int
    name: str
    kind: Literal["smtp", "lmtp"] = "smtp"
    is_implicit: bool = False
    """TLS from the first byte (RFC 8314 3.3)."""

    def __str__(self) -> str:
        where = self.name if self.name == self.address else f"{self.name}[{self.address}]"
        return f"{self.kind}://{where}:{self.port}"


class Talker(aiosmtplib.SMTP):
    """A connection that is kept for the next message.

    aiosmtplib would rewrite the body by regex, twice, and wait for each reply; and it cannot
    connect to an address under another name.
    """

    def __init__(
        self,
        place: Place,
        hostname: str,
        context: ssl.SSLContext | None,
        *,
        timeout_s: float,
        connect_s: float,
    ) -> None:
        super().__init__(
            hostname=place.name,
            port=place.port,
            local_hostname=hostname,
            timeout=timeout_s,
            use_tls=place.is_implicit,
            start_tls=False,  # Whoever connects decides; None would fall back to clear text.
            tls_context=context,
        )
        self.place = place
        self.label = str(place)
        """How it is written down: the place, and what is known of the encryption."""
        self.is_sent = False
        """The final dot of this transaction has gone out: nobody knows whether it arrived."""
        self.uses = 0
        self.idle_since = 0.0
        self.introduced = Origin()
        self.is_told_origins = False
        """This server is to hear whose messages come (XCLIENT)."""
        self._connect_s = connect_s

    async def _create_connection(self, timeout: float | None) -> SMTPResponse:  # noqa: ASYNC109 - theirs
        loop = asyncio.get_running_loop()
        protocol = Replies(loop=loop, connection_lost_callback=self._on_connection_lost)
        context = self.tls_context if self.use_tls else None
        async with asyncio.timeout(self._connect_s):
            self.transport, _ = await loop.create_connection(
                lambda: protocol,
                self.place.address,
                self.place.port,
                ssl=context,
                server_hostname=self.place.name if context else None,
                ssl_handshake_timeout=self._connect_s if context else None,
            )
        self.protocol = protocol
        greeting = await protocol.read_response(timeout=timeout)
        if greeting.code != READY:
            raise SMTPConnectResponseError(greeting.code, greeting.message)
        return greeting

    async def execute_command(
        self,
        *args: bytes,
        timeout: float | Literal[Default.token] | None = Default.token,  # noqa: ASYNC109 - theirs
    ) -> SMTPResponse:
        if self.place.kind == "lmtp" and args[0] == b"EHLO":
            args = (b"LHLO", *args[1:])  # RFC 2033 4.1: the same, by another name.
        return await super().execute_command(*args, timeout=timeout)

    async def greet(self) -> None:
        """EHLO; HELO where that is not known and SMTP is spoken."""
        if self.place.kind == "lmtp":
            await self.ehlo()
        else:
            await self._ehlo_or_helo_if_needed()

    def suits(self, origin: Origin) -> bool:
        """Whether a message from there may go over this connection."""
        return bool(origin.address) or not self.introduced.address

    async def introduce(self, origin: Origin) -> None:
        """Tell a server that trusts us whose message comes next (XCLIENT), if it wants to know."""
        offered = self.esmtp_extensions.get("xclient", "") if self.is_told_origins else ""
        words = introduction(origin, offered.split())
        if not words or origin == self.introduced:
            return
        answer = await self.execute_command(b"XCLIENT", *words)
        if answer.code != READY:
            raise SMTPException(f"XCLIENT was answered {text_of(answer)}")
        self.introduced = origin
        self._reset_server_state()
        await self.greet()

    async def send(self, letter: Letter, to: Sequence[To]) -> list[Attempt]:
        """One transaction; what became of it for each recipient, in their order.

        SMTPException or OSError where the connection is lost; then ``is_sent`` tells how far it
        came.
        """
        self.is_sent = False
        self.uses += 1
        if (lacks := self._lacks(letter, to)) is not None:
            return [lacks] * len(to)
        envelope = self._envelope(letter, to)
        if any(map(_CONTROL.search, envelope)):
            return [Attempt("failed", "5.1.3", "an address has a control character", "")] * len(to)
        asked = await self._ask(envelope)
        mail, rcpts = asked[0], asked[1 : len(to) + 1]
        start = asked[-1] if len(asked) == len(to) + 2 else None
        taken = [_is_yes(mail) and _is_yes(rcpt) for rcpt in rcpts]
        if start is not None and start.code == START:
            ends = iter(await self._data(letter, sum(taken)))
            no = rcpts if _is_yes(mail) else [mail] * len(to)
            return [next(ends) if ok else self._said(n) for ok, n in zip(taken, no, strict=True)]
        said = [self._said(rcpt if _is_yes(mail) else mail) for rcpt in rcpts]
        if not rcpts:
            said = [self._said(mail)] * len(to)
        if start is not None and any(taken):
            refused = self._said(start)
            said = [refused if ok else one for ok, one in zip(taken, said, strict=True)]
        if self.is_connected:
            await self.rset()
        return said

    async def knows(self, recipient: str) -> tuple[SMTPResponse, SMTPResponse]:
        """What it says to MAIL and RCPT for an address, when no message follows."""
        self.uses += 1
        mail = await self.execute_command(b"MAIL", b"FROM:<>")
        rcpt = await self.execute_command(b"RCPT", b"TO:<%b>" % recipient.encode())
        await self.rset()
        return mail, rcpt

    def _lacks(self, letter: Letter, to: Sequence[To]) -> Attempt | None:
        """What this server cannot do and the message needs. Bytes are never written anew."""
        has = self.supports_extension
        if letter.needs_utf8(to) and not has("smtputf8"):
            return self._no("5.6.7", "it takes no addresses or headers in UTF-8 (SMTPUTF8)")
        if not has("8bitmime") and letter.is_8bit:
            return self._no("5.6.3", "it takes no 8-bit text (8BITMIME), and we change no message")
        room = self.esmtp_extensions.get("size", "")
        if room.isdigit() and 0 < int(room) < letter.size:
            return self._no("5.3.4", f"the message has {letter.size} bytes, it takes {room}")
        return None

    def _no(self, status: str, text: str) -> Attempt:
        return Attempt("failed", status, f"the next server cannot take it: {text}", self.label)

    def _envelope(self, letter: Letter, to: Sequence[To]) -> list[bytes]:
        has = self.supports_extension
        mail = [b"MAIL FROM:<%b>" % letter.sender.encode()]
        mail += [b"SMTPUTF8"] if letter.needs_utf8(to) else []
        mail += [b"BODY=8BITMIME"] if has("8bitmime") else []
        mail += [b"SIZE=%d" % letter.size] if has("size") else []
        if has("dsn"):
            mail += [b"RET=" + letter.ret.encode()] if letter.ret else []
            mail += [b"ENVID=" + xtext(letter.envid)] if letter.envid else []
        lines = [b" ".join(mail)]
        for one in to:
            words = [b"RCPT TO:<%b>" % one.address.encode()]
            if has("dsn"):
                words += [b"NOTIFY=" + ",".join(one.notify).encode()] if one.notify else []
                words += [b"ORCPT=" + one.orcpt.encode()] if _is_plain(one.orcpt) else []
            lines.append(b" ".join(words))
        return lines

    async def _ask(self, lines: list[bytes]) -> list[SMTPResponse]:
        """The envelope and DATA, in one write where the server allows it (RFC 2920)."""
        if self.supports_extension("pipelining") or self.place.kind == "lmtp":
            return await self._together([*lines, b"DATA"])
        answers: list[SMTPResponse] = []
        for line in lines:
            answers.append(await self.execute_command(line))
            if not _is_yes(answers[0]):
                return answers
        if any(map(_is_yes, answers[1:])):
            answers.append(await self.execute_command(b"DATA"))
        return answers

    async def _together(self, lines: list[bytes]) -> list[SMTPResponse]:
        protocol = self._replies()
        heard = protocol.expect(len(lines))
        protocol.write(b"\r\n".join([*lines, b""]))
        await protocol.heard_all(self.timeout)
        return heard

    async def _data(self, letter: Letter, taken: int) -> list[Attempt]:
        """What is said to the message: once, or by LMTP once for each recipient that was taken
        (RFC 2033 4.2)."""
        protocol = self._replies()
        replies = taken if self.place.kind == "lmtp" else 1
        heard = protocol.expect(replies)
        self.is_sent = taken > 0
        protocol.write_all(stuffed(letter.head, letter.body) if taken else [b".\r\n"])
        try:
            await protocol.heard_all(FINAL_S + letter.size / SLOWEST)
        except SMTPException as error:
            if not heard:
                raise
            # Those who have been told yes are not to be delivered to again.
            self.close()
            lost = Attempt("deferred", "4.4.2", f"the connection was lost: {error}", self.label)
            return [*(self._said(one, letter) for one in heard), *[lost] * (replies - len(heard))]
        said = [self._said(one, letter) for one in heard]
        return said if self.place.kind == "lmtp" else said * taken

    def _replies(self) -> Replies:
        if not isinstance(self.protocol, Replies):
            raise SMTPServerDisconnected("Connection lost")
        return self.protocol

    def _said(self, response: SMTPResponse, letter: Letter | None = None) -> Attempt:
        text = text_of(response)
        match response.code // 100:
            case 2:
                status = status_of(response)
                return Attempt("delivered", status, text, self.label, success=self._success())
            case 5:
                if letter is not None and _has_long_line(letter):
                    text += f" (it has lines of more than {LINE_MAX} octets)"
                return Attempt("failed", status_of(response), text, self.label)
            case _:
                return Attempt("deferred", status_of(response), text, self.label)

    def _success(self) -> Literal["", "delivered", "relayed"]:
        if self.place.kind == "lmtp":
            return "delivered"
        return "" if self.supports_extension("dsn") else "relayed"


def _is_yes(response: SMTPResponse) -> bool:
    return response.code // 100 == 2  # noqa: PLR2004 - RFC 5321 4.2.1


def _is_plain(orcpt: str) -> bool:
    return bool(orcpt) and orcpt.isascii() and ";" in orcpt


def _has_long_line(letter: Letter) -> bool:
    return bool(_LONG_LINE.search(letter.head) or _LONG_LINE.search(letter.body))
