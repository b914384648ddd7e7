"""One client: its bytes become questions to an inspection, the verdicts become replies.

A push parser in aiosmtpd's SMTP class: commands are answered as they arrive, the answers to
pipelined ones leave together, and no task is made unless a filter or the journal has to be waited
for. aiosmtpd's own loop reads line by line and copies a message four times; see
decisions/0003-push-parser.md.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import logging
from collections.abc import Callable, Coroutine
from enum import Enum, auto
from ipaddress import ip_address
from typing import Any, TypeVar, cast

from aiosmtpd.smtp import SMTP

from gateway.archive.journal import JournalError
from gateway.chain.filter import Stage
from gateway.chain.inspection import Inspection, Outcome, at_once
from gateway.mail.message import Message
from gateway.mail.session import Purpose, Recipient, Session, Tls, Transaction
from gateway.mail.verdict import Defer, Discard, Reject, Verdict
from gateway.runtime.ids import new_id
from gateway.smtp.commands import BadCommand, is_routed, read_path, xtext
from gateway.smtp.data import Bad, DataDecoder
from gateway.smtp.door import Answer, Crowd, Door, SignInError

log = logging.getLogger(__name__)

T = TypeVar("T")

BUG = "451 4.3.0 Internal error, please try again later"
BUSY_BUFFER = 256 * 1024
"""What a client may send ahead while we are busy with its last command."""
HTTP = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH"})
NOTIFY = frozenset({"NEVER", "SUCCESS", "FAILURE", "DELAY"})
IDLE_COMMANDS = frozenset({b"NOOP", b"RSET", b"VRFY", b"HELP", b"EXPN"})
TLS_FREE = frozenset({b"EHLO", b"HELO", b"STARTTLS", b"NOOP", b"QUIT", b"RSET"})


class State(Enum):
    """What the next bytes are."""

    COMMAND = auto()
    DATA = auto()
    AUTH = auto()
    BUSY = auto()
    CLOSED = auto()


class Conversation(SMTP):
    """Everything that is said on one connection."""

    def __init__(self, door: Door, gone: Callable[[Conversation], None]) -> None:
        # Not SMTP.__init__: it looks over itself and its handler by reflection, 0.5 ms a time.
        asyncio.StreamReaderProtocol.__init__(
            self, asyncio.StreamReader(loop=door.loop), loop=door.loop
        )
        self.loop = door.loop
        self.transport: asyncio.Transport | None = None
        self._door = door
        self._gone = gone
        self._limits = door.limits
        self._state = State.BUSY
        self._buffer = bytearray()
        self._out: list[str] = []
        self._decoder: DataDecoder | None = None
        self._held = 0
        self._counted: str | None = None
        self._commands = self._errors = self._noops = 0
        self._failed = ""
        self._auth: Callable[[bytes], None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_keeping = False
        self._deadline = 0.0
        self._data_began = 0.0
        self._data_bytes = 0

    # The connection.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name.
        peer = self.transport.get_extra_info("peername") or ("", 0)
        client = ip_address(peer[0].partition("%")[0]) if peer[0] else None
        door = self._door
        self._talk = Session(
            new_id(), "smtp", client, door.services, door.table.purpose, client_port=peer[1]
        )
        self._walk = Inspection(door.chain, self._talk)
        self._note_tls()
        now = self.loop.time()
        self._ends = now + self._limits.session_s
        self._deadline = now + self._limits.idle_s
        self._timer = self.loop.call_at(min(self._deadline, self._ends), self._tick)
        if refusal := self._enter():
            self._bye(refusal)
            return
        self._ask(Stage.CONNECT, self._walk.connect, self._greet)
        self._flush()

    def _enter(self) -> str:
        crowd, key = self._door.crowd, Crowd.key(self._talk.client)
        crowd.all += 1
        crowd.by_client[key] += 1
        self._counted = key
        if crowd.all > self._limits.connections:
            return "421 4.3.2 Too many connections, please try again later"
        if crowd.by_client[key] > self._limits.connections_per_client:
            return "421 4.7.0 Too many connections from your address, please try again later"
        return ""

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio gives it.
        self._state = State.CLOSED
        self._timer.cancel()
        self._let_go()
        if self._counted is not None:
            crowd = self._door.crowd
            crowd.all -= 1
            crowd.by_client[self._counted] -= 1
            if crowd.by_client[self._counted] <= 0:
                del crowd.by_client[self._counted]
            self._counted = None
        if self._task is not None and not self._is_keeping:
            self._task.cancel()
        self._note_refused()
        self._gone(self)
        self.transport = None

    def eof_received(self) -> bool:
        return False

    def pause_writing(self) -> None:
        if self.transport is not None:
            self.transport.pause_reading()  # Who does not read our replies is not read either.

    def resume_writing(self) -> None:
        if self.transport is not None:
            self.transport.resume_reading()

    def finish(self) -> None:
        """We are stopping: say goodbye now, or as soon as the message under way is settled."""
        self._ends = 0.0
        if self._state in {State.COMMAND, State.AUTH}:
            self._bye("421 4.3.2 We are stopping, please try again later")

    def _tick(self) -> None:
        if self._state is State.CLOSED:
            return
        now = self.loop.time()
        due = min(self._deadline, self._ends)
        if now < due or self._state is State.BUSY:
            self._timer = self.loop.call_at(max(due, now + 1.0), self._tick)
            return
        self._bye("421 4.4.2 Time is up, please connect again")

    def data_received(self, data: bytes) -> None:
        try:
            self._received(data)
        except Exception:
            log.exception("session %s mail %s", self._talk.id, self._walk.transaction.id)
            self._bye(BUG.replace("451", "421", 1))

    def _received(self, data: bytes) -> None:
        now = self.loop.time()
        self._deadline = now + self._limits.idle_s
        if self._state is State.DATA:
            self._take(data)
        else:
            self._buffer += data
        if self._state is State.BUSY:
            if len(self._buffer) > BUSY_BUFFER and self.transport is not None:
                self.transport.pause_reading()
            return
        self._run()

    def _run(self) -> None:
        while self._state in {State.COMMAND, State.AUTH}:
            end = self._buffer.find(b"\n")
            longest = (
                self._limits.auth_line_bytes
                if self._state is State.AUTH
                else self._limits.command_bytes
            )
            if end > longest or (end < 0 and len(self._buffer) > longest):
                self._bye("500 5.5.2 Line too long")
                return
            if end < 0:
                break
            line = bytes(self._buffer[:end])
            del self._buffer[: end + 1]
            if not line.endswith(b"\r") or b"\r" in line[:-1] or b"\0" in line:
                self._bye("500 5.5.2 A line ends in CR LF, and CR, LF and NUL stand nowhere else")
                return
            self._line(line[:-1])
        self._flush()

    # Replies.

    def _say(self, reply: str) -> None:
        if reply.startswith("5"):
            self._errors += 1
            if self._errors > self._limits.errors:
                self._bye("421 4.7.0 Too many errors")
                return
        self._out.append(reply)

    def _flush(self) -> None:
        if self._out and self.transport is not None:
            self.transport.write(("\r\n".join(self._out) + "\r\n").encode("ascii", "replace"))
        self._out.clear()

    def _bye(self, reply: str) -> None:
        if self._state is State.CLOSED:
            return
        self._out.append(reply)
        self._flush()
        self._state = State.CLOSED
        self._buffer.clear()
        if self.transport is not None:
            self.transport.close()

    # Waiting for a filter or the journal, without a task where nobody waits.

    def _ask(
        self,
        stage: Stage,
        question: Callable[..., Coroutine[Any, Any, T]],
        then: Callable[[T], None],
        *args: object,
    ) -> None:
        if stage not in self._door.chain.waiting:
            then(at_once(question(*args)))
            return
        self._wait(question(*args), then)

    def _wait(self, walk: Coroutine[Any, Any, T], then: Callable[[T], None]) -> None:
        self._flush()
        self._state = State.BUSY
        self._task = self.loop.create_task(self._waited(walk, then))

    async def _waited(self, walk: Coroutine[Any, Any, T], then: Callable[[T], None]) -> None:
        try:
            then(await walk)
        except Exception:
            log.exception("session %s mail %s", self._talk.id, self._walk.transaction.id)
            self._ready(BUG)
        if self._state in {State.COMMAND, State.AUTH, State.DATA}:
            self._resume()

    def _resume(self) -> None:
        """Go on with what the client has sent meanwhile."""
        if self.transport is not None and not self.transport.is_reading():
            self.transport.resume_reading()
        if self._state is State.DATA:
            data = bytes(self._buffer)
            self._buffer.clear()
            self._flush()
            if data:
                self._take(data)
        self._run()
        if self._ends == 0.0:
            self.finish()

    def _ready(self, reply: str) -> None:
        """Say something, and be ready for the next command."""
        if self._state is not State.CLOSED:
            self._state = State.COMMAND
            self._say(reply)

    def _settle(self, verdict: Verdict, yes: str) -> bool:
        """Answer by a verdict; whether it was a yes."""
        if isinstance(verdict, Reject | Defer):
            self._failed = str(verdict.reply)
            self._ready(self._failed)
            return False
        self._ready(yes)
        return True

    def _greet(self, verdict: Verdict) -> None:
        if isinstance(verdict, Reject | Defer):
            code = "554" if isinstance(verdict, Reject) else "421"
            self._failed = f"{code} {verdict.reply.status} {verdict.reply.text}"
            self._bye(self._failed)
            return
        self._ready(f"220 {self._door.services.hostname} ESMTP")

    # Commands.

    def _line(self, line: bytes) -> None:
        if self._state is State.AUTH:
            assert self._auth is not None
            self._auth(line)
            return
        verb, _, rest = line.partition(b" ")
        verb = verb.upper()
        self._commands += 1
        if self._commands > self._limits.commands:
            self._bye("421 4.7.0 Too many commands")
            return
        if verb in HTTP:
            self._bye("421 5.5.1 This is a mail server")
            return
        if verb in IDLE_COMMANDS:
            self._noops += 1
            if self._noops > self._limits.noops:
                self._bye("421 4.7.0 Too many commands that do nothing")
                return
        if self._door.table.tls == "required" and not self._talk.tls and verb not in TLS_FREE:
            self._say("530 5.7.0 Use STARTTLS first")
            return
        command = _COMMANDS.get(verb)
        if command is None:
            self._say("500 5.5.2 Command unknown")
            return
        try:
            command(self, rest)
        except BadCommand as error:
            self._say(str(error))

    def _ehlo(self, rest: bytes) -> None:
        name = self._named(rest)
        lines = [self._door.services.hostname, *self._offers()]
        dashed = [f"250-{line}" for line in lines[:-1]]
        self._forget()
        self._talk.is_esmtp = True
        yes = "\r\n".join([*dashed, f"250 {lines[-1]}"])
        self._ask(Stage.HELO, self._walk.helo, lambda v: void(self._settle(v, yes)), name)

    def _helo(self, rest: bytes) -> None:
        name = self._named(rest)
        self._forget()
        self._talk.is_esmtp = False
        yes = f"250 {self._door.services.hostname}"
        self._ask(Stage.HELO, self._walk.helo, lambda v: void(self._settle(v, yes)), name)

    @staticmethod
    def _named(rest: bytes) -> str:
        name = rest.strip().decode("utf-8", "replace")
        if not name or not name.isprintable() or " " in name:
            raise BadCommand("501 5.5.4 Say your name")
        return name

    def _offers(self) -> list[str]:
        offers = ["PIPELINING", f"SIZE {self._limits.message_bytes}", "8BITMIME", "SMTPUTF8"]
        offers += ["ENHANCEDSTATUSCODES", "DSN"]
        if (
            self._door.tls
            and self._door.table.tls in {"offered", "required"}
            and not self._talk.tls
        ):
            offers.append("STARTTLS")
        if self._door.sign_in and self._talk.tls and not self._talk.user:
            offers.append("AUTH PLAIN LOGIN")
        return offers

    def _mail(self, rest: bytes) -> None:
        if not self._talk.helo:
            raise BadCommand("503 5.5.1 Say EHLO first")
        if self._door.needs_login and not self._talk.user:
            raise BadCommand("530 5.7.0 Sign in first")
        if self._walk.transaction.id:
            raise BadCommand("503 5.5.1 There is a sender already; RSET begins anew")
        if rest[:5].upper() != b"FROM:":
            raise BadCommand("501 5.5.4 Syntax: MAIL FROM:<address>")
        path = read_path(rest[5:], utf8=b"SMTPUTF8" in rest.upper(), null=True)
        begun = Transaction(self._talk, id=new_id(), sender=path.address)
        self._mail_parameters(begun, dict(path.parameters))
        self._ask(Stage.MAIL, self._walk.mail, self._begun, begun)

    def _mail_parameters(self, begun: Transaction, given: dict[str, str]) -> None:
        size = given.pop("SIZE", "0")
        if not (size.isascii() and size.isdigit() and len(size) <= 20):  # noqa: PLR2004 - RFC 1870
            raise BadCommand("501 5.5.4 SIZE is a number of bytes")
        if int(size) > self._limits.message_bytes:
            raise BadCommand("552 5.3.4 Message too big; send large files another way")
        begun.declared_size = int(size)
        body = given.pop("BODY", "7BIT").upper()
        if body not in {"7BIT", "8BITMIME"}:
            raise BadCommand("501 5.5.4 BODY is 7BIT or 8BITMIME")
        begun.is_8bit = body == "8BITMIME"
        begun.is_utf8 = given.pop("SMTPUTF8", None) is not None
        begun.ret = given.pop("RET", "").upper()
        if begun.ret not in {"", "FULL", "HDRS"}:
            raise BadCommand("501 5.5.4 RET is FULL or HDRS")
        try:
            begun.envid = xtext(given.pop("ENVID", ""))
        except ValueError:
            raise BadCommand("501 5.5.4 ENVID is not in order") from None
        given.pop("AUTH", None)  # RFC 4954 5: we believe our own login alone.
        if given:
            raise BadCommand(f"555 5.5.4 Parameter not known: {next(iter(given))[:40]}")

    def _begun(self, verdict: Verdict) -> None:
        if not self._settle(verdict, "250 2.1.0 Sender ok"):
            self._note_refused()
            self._walk.reset()

    def _rcpt(self, rest: bytes) -> None:
        transaction = self._walk.transaction
        if not transaction.id:
            raise BadCommand("503 5.5.1 Say MAIL first")
        if rest[:3].upper() != b"TO:":
            raise BadCommand("501 5.5.4 Syntax: RCPT TO:<address>")
        if len(transaction.recipients) >= self._limits.recipients:
            raise BadCommand("452 4.5.3 Too many recipients; send the rest in another message")
        path = read_path(rest[3:], utf8=transaction.is_utf8, null=False)
        given = dict(path.parameters)
        notify = frozenset(n for n in given.pop("NOTIFY", "").upper().split(",") if n)
        if not notify <= NOTIFY or ("NEVER" in notify and len(notify) > 1):
            raise BadCommand("501 5.5.4 NOTIFY is NEVER, or of SUCCESS, FAILURE and DELAY")
        orcpt = given.pop("ORCPT", "")
        if given:
            raise BadCommand(f"555 5.5.4 Parameter not known: {next(iter(given))[:40]}")
        if not self._may_send_to(path.address.domain) or is_routed(path.address):
            self._failed = "550 5.7.1 Relaying denied"
            raise BadCommand(self._failed)
        recipient = Recipient(path.address, notify, orcpt)
        yes = "250 2.1.5 Recipient ok"
        self._ask(Stage.RCPT, self._walk.rcpt, lambda v: void(self._settle(v, yes)), recipient)

    def _may_send_to(self, domain: str) -> bool:
        talk = self._talk
        if talk.user or talk.services.directory.is_ours(domain):
            return True
        if talk.listener is not Purpose.INBOUND or talk.client is None:
            return False
        return any(talk.client in network for network in self._door.table.relay_from)

    def _rset(self, _: bytes) -> None:
        self._forget()
        self._say("250 2.0.0 Forgotten")

    def _noop(self, _: bytes) -> None:
        self._say("250 2.0.0 Ok")

    def _vrfy(self, _: bytes) -> None:
        self._say("252 2.1.5 Send some mail, and see")

    def _help(self, _: bytes) -> None:
        self._say("214 2.0.0 RFC 5321")

    def _expn(self, _: bytes) -> None:
        self._say("502 5.5.1 Not here")

    def _quit(self, _: bytes) -> None:
        self._bye("221 2.0.0 Goodbye")

    # TLS and signing in.

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
        self._note_tls()
        self._forget()
        self._talk.helo = ""
        self._state = State.COMMAND

    def _note_tls(self) -> None:
        assert self.transport is not None
        cipher = self.transport.get_extra_info("cipher")
        self._talk.tls = Tls(cipher[1], cipher[0]) if cipher else None

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

    # The message.

    def _data(self, rest: bytes) -> None:
        if rest:
            raise BadCommand("501 5.5.4 DATA takes no parameter")
        if not self._walk.transaction.id:
            raise BadCommand("503 5.5.1 Say MAIL first")
        if not self._walk.transaction.recipients:
            raise BadCommand("554 5.5.1 No recipient was accepted")
        if self._buffer:
            self._bye("421 5.5.1 A message sent before our 354 is not taken")
            return
        if self._door.budget.used >= self._door.budget.limit:
            self._state = State.BUSY
            self._door.budget.waiting.append(self._admitted)
            return
        self._begin_data()

    def _admitted(self) -> None:
        if self._state is not State.CLOSED:
            self._begin_data()
            self._flush()

    def _begin_data(self) -> None:
        self._out.append("354 Send the message, and end it with a dot on a line of its own")
        self._decoder = DataDecoder(self._limits)
        self._state = State.DATA
        self._data_began, self._data_bytes = self.loop.time(), 0

    def _take(self, data: bytes) -> None:
        assert self._decoder is not None
        self._data_bytes += len(data)
        took = self.loop.time() - self._data_began
        if took > self._limits.idle_s and self._data_bytes < took * self._limits.data_rate_min:
            self._bye("421 4.4.2 Too slow")
            return
        done = self._decoder.feed(data)
        self._hold(
            self._decoder.size
            if done is None
            else len(done[0])
            if not isinstance(done[0], Bad)
            else 0
        )
        if done is None:
            return
        self._decoder = None
        content, rest = done
        self._buffer += rest
        if isinstance(content, Bad):
            self._reject(content.reply.decode())
            return
        message = Message(content)
        if len(message.all("Received")) > self._limits.hops:
            self._reject("554 5.4.6 The message goes round in a circle: too many Received fields")
            return
        self._ask(Stage.MESSAGE, self._walk.message, self._judged, message)

    def _reject(self, reply: str) -> None:
        self._failed = reply
        self._note_refused()
        self._finished(reply)

    def _judged(self, outcome: Outcome) -> None:
        if isinstance(outcome.verdict, Reject | Defer):
            self._reject(str(outcome.verdict.reply))
            return
        if not outcome.recipients and not isinstance(outcome.verdict, Discard):
            self._finished("554 5.5.1 No recipient is left")
            return
        self._state = State.BUSY
        self._flush()
        self._is_keeping = True
        kept = asyncio.ensure_future(self._door.keep(outcome), loop=self.loop)
        kept.add_done_callback(self._kept)

    def _kept(self, kept: asyncio.Future[Answer]) -> None:
        self._is_keeping = False
        if kept.cancelled():
            reply = BUG
        elif (error := kept.exception()) is None:
            reply = kept.result().text
        elif isinstance(error, JournalError):
            code = "452" if error.status == "4.3.1" else "451"
            reply = f"{code} {error.status} It could not be kept; please try again later"
        else:
            log.error("mail %s was not kept", self._walk.transaction.id, exc_info=error)
            reply = BUG
        self._finished(reply)
        if self._state is State.COMMAND:
            self._resume()

    def _finished(self, reply: str) -> None:
        self._let_go()
        self._walk.reset()
        self._noops = 0
        self._failed = ""
        self._ready(reply)

    def _forget(self) -> None:
        self._note_refused()
        self._walk.reset()

    def _note_refused(self) -> None:
        """Keep what was refused in the archive, once for each transaction."""
        if self._failed:
            failed, self._failed = self._failed, ""
            self._door.refused(self._walk, failed)

    def _hold(self, size: int) -> None:
        self._door.budget.take(size - self._held)
        self._held = size

    def _let_go(self) -> None:
        if self._held:
            held, self._held = self._held, 0
            self._door.budget.free(held)


def void(_: object) -> None:
    """For a callback whose answer nobody needs."""


_COMMANDS: dict[bytes, Callable[[Conversation, bytes], None]] = {
    b"EHLO": Conversation._ehlo,  # noqa: SLF001 - a table of this module's own class
    b"HELO": Conversation._helo,  # noqa: SLF001
    b"MAIL": Conversation._mail,  # noqa: SLF001
    b"RCPT": Conversation._rcpt,  # noqa: SLF001
    b"DATA": Conversation._data,  # noqa: SLF001
    b"RSET": Conversation._rset,  # noqa: SLF001
    b"NOOP": Conversation._noop,  # noqa: SLF001
    b"VRFY": Conversation._vrfy,  # noqa: SLF001
    b"EXPN": Conversation._expn,  # noqa: SLF001
    b"HELP": Conversation._help,  # noqa: SLF001
    b"QUIT": Conversation._quit,  # noqa: SLF001
    b"STARTTLS": Conversation._starttls,  # noqa: SLF001
    b"AUTH": Conversation._auth_command,  # noqa: SLF001
}
