"""``vanthu secrecy``: the security officer's key, and what was contained for him."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

from gateway.archive.commands import Receive, Told
from gateway.archive.journal import Entry
from gateway.archive.queries import Found, Wanted
from gateway.cli.books import WAIT_S, Opened, add_asker, opened
from gateway.cli.look import line
from gateway.cli.office import one, settings, shelf
from gateway.cli.queue import now_ms
from gateway.mail.message import Message
from gateway.mail.text import one_line
from gateway.mail.verdict import Desk
from gateway.mail.vietnamese import readable
from gateway.quarantine.envelope import BadEnvelope, Envelope, digest_of, new_key
from gateway.runtime.ids import new_id
from gateway.runtime.words import later, tr, trn

MOST = 10_000
FILTER = "secrecy"
NO_SECRET = later("no secret, says {officer}: {reason}")


def add(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    page = actions.add_parser("new-key", help=tr("make the officer's key and its certificate"))
    page.add_argument("officer", help=tr("his name, which stands in the certificate"))
    page.add_argument("--certificate", type=Path, help=tr("where to (secrecy.pem beside settings)"))
    page.add_argument("--key", type=Path, required=True, help=tr("where to; best on his own disk"))
    _add_passphrase(page)
    page.set_defaults(work=_new_key)
    page = actions.add_parser("list", help=tr("what is contained, and waits for the officer"))
    page.set_defaults(work=_list)
    page = actions.add_parser("open", help=tr("a contained message, into a file"))
    _add_message(page)
    page.add_argument("--out", type=Path, required=True, help=tr("a new file; - for the terminal"))
    page.add_argument(
        "--enclosed", action="store_true", help=tr("as it lies there, for another machine")
    )
    page.set_defaults(work=_open)
    page = actions.add_parser("release", help=tr("it is no secret: let it go on"))
    _add_message(page)
    page.add_argument(
        "--clear", type=Path, help=tr("the message, opened elsewhere, in place of the key")
    )
    page.set_defaults(work=_release)


def _add_message(page: argparse.ArgumentParser) -> None:
    page.add_argument("message", help=tr("its archive number or id"))
    page.add_argument("--reason", required=True, help=tr("kept in the message's story"))
    page.add_argument("--key", type=Path, help=tr("the officer's key"))
    _add_passphrase(page)
    add_asker(page)


def _add_passphrase(page: argparse.ArgumentParser) -> None:
    page.add_argument(
        "--passphrase-file", type=Path, help=tr("read its first line; left out: it is asked for")
    )


def _new_key(chosen: argparse.Namespace) -> int:
    certificate = chosen.certificate or chosen.config / "secrecy.pem"
    passphrase = _passphrase(chosen)
    if chosen.passphrase_file is None and passphrase != getpass.getpass(tr("Once more: ")):
        raise BadEnvelope(tr("They differ, or there is none; nothing was made."))
    new_key(certificate, chosen.key, chosen.officer, passphrase, datetime.now(UTC))
    told = (
        tr("Put this into vanthu.toml, and run `vanthu reload`:"),
        f'[secrecy]\ncertificates = ["{certificate.name}"]',
        tr(
            "{key} opens what is contained. Keep it, and a copy, away from this machine: without "
            "it nobody can read that again.",
            key=chosen.key,
        ),
    )
    sys.stdout.write("\n".join(told) + "\n")
    return 0


def _passphrase(chosen: argparse.Namespace) -> str:
    if chosen.passphrase_file is None:
        return getpass.getpass(tr("Passphrase: "))
    lines = chosen.passphrase_file.read_text(encoding="utf-8").splitlines()
    return str(lines[0]) if lines else ""


def _list(chosen: argparse.Namespace) -> int:
    wanted = Wanted(desk=Desk.QUARANTINE, limit=MOST)
    with shelf(chosen) as at:
        rows = [found for found in at.queries.find(wanted) if found.sealing]
    for found in rows:
        mark = " " if found.sealing == "enclosed" else tr("(not encrypted)")
        sys.stdout.write(f"{line(found)} {mark}".rstrip() + "\n")
    sys.stdout.write(trn("{n} message is contained.", "{n} messages are contained.", len(rows)))
    sys.stdout.write("\n")
    return 0


def _open(chosen: argparse.Namespace) -> int:
    with opened(chosen) as at:
        found, command, body = _contained(at, chosen.message)
        raw = body if chosen.enclosed else _disclosed(chosen, command, body)
        # Written down first: who has seen it has been seen.
        at.lookup.viewed(at.asker, "enclosed" if chosen.enclosed else "secret", [found.id],
                         chosen.reason)  # fmt: skip
    if str(chosen.out) == "-":
        sys.stdout.buffer.write(raw)
        return 0
    descriptor = os.open(chosen.out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(raw)
    return 0


def _release(chosen: argparse.Namespace) -> int:
    with opened(chosen) as at:
        found, command, body = _contained(at, chosen.message)
        if found.state != "held":
            name = found.number or found.id
            raise LookupError(tr("{name} is not held: it is {state}", name=name, state=found.state))
        raw = chosen.clear.read_bytes() if chosen.clear else _disclosed(chosen, command, body)
        if digest_of(raw) != command.clear_sha256:
            raise BadEnvelope(tr("this is not the message that was contained: its hash differs"))
        again = reopened(command, raw, str(at.asker), chosen.reason, now_ms())
        kept = at.shelf.journal.append_now([Entry(again, (raw,), numbered=True)])
        if not asyncio.run(at.shelf.settled(kept[-1].seq, WAIT_S)):
            told = tr("It is written down, and counts as soon as the gateway runs again.")
            sys.stderr.write(told + "\n")
            return 0
        after = one(at.shelf, again.id)
    sys.stdout.write(line(after) + "\n")
    return 1 if after.state == "discarded" else 0


def _contained(at: Opened, name: str) -> tuple[Found, Receive, bytes]:
    found = one(at.shelf, name)
    if found.sealing != "enclosed":
        raise LookupError(tr("{name} is not enclosed; `vanthu secrecy list` tells what is",
                             name=name))  # fmt: skip
    record = at.shelf.queries.record(found)
    assert isinstance(record.command, Receive)
    return found, record.command, record.raw


def _disclosed(chosen: argparse.Namespace, command: Receive, body: bytes) -> bytes:
    if chosen.key is None:
        raise BadEnvelope(tr("say with --key where the officer's key is"))
    envelope = settings(chosen).secrecy.envelope
    if envelope is None:
        envelope = Envelope(())
    raw = envelope.disclose(body, chosen.key, _passphrase(chosen).encode())
    if digest_of(raw) != command.clear_sha256:
        raise BadEnvelope(tr("this is not the message that was contained: its hash differs"))
    return raw


def reopened(command: Receive, raw: bytes, officer: str, reason: str, at_ms: int) -> Receive:
    """The message as it goes on: held where another filter held it, or else owed to its readers."""
    word = Told(stage="desk", filter=FILTER, verdict="pass",
                reason=NO_SECRET.format(officer=officer, reason=reason))  # fmt: skip
    said = [
        replace(told, enforced=False) if told.filter == FILTER else told
        for told in command.findings
    ]
    others = any(told.enforced and told.verdict == "hold" for told in said)
    desks = tuple(desk for desk in command.desks if others or desk != Desk.QUARANTINE)
    return replace(
        command,
        id=new_id(),
        at_ms=at_ms,
        state="held" if desks else "accepted",
        desks=desks,
        reason=command.reason if desks else "",
        findings=(*said, word),
        sealed=False,
        enclosed_for=(),
        clear_sha256="",
        opened_from=command.id,
        subject=one_line(readable(Message(raw).header("Subject")), 500),
    )
