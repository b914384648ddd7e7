"""Ids are in the order of time, and no two are the same, in a child process neither."""

import multiprocessing

from gateway.runtime.ids import ALPHABET, LENGTH, new_id


def test_ids_differ_and_are_in_the_order_of_time() -> None:
    ids = [new_id() for _ in range(3000)]
    assert len({one[9:] for one in ids}) == len(ids)
    assert [one[:9] for one in ids] == sorted(one[:9] for one in ids)
    assert all(len(one) == LENGTH and set(one) <= set(ALPHABET) for one in ids)


def test_a_child_does_not_give_the_ids_that_its_parent_gives() -> None:
    new_id()  # So that there is chance in store when the child is made.
    with multiprocessing.get_context("fork").Pool(1) as pool:
        children = pool.apply(_some)
    assert not {one[10:] for one in children} & {one[10:] for one in _some()}


def _some() -> list[str]:
    return [new_id() for _ in range(100)]
