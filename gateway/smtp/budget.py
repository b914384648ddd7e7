"""Message bytes in memory: whoever comes when they are spent waits, and nobody waits for ever."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field


@dataclass(eq=False, slots=True)
class Share:
    """What one message holds of the budget."""

    size: int = 0


@dataclass(slots=True)
class _Wish:
    share: Share
    size: int
    granted: Callable[[], None]


@dataclass(slots=True)
class Budget:
    """Bytes of messages in this process. At most one message over ``limit`` is ever held.

    A message is let in when what it says of its size has room. One that grows beyond what it said
    has to ask again; so that such messages never all wait for one another, one of them at a time
    may go on beyond the limit.
    """

    limit: int
    used: int = 0
    _beyond: Share | None = None
    _growing: deque[_Wish] = field(default_factory=deque[_Wish])
    _coming: deque[_Wish] = field(default_factory=deque[_Wish])
    _is_serving: bool = False

    def come(self, share: Share, size: int, granted: Callable[[], None]) -> bool:
        """Whether a message of that size may come now; if not, ``granted`` is called later."""
        if not self._growing and not self._coming and self._has_room(size):
            self._take(share, size)
            return True
        self._coming.append(_Wish(share, size, granted))
        return False

    def grow(self, share: Share, size: int, granted: Callable[[], None]) -> bool:
        """Whether a share may grow to ``size`` now; if not, ``granted`` is called later."""
        if size <= share.size or self._may_grow(share, size):
            self._take(share, max(size, share.size))
            return True
        self._growing.append(_Wish(share, size, granted))
        return False

    def free(self, share: Share) -> None:
        """The message is gone, and so is whatever it waited for."""
        self.used -= share.size
        share.size = 0
        if self._beyond is share:
            self._beyond = None
        if not (self._growing or self._coming):
            return  # Nobody waits, as nearly always.
        for queue in (self._growing, self._coming):
            for wish in [wish for wish in queue if wish.share is share]:
                queue.remove(wish)
        self._serve()

    def _has_room(self, size: int) -> bool:
        return self.used == 0 or self.used + size <= self.limit

    def _may_grow(self, share: Share, size: int) -> bool:
        if self.used + size - share.size <= self.limit or self._beyond is share:
            return True
        if self._beyond is None:
            self._beyond = share
            return True
        return False

    def _take(self, share: Share, size: int) -> None:
        self.used += size - share.size
        share.size = size

    def _serve(self) -> None:
        """Those who hold memory already first: they are the ones who give some back."""
        if self._is_serving:
            return
        self._is_serving = True
        try:
            while self._growing and self._may_grow(self._growing[0].share, self._growing[0].size):
                self._grant(self._growing.popleft())
            while not self._growing and self._coming and self._has_room(self._coming[0].size):
                self._grant(self._coming.popleft())
        finally:
            self._is_serving = False

    def _grant(self, wish: _Wish) -> None:
        self._take(wish.share, wish.size)
        wish.granted()
