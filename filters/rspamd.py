"""Rspamd's opinion of a message."""

import asyncio
import re

import msgspec

from gateway.api import (
    Action,
    Filter,
    Mail,
    Pass,
    Points,
    Reply,
    Stage,
    Verdict,
    ask,
    later,
    strongest,
)

LATER = Reply("4.7.1", "Please try again later")
_NAMES = 12
_UNSAFE = re.compile(r"[\r\n\0]")


class _Symbol(msgspec.Struct):
    score: float = 0.0


class _Answer(msgspec.Struct):
    """What we read of rspamd's JSON."""

    action: str
    score: float
    required_score: float = 15.0
    symbols: dict[str, _Symbol] = {}


class Rspamd(Filter):
    """Ask an rspamd worker (``POST /checkv2``) and count its score, scaled, as points."""

    server: str = "127.0.0.1:11333"
    """``host:port`` or the path of the normal worker's socket."""
    password: str = ""
    """Where the worker wants one."""
    scale: float = 0.6
    """What one of its points is worth here; its usual limits are 4, 6 and 15."""
    most: float = 8.0
    """The most it may add."""
    least: float = -3.0
    """The most it may take off."""
    reject: Action = Action.POINTS
    """What to do where rspamd would refuse it; the score counts in any case."""
    soft_reject: Action = Action.POINTS
    """What to do where it says ``soft reject`` (its rate limits); ``defer`` does as it says."""
    away: Action = Action.PASS
    """What to do when rspamd does not answer; ``defer`` makes the sender come back."""
    most_bytes: int = 5_000_000
    """Larger messages are not sent."""
    patience_s: float = 10.0
    """How long its answer may take."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    async def message(self, mail: Mail) -> Verdict | None:
        if len(mail.message) > self.most_bytes:
            return Pass(
                later("{n} bytes are more than rspamd is asked about").format(n=len(mail.message))
            )
        try:
            async with asyncio.timeout(self.patience_s):
                answer = await self._asked(mail)
        except OSError as error:
            return self.away.verdict(
                "rspamd-away",
                later("rspamd at {server}: {error}").format(server=self.server, error=error),
            )
        return self._verdict(answer)

    def _verdict(self, answer: _Answer) -> Verdict | None:
        telling = sorted(answer.symbols.items(), key=lambda item: -abs(item[1].score))
        names = ", ".join(f"{name} {one.score:+g}" for name, one in telling[:_NAMES] if one.score)
        reason = f"{answer.action}, {answer.score:.1f} of {answer.required_score:g}: {names}"
        value = max(self.least, min(self.most, answer.score * self.scale))
        said: list[Verdict] = [Pass(reason, points=(Points("rspamd", round(value, 2), reason),))]
        if answer.action == "reject" and self.reject is not Action.POINTS:
            said.append(self.reject.verdict("rspamd-reject", reason))
        if answer.action == "soft reject" and self.soft_reject is not Action.POINTS:
            said.append(self.soft_reject.verdict("rspamd-soft-reject", reason, reply=LATER))
        return strongest(said)

    async def _asked(self, mail: Mail) -> _Answer:
        transaction, session = mail.transaction, mail.session
        fields = [("IP", str(session.client or "")), ("Helo", session.helo)]
        fields += [("From", str(transaction.sender)), ("User", session.user)]
        fields += [("Rcpt", str(r.address)) for r in transaction.recipients]
        fields += [("Queue-Id", transaction.id), ("Password", self.password)]
        lines = "".join(f"{name}: {_UNSAFE.sub('', value)}\r\n" for name, value in fields if value)
        head = f"POST /checkv2 HTTP/1.0\r\nContent-Length: {len(mail.message)}\r\n{lines}\r\n"
        answer = await ask(self.server, (head.encode(), mail.message.raw))
        top, _, body = answer.partition(b"\r\n\r\n")
        status = top.partition(b"\r\n")[0].decode("latin-1")
        if " 200" not in status:
            raise OSError(status[:200])
        try:
            return msgspec.json.decode(body, type=_Answer)
        except msgspec.DecodeError as error:
            raise OSError(f"an answer that cannot be read: {error}") from error
