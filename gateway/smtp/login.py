"""STARTTLS (RFC 3207) and AUTH PLAIN and LOGIN (RFC 4954, 4616): only under TLS."""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable

from gateway.smtp.commands import BadCommand
from gateway.smtp.door import SignInError
from gateway.smtp.wire import State, Wire

log = logging.getLogger(__name__)


class Login(Wire):
    """A connection on which somebody may sign in."""

    def _starttls(self, rest: bytes) -> None:
        if rest:
            raise BadCommand("501 5.5.4 STARTTLS takes no parameter")
        if self._door.tls is None or self._door.table.tls not in {"offered", "required"}:
            raise BadCommand("502 5.5.1 No TLS here")
        if self._talk.tls:
            raise BadCommand("503 5.5.1 TLS is on already")
        if self._buffer:  # Sent in clear text ahead of the handshake: somebody put it there.
            self._bye("421 5.5.1 Nothing may follow STARTTLS before the handshake")
            return
        self._out.append("220 2.0.0 Begin")
        self._wait(self._upgrade(), self._upgraded)

    async def _upgrade(self) -> asyncio.Transport | None:
        assert self.transport is not None
        assert self._door.tls is not None
        try:
            return await self.loop.start_tls(
                self.transport,
                self,
                self._door.tls,
                server_side=True,
                ssl_handshake_timeout=self._limits.handshake_s,
            )
        except OSError as error:
            log.info("session %s: no TLS: %s", self._talk.id, error)
            return None

    def _upgraded(self, transport: asyncio.Transport | None) -> None:
        if transport is None:
            if self.transport is not None:
                self.transport.abort()
            self._state = State.CLOSED
            return
        self.transport = transport
        self._buffer.clear()
        self._note_tls()
        self._forget()
        self._talk.helo = ""
        self._state = State.COMMAND

    def _auth_command(self, rest: bytes) -> None:
        if self._door.sign_in is None:
            raise BadCommand("502 5.5.1 Nobody signs in here")
        if not self._talk.tls:
            raise BadCommand("538 5.7.11 Use STARTTLS first")
        if not self._talk.helo or self._talk.user or self._walk.transaction.id:
            raise BadCommand("503 5.5.1 Not now")
        mechanism, _, initial = rest.partition(b" ")
        match mechanism.upper():
            case b"PLAIN" if initial:
                self._plain(initial)
            case b"PLAIN":
                self._prompt("", self._plain)
            case b"LOGIN" if initial:
                self._login_name(initial)
            case b"LOGIN":
                self._prompt("VXNlcm5hbWU6", self._login_name)
            case _:
                raise BadCommand("504 5.5.4 PLAIN or LOGIN")

    def _prompt(self, text: str, then: Callable[[bytes], None]) -> None:
        self._out.append(f"334 {text}")
        self._state = State.AUTH
        self._auth = then

    def _plain(self, line: bytes) -> None:
        parts = self._unwrapped(line).split(b"\0")
        if len(parts) != 3:  # noqa: PLR2004 - RFC 4616: authzid, authcid, password
            self._ready("501 5.5.2 Not in order")
            return
        self._check(parts[1], parts[2])

    def _login_name(self, line: bytes) -> None:
        name = self._unwrapped(line)
        self._prompt("UGFzc3dvcmQ6", lambda word: self._check(name, self._unwrapped(word)))

    def _unwrapped(self, line: bytes) -> bytes:
        self._state = State.COMMAND
        if line == b"*":
            raise BadCommand("501 5.7.0 As you wish")
        try:
            return base64.b64decode(b"" if line == b"=" else line, validate=True)
        except binascii.Error:
            raise BadCommand("501 5.5.2 Not base64") from None

    def _check(self, login: bytes, password: bytes) -> None:
        self._wait(self._checked(login, password), self._ready)

    async def _checked(self, login: bytes, password: bytes) -> str:
        assert self._door.sign_in is not None
        try:
            self._talk.user = await self._door.sign_in(
                self._talk.client,
                login.decode("utf-8", "replace"),
                password.decode("utf-8", "replace"),
            )
        except SignInError as error:
            return str(error)
        return "235 2.7.0 Signed in"
