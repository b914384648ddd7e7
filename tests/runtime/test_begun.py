"""What is there already costs no task; what is not is waited for where it was begun."""

from __future__ import annotations

import asyncio

import pytest

from gateway.runtime.begun import Begun, Done, begin, within


async def adds(future: asyncio.Future[int], *, twice: bool = False) -> int:
    first = await future
    if twice:
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await asyncio.sleep(0.001)
    return first + 1


async def test_what_is_known_is_done_at_once() -> None:
    future = asyncio.get_running_loop().create_future()
    future.set_result(1)
    begun = begin(adds(future))
    assert isinstance(begun, Done)
    assert begun.value == 2


@pytest.mark.parametrize("twice", [False, True])
async def test_what_is_begun_goes_on_where_it_waited(twice: bool) -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    begun = begin(adds(future, twice=twice))
    assert isinstance(begun, Begun)
    asyncio.get_running_loop().call_soon(future.set_result, 4)
    assert await begun == 5


async def test_its_exceptions_are_its_own() -> None:
    future: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    begun = begin(adds(future))
    assert isinstance(begun, Begun)
    asyncio.get_running_loop().call_soon(future.set_exception, KeyError("x"))
    with pytest.raises(KeyError):
        await begun


async def test_time_is_up_only_for_what_waits() -> None:
    told: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(5)
        finally:
            told.append("given up")

    with pytest.raises(TimeoutError):
        await within(0.01, slow())
    assert told == ["given up"]


async def test_a_walk_that_is_given_up_gives_up_what_it_began() -> None:
    told: list[str] = []

    async def slow() -> None:
        try:
            await asyncio.sleep(5)
        except asyncio.CancelledError:
            told.append("cancelled")
            raise

    task = asyncio.create_task(within(3, slow()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert told == ["cancelled"]
