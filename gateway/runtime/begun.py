"""Waiting without a task or a timer for what turns out to be there already.

Most of what a filter awaits is known when it asks: a name in the cache, a check that thinks. An
event loop's task with its timer costs more than such a check.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Generator
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Done(Generic[T]):
    """What came of it, without waiting."""

    __slots__ = ("value",)

    def __init__(self, value: T) -> None:
        self.value = value


class Begun(Generic[T]):
    """Something that was run up to its first wait. Await it once, in the task that began it."""

    __slots__ = ("_rest", "_waits_for")

    def __init__(self, rest: Generator[Any, Any, T], waits_for: object) -> None:
        self._rest, self._waits_for = rest, waits_for

    def __await__(self) -> Begun[T]:
        return self

    def __iter__(self) -> Begun[T]:
        return self

    def __next__(self) -> object:
        return self.send(None)

    def send(self, value: object) -> object:
        """Hand out what it waits for, and from then on whatever it waits for next."""
        waits_for, self._waits_for = self._waits_for, None
        return self._rest.send(value) if waits_for is None else waits_for

    def throw(self, *error: Any) -> object:
        """An exception (a cancellation, say) goes to where it waits."""
        self._waits_for = None
        return self._rest.throw(*error)

    def close(self) -> None:
        """Give it up."""
        self._rest.close()


def begin(work: Awaitable[T]) -> Done[T] | Begun[T]:
    """Run something up to its first wait. Raises what it raises until then."""
    rest = work.__await__()
    try:
        waits_for = next(rest)
    except StopIteration as done:
        return Done(done.value)
    return Begun(rest, waits_for)


async def within(seconds: float, work: Awaitable[T]) -> T:
    """Its value, with a timer only where it has to be waited for. TimeoutError when time is up.

    What it does before its first wait is not timed: nothing could interrupt it.
    """
    begun = begin(work)
    if isinstance(begun, Done):
        return begun.value
    async with asyncio.timeout(seconds):
        value: T = await begun
        return value
