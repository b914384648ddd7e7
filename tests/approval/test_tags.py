"""A message that bears a tag, however it falls into the desk's rounds."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.approval.book import Book
from gateway.approval.codes import new_tag
from tests.approval.played import DOMAIN
from tests.approval.room import Room


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.shelf.close()


def test_a_message_that_comes_in_the_midst_of_a_round_has_its_tag_tried_before_anyone_is_asked(
    room: Room,
) -> None:
    tag = new_tag(room.chance)
    raw = (
        f"From: u0@{DOMAIN}\r\nTo: <a@mofa.example>\r\nSubject: [PD {tag}] Thư\r\n\r\nKính gửi\r\n"
    ).encode()
    held = {"state": "held", "desks": ("approval",)}
    mail = room.put("c0", f"u0@{DOMAIN}", "a@mofa.example", raw, **held)
    assert room.shelf.applier
    room.shelf.applier.catch_up()
    asyncio.run(room.rounds._do(room.rounds._new))
    assert room.row(mail).state == "new", "it waits for the work on tags"
    room.work()
    assert room.row(mail).state == "pending"
    assert list(Book(room.shelf.engine).tried(mail).values()) == ["there is no such tag"]
    kinds = [kind for kind, _ in room.story(mail)]
    assert kinds.index("tag") < kinds.index("asked")
