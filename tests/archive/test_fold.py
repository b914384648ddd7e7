"""The rows follow from the journal, the first decision counts, and a rebuild tells the same."""

import quopri
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from gateway.archive import schema
from gateway.archive.commands import Decide, Peer, QueueChange, Rcpt, Receive, Tried
from gateway.archive.journal import Entry, JournalError
from gateway.archive.queries import Wanted
from gateway.archive.renewal import rebuild
from gateway.archive.shelf import Shelf


def letter(name: str, state: Any = "accepted", **more: Any) -> Entry:
    rcpts = (Rcpt("lan@example.vn"), Rcpt("minh@example.vn"))
    known = {"subject": "Đề nghị", "sender": "x@example.net", "direction": "in", **more}
    peer = Peer("smtp", "inbound")
    command = Receive(id=name, at_ms=1, state=state, peer=peer, recipients=rcpts, **known)
    return Entry(command, (b"Subject: x\r\n\r\nhello\r\n",), state != "refused")


def word(name: str, desk: str, verdict: Any, actor: str) -> Entry:
    return Entry(Decide(id=name, desk=desk, verdict=verdict, actor=actor, at_ms=5))


def tried(name: str, to: str, result: Any) -> Entry:
    return Entry(Tried(id=name, recipient=to, at_ms=3, result=result, next_at_ms=99))


def rows(shelf: Shelf) -> list[Any]:
    with shelf.engine.connect() as connection:
        tables = (schema.mails, schema.recipients, schema.events)
        return [sorted(map(tuple, connection.execute(t.select()))) for t in tables]


def fold(shelf: Shelf, *entries: Entry) -> None:
    for entry in entries:
        shelf.journal.append_now([entry])
    assert shelf.applier
    shelf.applier.catch_up()
    assert shelf.indexer
    shelf.indexer.catch_up()


