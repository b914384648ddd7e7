"""Message bytes in memory stay within the budget, and nobody waits for ever."""

import random
from functools import partial

from gateway.smtp.budget import Budget, Share


def test_who_finds_no_room_waits_in_order() -> None:
    budget, first, second, third = Budget(100), Share(), Share(), Share()
    told: list[str] = []
    assert budget.come(first, 80, lambda: told.append("first"))
    assert not budget.come(second, 30, lambda: told.append("second"))
    assert not budget.come(third, 10, lambda: told.append("third"))  # No overtaking.
    budget.free(first)
    assert told == ["second", "third"]
    assert budget.used == 40


def test_one_larger_than_the_budget_comes_alone() -> None:
    budget, large, small = Budget(100), Share(), Share()
    assert budget.come(large, 500, lambda: None)
    assert not budget.come(small, 1, lambda: None)
    budget.free(large)
    assert budget.used == 1


def test_of_those_who_grow_one_goes_beyond_and_the_others_wait() -> None:
    budget, first, second = Budget(100), Share(), Share()
    told: list[str] = []
    assert budget.come(first, 50, lambda: None)
    assert budget.come(second, 50, lambda: None)
    assert budget.grow(first, 90, lambda: told.append("first"))
    assert not budget.grow(second, 60, lambda: told.append("second"))
    assert budget.grow(first, 120, lambda: told.append("first"))
    budget.free(first)
    assert told == ["second"]
    assert budget.used == 60


def test_who_hangs_up_waits_no_longer() -> None:
    budget, first, second = Budget(10), Share(), Share()
    assert budget.come(first, 10, lambda: None)
    assert not budget.come(second, 10, lambda: None)
    budget.free(second)
    budget.free(first)
    assert budget.used == 0


def test_everyone_comes_to_an_end_whatever_they_said_of_their_size() -> None:
    chance = random.Random(7)
    budget = Budget(1000)
    left = {Share(): (chance.choice([0, 10, 300]), chance.randrange(1, 700)) for _ in range(200)}
    ready = list(left)
    came: set[Share] = set()
    most = max(size for _, size in left.values())
    for _ in range(10_000):
        if not ready:
            break
        share = ready.pop(chance.randrange(len(ready)))
        said, size = left[share]
        again = partial(ready.append, share)
        if share not in came:
            came.add(share)
            if budget.come(share, said, again):
                ready.append(share)
        elif share.size < size:
            if budget.grow(share, min(size, share.size + 100), again):
                ready.append(share)
        else:
            budget.free(share)
            del left[share]
        assert budget.used <= 1000 + most
    assert not left
    assert budget.used == 0
