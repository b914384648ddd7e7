"""SpamAssassin's opinion of a message."""

import asyncio
import re

from gateway.api import Action, Filter, Mail, Pass, Points, Stage, Verdict, ask, later

_SPAM = re.compile(r"^Spam:\s*\w+\s*;\s*(-?[\d.]+)\s*/\s*(-?[\d.]+)", re.IGNORECASE | re.MULTILINE)
_NAMES = 12


class Spamassassin(Filter):
    """Ask spamd (SPAMC protocol 1.5, SYMBOLS) and count its score, scaled, as points."""

    server: str = "127.0.0.1:783"
    """``host:port`` or the path of spamd's socket."""
    user: str = ""
    """Whose preferences and Bayes spamd shall use; empty: its own."""
    scale: float = 0.8
    """What one of its points is worth here; its usual limit is 5."""
    most: float = 8.0
    """The most it may add."""
    least: float = -3.0
    """The most it may take off."""
    away: Action = Action.PASS
    """What to do when spamd does not answer; ``defer`` makes the sender come back."""
    most_bytes: int = 500_000
    """Larger messages are not sent, as spamc does not send them either; spam is small."""
    patience_s: float = 15.0
    """How long its answer may take."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    async def message(self, mail: Mail) -> Verdict | None:
        if len(mail.message) > self.most_bytes:
            return Pass(
                later("{n} bytes are more than SpamAssassin is asked about").format(
                    n=len(mail.message)
                )
            )
        try:
            async with asyncio.timeout(self.patience_s):
                score, limit, names = await self._asked(mail)
        except OSError as error:
            return self.away.verdict(
                "spamassassin-away",
                later("spamd at {server}: {error}").format(server=self.server, error=error),
            )
        value = max(self.least, min(self.most, score * self.scale))
        reason = f"{score:g} of {limit:g}: {', '.join(names[:_NAMES])}"
        return Pass(reason, points=(Points("spamassassin", round(value, 2), reason),))

    async def _asked(self, mail: Mail) -> tuple[float, float, list[str]]:
        head = f"SYMBOLS SPAMC/1.5\r\nContent-length: {len(mail.message)}\r\n"
        head += f"User: {self.user}\r\n" if self.user else ""
        answer = await ask(self.server, (head.encode() + b"\r\n", mail.message.raw))
        top, _, names = answer.decode("utf-8", "replace").partition("\r\n\r\n")
        found = _SPAM.search(top)
        if not top.startswith("SPAMD/") or " 0 " not in top.partition("\r\n")[0] or not found:
            raise OSError(top.partition("\r\n")[0][:200])
        listed = names.replace("\r\n", "").strip()
        return float(found[1]), float(found[2]), [n for n in listed.split(",") if n]