def test_what_is_owed_is_due_until_it_is_delivered(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    fold(shelf, letter("A"), letter("R", "refused"), letter("D", "discarded"))
    assert [o.recipient for o in shelf.queries.due(9, 9)] == ["lan@example.vn", "minh@example.vn"]
    assert [o.recipient for o in shelf.queries.due(9, 9, {(1, "lan@example.vn")})] == [
        "minh@example.vn"
    ]
    fold(
        shelf, tried("A", "lan@example.vn", "delivered"), tried("A", "minh@example.vn", "deferred")
    )
    assert shelf.queries.due(9, 9) == []
    assert [(o.recipient, o.attempts) for o in shelf.queries.due(99, 9)] == [("minh@example.vn", 1)]
    assert not shelf.queries.is_idle()
    fold(shelf, Entry(QueueChange(id="A", action="fail", actor="admin", at_ms=4, reason="asked")))
    (owed,) = shelf.queries.due(9, 9)
    assert (owed.state, owed.reply) == ("failed", "stopped by admin: asked")
    fold(shelf, tried("A", "minh@example.vn", "failed"))
    assert shelf.queries.is_idle()
    assert shelf.queries.counts()["failed"] == 1
    shelf.close()


def test_a_held_mail_waits_for_every_desk_and_the_first_word_counts(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    fold(shelf, letter("H", "held", desks=("quarantine", "approval")))
    fold(shelf, word("H", "approval", "release", "lan"))
    assert shelf.queries.due(9, 9) == []
    fold(shelf, word("H", "quarantine", "release", "a"), word("H", "quarantine", "refuse", "b"))
    assert len(shelf.queries.due(9, 9)) == 2
    held = shelf.queries.one("H")
    assert held is not None
    story = [(h.kind, h.actor, h.counted) for h in shelf.queries.why(held)][-3:]
    assert story == [
        ("release (approval)", "lan", True),
        ("release (quarantine)", "a", True),
        ("refuse (quarantine)", "b", False),
    ]
    shelf.close()


def test_a_refused_hold_never_leaves(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    fold(shelf, letter("H", "held", desks=("approval",)), word("H", "approval", "refuse", "lan"))
    fold(shelf, word("H", "approval", "release", "lan"))
    assert shelf.queries.due(9, 9) == []
    shelf.close()


def test_found_by_number_words_and_people(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    fold(shelf, letter("A", subject="Công văn mời họp"), letter("B", sender="y@example.org"))
    queries = shelf.queries
    number = queries.find(Wanted(mail="A"))[0].number
    assert [f.id for f in queries.find(Wanted(number=number))] == ["A"]
    assert [f.id for f in queries.find(Wanted(words="moi hop"))] == ["A"]
    assert [f.id for f in queries.find(Wanted(words="example.org"))] == ["B"]
    assert [f.id for f in queries.find(Wanted(sender="Y@EX"))] == ["B"]
    assert [f.id for f in queries.find(Wanted(recipient="minh"))] == ["B", "A"]
    assert queries.find(Wanted(recipient="100%")) == []
    found = queries.one(number)
    assert found is not None
    assert queries.record(found).raw.endswith(b"hello\r\n")
    shelf.close()


def test_a_rebuild_gives_the_same_rows(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    fold(
        shelf,
        letter("A"),
        letter("H", "held", desks=("approval",)),
        tried("A", "lan@example.vn", "delivered"),
        word("H", "approval", "release", "lan"),
    )
    before = rows(shelf)
    shelf.close()
    (tmp_path / "index.db").unlink()
    assert rebuild(tmp_path) == 4
    again = Shelf(tmp_path, applies=True)
    assert rows(again) == before
    assert again.applier
    assert again.applier.catch_up() == 0
    again.close()


def test_an_admin_stops_what_is_under_way_and_a_delivery_still_counts(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    fold(shelf, letter("A"), change("A", "hold", "lan@example.vn"), change("A", "hold"))
    assert shelf.queries.due(9, 9) == []
    assert shelf.queries.counts() == {"stopped": 2}
    fold(
        shelf, tried("A", "lan@example.vn", "deferred"), tried("A", "minh@example.vn", "delivered")
    )
    fold(shelf, change("A", "release"))
    assert [o.recipient for o in shelf.queries.due(9, 9)] == ["lan@example.vn"]
    assert shelf.queries.counts() == {"owed": 1, "delivered": 1}
    fold(shelf, change("A", "drop"), change("A", "retry"))
    found = shelf.queries.one("A")
    assert found
    told = [(h.kind, h.counted) for h in shelf.queries.why(found)][-2:]
    assert told == [("drop", True), ("retry", False)]
    assert {a.address: a.state for a in shelf.queries.attempts(found)} == {
        "lan@example.vn": "dropped",
        "minh@example.vn": "delivered",
    }
    shelf.close()


def test_two_appliers_fold_each_record_once(tmp_path: Path) -> None:
    one, two = Shelf(tmp_path, applies=True), Shelf(tmp_path, applies=True)
    for n in range(30):
        fold((one, two)[n % 2], letter(f"M{n}"), tried(f"M{n}", "lan@example.vn", "deferred"))
    assert two.queries.counts() == {"owed": 30, "deferred": 30}
    assert all(o.attempts == 1 for o in one.queries.due(99, 99) if o.recipient[0] == "l")
    one.close()
    two.close()


async def test_one_who_waits_sees_his_record(tmp_path: Path) -> None:
    shelf, reader = Shelf(tmp_path, applies=True), Shelf(tmp_path, applies=False)
    shelf.start()
    (kept,) = await reader.journal.append([letter("A")])
    assert await reader.settled(kept.seq)
    assert await shelf.settled(kept.seq)
    assert reader.queries.one("A")
    assert not await shelf.settled(kept.seq + 1, timeout_s=0.02)
    reader.close()
    shelf.close()


def change(name: str, action: Any, *to: str) -> Entry:
    return Entry(QueueChange(id=name, action=action, actor="admin", at_ms=4, recipients=to))


def test_rows_of_another_version_are_made_again(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    fold(shelf, letter("A"))
    shelf.close()
    with sqlite3.connect(tmp_path / "index.db") as database:
        database.execute("PRAGMA user_version=1")
    database.close()
    shelf = Shelf(tmp_path, applies=True)
    assert shelf.applier
    assert shelf.applier.catch_up() == 1
    assert shelf.queries.one("A")
    shelf.close()


def test_found_by_the_text_and_by_the_names_of_files(tmp_path: Path) -> None:
    raw = (
        "Subject: x\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
        "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
        "<style>p {colour: red}</style><p>Kính gửi &Ocirc;ng Đặng</p>\r\n"
        "--b\r\nContent-Type: application/pdf; name=kehoach.pdf\r\n\r\nsecret\r\n--b--\r\n"
    ).encode()
    shelf = Shelf(tmp_path, applies=True)
    command = letter("A").command
    fold(shelf, Entry(command, (raw,), numbered=True), letter("B"))
    for words in ("kinh GUI", "ông dang", "kehoach.pdf", "keh"):
        assert [f.id for f in shelf.queries.find(Wanted(words=words))] == ["A"], words
    for words in ("colour", "secret"):
        assert shelf.queries.find(Wanted(words=words)) == []
    shelf.close()


def test_a_damaged_message_is_never_delivered_and_does_not_end_the_search(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    shelf.journal.append_now([letter("DAMAGED")])
    (segment,) = (tmp_path / "journal").glob("*.seg")
    segment.write_bytes(segment.read_bytes().replace(b"\r\nhello", b"\r\nhullo"))
    with pytest.raises(JournalError, match="archive verify"):
        shelf.journal.read(1)
    fold(shelf, letter("WHOLE"))
    for words, name in (("hello", "WHOLE"), ("hullo", "DAMAGED")):
        assert [found.id for found in shelf.queries.find(Wanted(words=words))] == [name]
    shelf.close()


def test_messages_much_larger_than_what_is_read_at_once_are_walked(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    sizes = (10, 300_000, 20_000, 900_000, 5, 16_384, 262_144, 100)
    for size in sizes:
        command = letter(f"OF{size}").command
        shelf.journal.append_now([Entry(command, (b"a" * size,), numbered=True)])
    assert [r.raw_size for r in shelf.journal.follow(0)] == list(sizes)
    assert [len(r.raw) for r in shelf.journal.follow(0, with_raw=True)] == list(sizes)
    shelf.close()


TCVN3 = "QuyÕt ®Þnh bæ nhiÖm c¸n bé"
QUOTED = quopri.encodestring(TCVN3.encode("latin-1"), header=True).decode()


@pytest.mark.parametrize(
    "head",
    [
        f"Subject: {TCVN3}\r\n",
        f"Subject: =?iso-8859-1?q?{QUOTED}?=\r\n",
    ],
)
def test_subjects_and_names_of_files_in_an_old_charset_are_found(tmp_path: Path, head: str) -> None:
    raw = (
        head + "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhi\r\n--b\r\n"
        'Content-Disposition: attachment; filename="Danh s\xb8ch.xls"\r\n\r\nx\r\n--b--\r\n'
    ).encode("latin-1")
    shelf = Shelf(tmp_path, applies=True)
    fold(shelf, Entry(letter("a").command, (raw,), numbered=True))
    assert shelf.indexer
    shelf.indexer.catch_up()
    assert shelf.queries.find(Wanted(words="danh sách"))
    shelf.close()


def test_words_may_be_put_in_several_ways(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, applies=True)
    for n, subject in enumerate(("Ban Ngoại vụ mời họp", "Sở Ngoại vụ mời họp", "khác"), 1):
        fold(shelf, letter(f"m{n}", subject=subject))
    assert shelf.indexer
    shelf.indexer.catch_up()
    either = Wanted(words="sở ngoại vụ họp", other_words=("ban ngoai vu hop",))
    assert [found.seq for found in shelf.queries.find(either)] == [2, 1]
    shelf.close()
