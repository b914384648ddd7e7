"""What is written down after an attempt, and who is told of it."""

import email
import email.policy
from datetime import UTC, datetime
from typing import Any

import pytest

from gateway.archive.commands import Peer, Rcpt, Receive, Tried
from gateway.archive.journal import Entry
from gateway.archive.owed import Owed
from gateway.delivery.ledger import ORPHANS_PER_HOUR, Ledger
from gateway.delivery.outcome import Attempt
from gateway.mail.limits import Limits
from gateway.mail.message import Message

RAW = b"From: lan@ours.example\r\nSubject: out\r\nMessage-ID: <1@x>\r\n\r\nbody text\r\n"
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
HOUR_MS = 3_600_000


def ledger(**more: Any) -> Ledger:
    known: dict[str, Any] = {
        "limits": Limits(),
        "hostname": "gateway.example",
        "delay_notice_s": 4 * 3600.0,
        "postmaster": "so@ours.example",
        "chance": lambda: 0.5,
        "new_id": lambda: "N" * 16,
    }
    return Ledger(**known | more)


def command(**more: Any) -> Receive:
    known: dict[str, Any] = {
        "id": "M" * 16,
        "at_ms": NOW_MS - 60_000,
        "state": "accepted",
        "direction": "out",
        "peer": Peer("smtp", "submission", "192.0.2.7", user="lan"),
        "sender": "lan@ours.example",
        "recipients": (Rcpt("x@there.example"),),
        "subject": "out",
        "message_id": "<1@x>",
    }
    return Receive(**known | more)


def owed(recipient: str = "x@there.example", **more: Any) -> Owed:
    known: dict[str, Any] = {
        "seq": 1, "id": "M" * 16, "recipient": recipient, "sender": "lan@ours.example",
        "attempts": 0, "received_ms": NOW_MS - 60_000, "notify": (), "orcpt": "", "segment": 1,
        "offset": 0, "size": len(RAW), "number": "2026-0000007",
    }  # fmt: skip
    return Owed(**known | more)


def attempt(result: Any = "deferred", status: str = "4.4.1", **more: Any) -> Attempt:
    known: dict[str, Any] = {"reply": "450 4.4.1 away", "via": "smtp://mx.there.example:25"}
    return Attempt(result, status, **known | more)


def written(
    row: Owed, one: Attempt, about: Receive | None = None, book: Ledger | None = None
) -> list[Entry]:
    about = about or command()
    return (book or ledger()).entries([row], {row.recipient: one}, about, Message(RAW), NOW)


def read(entry: Entry) -> Any:
    (raw,) = entry.raw
    found = email.message_from_bytes(bytes(raw), policy=email.policy.SMTP)
    assert not found.defects
    return found


def fields(entry: Entry) -> tuple[Any, Any]:
    """Of the message, and of its only recipient."""
    return tuple(read(entry).get_payload()[1].get_payload())


def tried(entry: Entry) -> Tried:
    assert isinstance(entry.command, Tried)
    return entry.command


FAILED = attempt("failed", "5.1.1", reply="550 5.1.1 không có ai", via="smtp://mx.there.example[192.0.2.1]:25 [TLSv1.3]")  # fmt: skip # noqa: E501


def test_a_failure_is_told_to_who_sent_it() -> None:
    about = command(envid="abc", ret="HDRS")
    first, notice = written(owed(orcpt="rfc822;x+40old.example"), FAILED, about)
    assert tried(first).result == "failed"
    message, recipient = fields(notice)
    assert message["Original-Envelope-Id"] == "abc"
    assert recipient["Original-Recipient"] == "rfc822; x@old.example"
    assert recipient["Final-Recipient"] == "rfc822; x@there.example"
    assert recipient["Remote-MTA"] == "dns; mx.there.example"
    assert recipient["Diagnostic-Code"] == "smtp; 550 5.1.1 kh?ng c? ai"
    human, _, returned = read(notice).get_payload()
    assert "không có hộp thư này" in human.get_content()
    assert "there is no such mailbox" in human.get_content()
    assert "2026-0000007" in human.get_content()
    assert "body text" not in returned.get_payload()
    assert isinstance(notice.command, Receive)
    assert notice.command.sender == ""
    assert [r.address for r in notice.command.recipients] == ["lan@ours.example"]
    assert notice.command.about == "M" * 16


def test_the_whole_message_is_returned_where_that_was_asked() -> None:
    _, notice = written(owed(), FAILED, command(ret="FULL"))
    assert b"Content-Type: message/rfc822\r\n" in bytes(notice.raw[0])
    assert b"body text\r\n" in bytes(notice.raw[0])


@pytest.mark.parametrize("notify", [("NEVER",), ("SUCCESS",), ("DELAY",)])
def test_who_does_not_want_to_hear_of_failure_does_not(notify: tuple[str, ...]) -> None:
    assert len(written(owed(notify=notify), FAILED)) == 1


