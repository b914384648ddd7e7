"""A view is made once for each thing, and never for another."""

from gateway.runtime.once import once


class Letter:
    def __init__(self, text: str) -> None:
        self.text = text
        self.asked = 0

    @once
    def words(self) -> int:
        """How many."""
        self.asked += 1
        return len(self.text.split())


def test_a_view_is_made_once_and_for_its_own_thing() -> None:
    short, long = Letter("một"), Letter("một hai ba")
    assert (short.words, long.words, short.words) == (1, 3, 1)
    assert (short.asked, long.asked) == (1, 1)
    assert Letter.words.__doc__ == "How many."
