"""Commands made up for tests."""

from datetime import UTC, datetime

from gateway.archive.commands import Decide, Peer, QueueChange, Rcpt, Receive, Tried
from gateway.archive.journal import Entry

AT = 1_790_000_000_000
"""A day in September 2026."""


class Clock:
    """Says what it is told to."""

    def __init__(self, at_ms: int = AT) -> None:
        self.at_ms = at_ms

    def __call__(self) -> datetime:
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)


def mail_id(n: int) -> str:
    return f"{n:016d}"


def receive(n: int = 1, *rcpts: str, **more: object) -> Receive:
    base = Receive(
        id=mail_id(n),
        at_ms=AT + n,
        state="accepted",
        direction="in",
        peer=Peer(door="smtp", listener="inbound", client="192.0.2.7", helo="mx.example.net"),
        sender="ha@example.net",
        recipients=tuple(Rcpt(r) for r in rcpts or ("lan@example.vn",)),
        subject="Công văn số 12",
    )
    return type(base)(**{name: getattr(base, name) for name in base.__struct_fields__} | more)


def entry(n: int = 1, raw: bytes = b"", *rcpts: str, **more: object) -> Entry:
    raw = raw or letter(n)
    return Entry(receive(n, *rcpts, **more), (raw,), numbered=True)


def letter(n: int, size: int = 300) -> bytes:
    head = f"From: ha@example.net\r\nSubject: letter {n}\r\nX-Crash-Id: c{n}\r\n\r\n".encode()
    return head + (f"line {n}\r\n".encode() * (size // 8))[:size]


def tried(n: int, rcpt: str, result: str = "delivered", **more: object) -> Entry:
    return Entry(Tried(mail_id(n), rcpt, AT + 1000, result, **more))  # type: ignore[arg-type]


def decide(n: int, desk: str, verdict: str = "release", actor: str = "lan") -> Entry:
    return Entry(Decide(mail_id(n), desk, verdict, actor, AT + 2000))  # type: ignore[arg-type]


def change(n: int, action: str, *rcpts: str) -> Entry:
    return Entry(QueueChange(mail_id(n), action, "lan", AT + 3000, "why", rcpts))  # type: ignore[arg-type]
