"""One client: its commands become questions to an inspection, the verdicts become replies."""

from __future__ import annotations

from collections.abc import Callable

from gateway.chain.filter import Stage
from gateway.chain.inspection import Outcome
from gateway.mail.message import Message
from gateway.mail.session import Purpose, Recipient, Transaction
from gateway.mail.verdict import Defer, Discard, Reject, Verdict
from gateway.runtime.ids import new_id
from gateway.smtp.commands import (
    BadCommand,
    is_routed,
    mail_parameters,
    rcpt_parameters,
    read_recipient,
    read_sender,
)
from gateway.smtp.data import Bad, DataDecoder
from gateway.smtp.door import among
from gateway.smtp.wire import State
from gateway.smtp.xclient import ATTRIBUTES, Introducing

HTTP = frozenset({b"GET", b"POST", b"PUT", b"HEAD", b"OPTIONS", b"CONNECT", b"DELETE", b"PATCH"})
IDLE_COMMANDS = frozenset({b"NOOP", b"RSET", b"VRFY", b"HELP", b"EXPN"})
TLS_FREE = frozenset({b"EHLO", b"HELO", b"STARTTLS", b"NOOP", b"QUIT", b"RSET"})


class Conversation(Introducing):
    """Everything that is said on one connection."""

    def _line(self, line: bytes) -> None:
        if self._state is State.AUTH:
            assert self._auth is not None
            try:
                self._auth(line)
            except BadCommand as error:
                self._say(str(error))
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
        name = self._helo_said or self._named(rest)
        lines = [self._door.services.hostname, *self._offers()]
        dashed = [f"250-{line}" for line in lines[:-1]]
        self._forget()
        self._talk.is_esmtp = True
        yes = "\r\n".join([*dashed, f"250 {lines[-1]}"])
        self._ask(
            Stage.HELO,
            self._walk.helo,
            lambda v: void(self._settle(v, yes)),
            name,
        )

    def _helo(self, rest: bytes) -> None:
        name = self._helo_said or self._named(rest)
        self._forget()
        self._talk.is_esmtp = False
        yes = f"250 {self._door.services.hostname}"
        self._ask(
            Stage.HELO,
            self._walk.helo,
            lambda v: void(self._settle(v, yes)),
            name,
        )

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
        if self._may_introduce:
            offers.append(f"XCLIENT {' '.join(ATTRIBUTES)}")
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
        path = read_sender(rest[5:])
        begun = Transaction(self._talk, id=new_id(), sender=path.address)
        mail_parameters(begun, dict(path.parameters), self._limits.message_bytes)
        self._ask(Stage.MAIL, self._walk.mail, self._begun, begun)

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
        path = read_recipient(rest[3:], utf8=transaction.is_utf8, domain=self._own_domain)
        notify, orcpt = rcpt_parameters(dict(path.parameters))
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
        if talk.listener is not Purpose.INBOUND:
            return False
        return among(talk.client, self._door.table.relay_from)

    def _own_domain(self) -> str:
        """Whose postmaster is meant where no domain is said: our own name's, or the first."""
        services = self._door.services
        domains = services.directory.domains()
        return services.hostname if services.hostname in domains else min(domains, default="")

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
        size = self._walk.transaction.declared_size or self._limits.bytes_reserved
        self._state = State.BUSY
        if self._door.budget.come(self._share, size, self._admitted):
            self._begin_data()

    def _admitted(self) -> None:
        if self._buffer:
            self._bye("421 5.5.1 A message sent before our 354 is not taken")
            return
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
        if self._is_too_slow():
            self._bye("421 4.4.2 Too slow")
            return
        done = self._decoder.feed(data)
        if done is None:
            if not self._door.budget.grow(self._share, self._decoder.size, self._grown):
                self._stalled_at = self.loop.time()
                self._pause()
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

    def _is_too_slow(self) -> bool:
        limits, took = self._limits, self.loop.time() - self._data_began
        return took > limits.data_rate_after_s and self._data_bytes < took * limits.data_rate_min

    def _grown(self) -> None:
        """There is room for more of the message: the time it was not read does not count."""
        waited, self._stalled_at = self.loop.time() - self._stalled_at, 0.0
        self._data_began += waited
        self._deadline += waited
        self._unpause()

    def _reject(self, reply: str) -> None:
        self._failed = reply
        self._note_refused()
        self._finished(reply)

    def _judged(self, outcome: Outcome) -> None:
        if isinstance(outcome.verdict, (Reject, Defer)):
            self._reject(str(outcome.verdict.reply))
            return
        if not outcome.recipients and not isinstance(outcome.verdict, Discard):
            self._finished("554 5.5.1 No recipient is left")
            return
        self._state = State.BUSY
        self._flush()
        self._is_keeping = True
        self._door.keep(outcome, self._kept)

    def _kept(self, reply: str) -> None:
        self._is_keeping = False
        self._finished(reply)
        if self._state is State.COMMAND:
            self._resume()

    def _finished(self, reply: str) -> None:
        self._let_go()
        self._walk.reset()
        self._noops = 0
        self._failed = ""
        self._ready(reply)


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
    b"XCLIENT": Conversation._xclient,  # noqa: SLF001
}
