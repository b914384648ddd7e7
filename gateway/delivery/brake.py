"""What keeps messages from leaving whose outcome could not be written down."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

LOOK_S = 0.01
HEALS_S = 2.0
"""How long a journal that fails is waited for before one message goes: its outcome is then what
finds out whether the journal is well again."""


class Brake:
    """Whoever is about to send waits here; see ``Postman``, who pulls it and lets go."""

    def __init__(self, is_failing: Callable[[], bool] = lambda: False) -> None:
        self.is_failing = is_failing
        """Whether a sync has failed and was not healed: known sooner than any append is refused,
        for healing takes a while."""
        self._may_go = asyncio.Event()
        self._may_go.set()

    def pull(self) -> None:
        self._may_go.clear()

    def let_go(self) -> None:
        self._may_go.set()

    async def wait(self) -> None:
        """Until what becomes of a message can be written down."""
        if self.is_failing():
            until = asyncio.get_running_loop().time() + HEALS_S
            while self.is_failing() and asyncio.get_running_loop().time() < until:  # noqa: ASYNC110
                await asyncio.sleep(LOOK_S)  # It is told by another process, in a mapped page.
        await self._may_go.wait()