def test_a_late_message_is_told_once_where_that_is_wanted() -> None:
    late: dict[str, Any] = {"received_ms": NOW_MS - 5 * HOUR_MS, "attempts": 8}
    about = command(at_ms=NOW_MS - 5 * HOUR_MS)
    first, notice = written(owed(**late), attempt(), about)
    assert tried(first).is_delay_told
    _, recipient = fields(notice)
    assert (recipient["Action"], recipient["Status"]) == ("delayed", "4.4.1")
    assert recipient["Will-Retry-Until"].startswith("Sun, 29 Nov 2026 03:00")
    assert len(written(owed(**late, notify=("DELAY",)), attempt(), about)) == 2
    for other in (
        owed(**late, is_delay_told=True),
        owed(**late, notify=("FAILURE",)),
        owed(attempts=8),
    ):
        assert len(written(other, attempt(), about)) == 1
    assert len(written(owed(**late), attempt(), about, ledger(delay_notice_s=0.0))) == 1


@pytest.mark.parametrize("success", ["delivered", "relayed"])
def test_success_is_told_where_that_is_wanted(success: str) -> None:
    there = attempt("delivered", "2.0.0", reply="250 2.0.0 ok", success=success)
    _, notice = written(owed(notify=("SUCCESS", "FAILURE")), there)
    _, recipient = fields(notice)
    assert (recipient["Action"], recipient["Status"]) == (success, "2.0.0")
    assert len(written(owed(), there)) == 1
    theirs = attempt("delivered", "2.0.0", success="")
    assert len(written(owed(notify=("SUCCESS",)), theirs)) == 1


@pytest.mark.parametrize(
    "about",
    [
        command(direction="in", sender="stranger@there.example", is_null_ok=False),
        command(direction="in", sender="", is_null_ok=False),
        command(direction="notice", sender=""),
    ],
)
def test_no_stranger_is_told_but_the_postmaster_is(about: Receive) -> None:
    _, notice = written(owed(), FAILED, about)
    assert isinstance(notice.command, Receive)
    assert [r.address for r in notice.command.recipients] == ["so@ours.example"]
    assert "không báo được" in notice.command.subject
    late: dict[str, Any] = {"received_ms": NOW_MS - 5 * HOUR_MS}
    assert len(written(owed(**late), attempt(), about)) == 1
    success = attempt("delivered", "2.0.0", success="delivered")
    assert len(written(owed(notify=("SUCCESS",)), success, about)) == 1


def test_the_postmaster_is_not_told_of_his_own_nor_without_end() -> None:
    about = command(direction="notice", sender="")
    assert len(written(owed("so@ours.example"), FAILED, about)) == 1
    assert len(written(owed(), FAILED, about, ledger(postmaster=""))) == 1
    book = ledger()
    told = [len(written(owed(), FAILED, about, book)) for _ in range(ORPHANS_PER_HOUR + 5)]
    assert told == [2] * ORPHANS_PER_HOUR + [1] * 5


def test_nobody_is_missed_where_nothing_has_failed(caplog: pytest.LogCaptureFixture) -> None:
    about, book = command(direction="in", sender="", is_null_ok=False), ledger(postmaster="")
    assert len(written(owed(), attempt("delivered", "2.0.0"), about, book)) == 1
    assert not caplog.records


def test_waits_grow_and_end() -> None:
    waits = [tried(written(owed(attempts=n), attempt())[0]).next_at_ms - NOW_MS for n in range(12)]
    assert waits[:4] == [60_000, 120_000, 240_000, 480_000]
    assert waits[-1] == 4 * HOUR_MS
    last, notice = written(owed(attempts=Limits().attempts - 1), attempt())
    assert (tried(last).result, tried(last).status) == ("failed", "5.4.1")
    assert isinstance(notice.command, Receive)
    old = owed(received_ms=NOW_MS - 6 * 24 * HOUR_MS)
    assert tried(written(old, attempt())[0]).result == "failed"


def test_a_destination_that_is_left_alone_uses_up_no_attempt() -> None:
    resting = attempt(was_asked=False, wait_s=900.0)
    (one,) = written(owed(attempts=Limits().attempts - 1), resting)
    assert tried(one).result == "deferred"
    assert not tried(one).was_asked
    assert tried(one).next_at_ms == NOW_MS + 900_000


def test_what_others_say_makes_no_fields() -> None:
    evil = attempt("failed", "5.1.1", reply="550 x\r\nAction: delivered\r\n\r\n--")
    _, notice = written(owed(), evil, command(message_id="<a>\r\nBcc: x", envid="e\r\nx: y"))
    message, recipient = fields(notice)
    assert recipient.get_all("Action") == ["failed"]
    assert "x" not in message
    assert "In-Reply-To" not in read(notice)
