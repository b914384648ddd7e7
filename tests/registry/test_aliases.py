"""What printed recipients were said to stand for, through the journal and after a rebuild."""

from pathlib import Path

from gateway.archive.journal import Entry
from gateway.archive.recognising import Recognise
from gateway.archive.shelf import Shelf
from gateway.directory.correspondents import name_key
from gateway.registry.aliases import AliasChapter, Aliases


def say(shelf: Shelf, *words: Recognise) -> None:
    shelf.journal.append_now([Entry(word) for word in words])
    assert shelf.applier is not None
    shelf.applier.catch_up()


def test_the_last_word_counts_and_outlives_the_rows(tmp_path: Path) -> None:
    printed = "Các sở, ban, ngành tỉnh"
    shelf = Shelf(tmp_path, applies=True, chapters=(AliasChapter(),))
    book = Aliases(lambda: shelf.engine)
    say(
        shelf,
        Recognise(printed, 1, "lan", ("so",)),
        Recognise(printed, 2, "hoa", ("so", "huyen")),
        Recognise("Như Điều 3", 3, "lan", ("ubnd",), document="50/QDSNGV"),
        Recognise("Báo", 4, "lan", ("bao",)),
        Recognise("báo", 5, "lan"),
    )
    assert book.confirmed(name_key("CÁC SỞ, BAN, NGÀNH TỈNH (b/c)"), "") == ("so", "huyen")
    assert book.confirmed(name_key("Như Điều 3"), "") == ()
    assert book.confirmed(name_key("Như Điều 3"), "50/QDSNGV") == ("ubnd",)
    assert [one.actor for one in book.all()] == ["hoa", "lan"]
    before = book.all()
    shelf.close()
    (tmp_path / "index.db").unlink()
    again = Shelf(tmp_path, applies=True, chapters=(AliasChapter(),))
    assert again.applier is not None
    again.applier.catch_up()
    assert Aliases(lambda: again.engine).all() == before
    again.close()


def test_while_there_is_no_archive_nothing_was_said() -> None:
    book = Aliases(lambda: None)
    assert book.confirmed("x", "") == ()
    assert book.all() == ()
