"""One connection from an MTA: its packets become questions, the verdicts become packets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

from gateway.chain.inspection import Inspection, Outcome
from gateway.mail import edit, verdict
from gateway.mail.address import Address
from gateway.mail.message import Message
from gateway.mail.session import Recipient, Session, Transaction
from gateway.milter import wire

VERSION = 6
ADD_HEADER, ADD_RCPT, DROP_RCPT, CHANGE_HEADER, QUARANTINE = 0x1, 0x4, 0x8, 0x10, 0x20
ACTIONS = ADD_HEADER | ADD_RCPT | DROP_RCPT | CHANGE_HEADER | QUARANTINE
NO_REPLY_TO_HEADER, LEADING_SPACE = 0x80, 0x100000


class Conversation:
    """Follows one MTA connection. Feed it packets; send what it answers."""

    def __init__(self, begin: Callable[[Session], Inspection], session: Session) -> None:
        self._session = session
        self._walk = begin(session)
        self._head: list[bytes] = []
        self._body: list[bytes] = []

    async def answer(self, packet: wire.Packet) -> list[wire.Packet]:
        """What to send back; nothing, for packets that want no answer."""
        match packet:
            case wire.Negotiate(version, actions, protocol):
                wishes = protocol & (NO_REPLY_TO_HEADER | LEADING_SPACE)
                return [wire.Negotiate(min(version, VERSION), actions & ACTIONS, wishes)]
            case wire.Connect():
                self._session.client = packet.client
                return [_said(await self._walk.connect())]
            case wire.Helo(name):
                return [_said(await self._walk.helo(name.decode("utf-8", "replace")))]
            case wire.MailFrom(sender):
                self._forget()
                begun = Transaction(self._session, sender=_address(sender))
                return [_said(await self._walk.mail(begun))]
            case wire.RcptTo(recipient):
                return [_said(await self._walk.rcpt(Recipient(_address(recipient))))]
            case wire.Header(name, value):
                self._head.append(name + b":" + value.replace(b"\n", b"\r\n") + b"\r\n")
                return []
            case wire.Body(chunk):
                self._body.append(chunk)
                return [_said(await self._walk.body(chunk))]
            case wire.EndOfMessage(chunk):
                raw = Message(b"".join([*self._head, b"\r\n", *self._body, chunk]))
                return list(_outcome(raw, await self._walk.message(raw)))
            case wire.Abort():
                self._forget()
                return []
            case wire.Macros():
                return []
            case _:
                return [wire.Continue()]

    def _forget(self) -> None:
        self._walk.reset()
        self._head.clear()
        self._body.clear()


async def serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, conversation: Conversation
) -> None:
    """Carry bytes until the MTA hangs up."""
    packets = wire.Reader()
    while data := await reader.read(65536):
        for packet in packets.feed(data):
            if isinstance(packet, wire.Quit):
                return
            for answer in await conversation.answer(packet):
                writer.write(bytes(answer))
        await writer.drain()


def _said(said: verdict.Verdict) -> wire.Packet:
    match said:
        case verdict.Reject(reply=reply) | verdict.Defer(reply=reply):
            return wire.ReplyCode(str(reply).replace("%", "%%").encode())
        case verdict.Discard():
            return wire.Discard()
        case _:
            return wire.Continue()


def _outcome(message: Message, outcome: Outcome) -> Iterator[wire.Packet]:
    if not isinstance(outcome.verdict, verdict.Reject | verdict.Defer | verdict.Discard):
        for change in outcome.edits:
            yield from _changed(message, change)
        if isinstance(outcome.verdict, verdict.Hold):
            yield wire.Quarantine(outcome.verdict.reason.encode())
    yield _said(outcome.verdict)


def _changed(message: Message, change: edit.Edit) -> Iterator[wire.Packet]:
    match change:
        case edit.AddHeader(name, value):
            yield wire.InsertHeader(0, name.encode(), b" " + value.encode())
        case edit.DropHeader(name, int(nth)):
            yield wire.ChangeHeader(nth + 1, name.encode(), b"")
        case edit.DropHeader(name):
            count = sum(known == name.lower() for known, _ in message.fields)
            for index in range(count, 0, -1):  # From the last, so that the others keep theirs.
                yield wire.ChangeHeader(index, name.encode(), b"")
        case edit.AddRecipient(address):
            yield wire.AddRecipient(f"<{address}>".encode())
        case edit.DropRecipient(address):
            yield wire.DropRecipient(f"<{address}>".encode())


def _address(text: bytes) -> Address:
    return Address.parse(text.decode("utf-8", "surrogateescape"))
