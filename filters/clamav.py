"""ClamAV's opinion of a message."""

import asyncio
import re
from collections.abc import Iterator
from itertools import islice
from struct import pack
from typing import ClassVar

from gateway.api import Action, Filter, Mail, Reply, Stage, Verdict, ask, later, strongest

REFUSED = Reply("5.7.1", "The message holds a virus")
AWAY = Reply("4.7.1", "The virus scanner is away; please try again later")
CHUNK = 256 * 1024
_ANSWER = re.compile(rb"stream: (?P<name>[^\0\n]{1,200}?) FOUND")
_PARTS = 20


class Clamav(Filter):
    """Send the message to clamd (INSTREAM) and do what is said about a virus.

    Where programs would read the message in different ways, each part is sent by itself as well,
    so that a part that only some of them see is looked at.
    """

    again: ClassVar[bool] = True

    server: str = "/run/clamav/clamd.ctl"
    """``host:port`` or the path of clamd's socket."""
    found: Action = Action.REJECT
    """What to do with a virus."""
    suspect: Action = Action.HOLD
    """What to do with what is no certain virus."""
    suspect_names: tuple[str, ...] = ("Heuristics.", "PUA.", "Phishing.")
    """How the names of such findings begin."""
    away: Action = Action.DEFER
    """What to do when clamd does not answer, or cannot scan it. ``pass`` lets it through."""
    most_bytes: int = 25_000_000
    """Larger streams are cut here, as clamd's StreamMaxLength would refuse them."""
    patience_s: float = 20.0
    """How long its answer may take."""

    def waits_at(self, stage: Stage) -> bool:
        return stage is Stage.MESSAGE

    async def message(self, mail: Mail) -> Verdict | None:
        try:
            async with asyncio.timeout(self.patience_s):
                names = [await self._scanned(data) for data in _streams(mail)]
        except OSError as error:
            return self.away.verdict(
                "clamav-away",
                later("clamd at {server}: {error}").format(server=self.server, error=error),
                reply=AWAY,
            )
        said = [self._verdict(name) for name in dict.fromkeys(filter(None, names))]
        return strongest(said)

    async def _scanned(self, data: bytes | bytearray) -> str:
        """The virus's name, or nothing. OSError where clamd has no answer."""
        answer = await ask(self.server, _instream(memoryview(data)[: self.most_bytes]))
        if found := _ANSWER.search(answer):
            return found["name"].decode("utf-8", "replace")
        if b"stream: OK" not in answer:
            raise OSError(answer[:200].decode("utf-8", "replace").strip("\0\n"))
        return ""

    def _verdict(self, name: str) -> Verdict:
        action = self.suspect if name.startswith(self.suspect_names) else self.found
        return action.verdict(
            "virus", later("ClamAV finds {name}").format(name=name), points=9.0, reply=REFUSED
        )


def _streams(mail: Mail) -> Iterator[bytes | bytearray]:
    yield mail.message.raw
    if mail.message.mime.ambiguities:
        for part in islice(mail.message.mime.leaves, _PARTS):
            yield part.decoded()


def _instream(data: memoryview) -> Iterator[bytes | memoryview]:
    yield b"zINSTREAM\0"
    for at in range(0, len(data), CHUNK):
        chunk = data[at : at + CHUNK]
        yield pack("!I", len(chunk))
        yield chunk
    yield pack("!I", 0)
