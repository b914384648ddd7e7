"""Another server, by SMTP or LMTP, over connections that are kept for the next message."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import aiosmtplib
from aiosmtplib.protocol import SMTPProtocol
from aiosmtplib.typing import Default

from gateway.delivery.outcome import Attempt
from gateway.delivery.route import ServerRoute

CRLF_DOT = b"\r\n."


class _Talker(aiosmtplib.SMTP):
    """aiosmtplib, but the body is sent as it is: it would be rewritten by regex, twice."""

    def __init__(self, route: ServerRoute, hostname: str) -> None:
        context = ssl.create_default_context()
        if route.tls != "verify":
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        super().__init__(
            hostname=route.host,
            port=route.port,
            local_hostname=hostname,
            timeout=route.timeout_s,
            start_tls=route.tls != "none",  # None would fall back to clear text.
            tls_context=context,
        )
        self._is_lmtp = route.kind == "lmtp"

    async def execute_command(
        self,
        *args: bytes,
        timeout: float | Literal[Default.token] | None = Default.token,  # noqa: ASYNC109 - theirs
    ) -> aiosmtplib.SMTPResponse:
        if self._is_lmtp and args[0] == b"EHLO":
            args = (b"LHLO", *args[1:])  # RFC 2033 4.1: the same, by another name.
        return await super().execute_command(*args, timeout=timeout)

    async def send_bytes(self, head: bytes, body: memoryview) -> aiosmtplib.SMTPResponse:
        """DATA, then exactly these bytes with their dots stuffed (RFC 5321 4.5.2)."""
        start = await self.execute_command(b"DATA")
        if start.code != aiosmtplib.SMTPStatus.start_input:
            return start
        protocol = self.protocol
        assert isinstance(protocol, SMTPProtocol)
        data = b"".join((head, body))
        if data.startswith(b"."):
            data = b"." + data
        if CRLF_DOT in data:
            data = data.replace(CRLF_DOT, b"\r\n..")
        end = b".\r\n" if data.endswith(b"\r\n") else b"\r\n.\r\n"
        protocol._response_pending = True  # noqa: SLF001 - execute_command does the same.
        protocol.write(data)
        protocol.write(end)
        return await protocol.read_response(timeout=self.timeout)


@dataclass
class Server:
    """One destination: its idle connections, and how many there may be at once."""

    route: ServerRoute
    hostname: str
    _idle: deque[_Talker] = field(default_factory=deque)
    _slots: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._slots = asyncio.Semaphore(self.route.connections)

    @property
    def name(self) -> str:
        return f"{self.route.kind}://{self.route.host}:{self.route.port}"

    async def deliver(
        self, sender: str, recipients: Sequence[str], head: bytes, body: memoryview, *, utf8: bool
    ) -> dict[str, Attempt]:
        """One transaction; what became of it for each recipient."""
        async with self._slots:
            try:
                talker = await self._connected()
            except (aiosmtplib.SMTPException, OSError) as error:
                return dict.fromkeys(recipients, self._away(error))
            try:
                said = await self._transaction(talker, sender, recipients, head, body, utf8=utf8)
            except (aiosmtplib.SMTPException, OSError) as error:
                talker.close()
                return dict.fromkeys(recipients, self._away(error))
            self._idle.append(talker)
            return said

    async def close(self) -> None:
        while self._idle:
            talker = self._idle.pop()
            try:
                await talker.quit()
            except (aiosmtplib.SMTPException, OSError):
                talker.close()

    async def _connected(self) -> _Talker:
        while self._idle:
            talker = self._idle.pop()
            if talker.is_connected:
                return talker
        talker = _Talker(self.route, self.hostname)
        await talker.connect()
        if talker.is_ehlo_or_helo_needed:
            await talker.ehlo()
        return talker

    async def _transaction(
        self,
        talker: _Talker,
        sender: str,
        recipients: Sequence[str],
        head: bytes,
        body: memoryview,
        *,
        utf8: bool,
    ) -> dict[str, Attempt]:
        if utf8 and not talker.supports_extension("smtputf8"):
            lacks = Attempt("failed", "5.6.7", "the next server does not take SMTPUTF8", self.name)
            return dict.fromkeys(recipients, lacks)
        options = [b"SMTPUTF8"] if utf8 else []
        if talker.supports_extension("8bitmime"):
            options.append(b"BODY=8BITMIME")
        if talker.supports_extension("size"):
            options.append(b"SIZE=%d" % (len(head) + len(body)))
        mail = await talker.execute_command(b"MAIL", b"FROM:<%b>" % sender.encode(), *options)
        if mail.code >= 400:  # noqa: PLR2004 - RFC 5321 4.2.1
            await talker.rset()
            return dict.fromkeys(recipients, self._said(mail))
        said: dict[str, Attempt] = {}
        for recipient in recipients:
            rcpt = await talker.execute_command(b"RCPT", b"TO:<%b>" % recipient.encode())
            if rcpt.code >= 400:  # noqa: PLR2004
                said[recipient] = self._said(rcpt)
        taken = [r for r in recipients if r not in said]
        if not taken:
            await talker.rset()
            return said
        done = self._said(await talker.send_bytes(head, body))
        return {**said, **dict.fromkeys(taken, done)}

    def _said(self, response: aiosmtplib.SMTPResponse) -> Attempt:
        text = " ".join(response.message.split())[:500]
        first = text.partition(" ")[0]
        kind = response.code // 100
        has_status = first.count(".") == 2 and first.replace(".", "").isdigit()  # noqa: PLR2004
        status = first if has_status else f"{kind}.0.0"
        result = {2: "delivered", 5: "failed"}.get(kind, "deferred")
        return Attempt(result, status, f"{response.code} {text}", self.name)  # type: ignore[arg-type]

    def _away(self, error: Exception) -> Attempt:
        text = " ".join(f"{type(error).__name__}: {error}".split())[:500]
        return Attempt("deferred", "4.4.1", text, self.name)
