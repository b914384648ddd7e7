"""``vanthu run``, ``check``, ``demo``, ``password``: start the gateway, or see that it can."""

from __future__ import annotations

import argparse
import asyncio
import getpass
import os
import signal
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gateway.cli.office import settings
from gateway.runtime.words import tr, trn

if TYPE_CHECKING:
    from gateway.settings.read import Settings


def add_run(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=_run)


def add_serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--role", action="append", required=True, choices=ROLE_NAMES, help=tr("may be given again")
    )
    parser.set_defaults(work=_serve)


def add_reload(parser: argparse.ArgumentParser) -> None:
    parser.set_defaults(work=reload)


def add_check(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--quick", action="store_true", help=tr("the archive's last segment, too"))
    parser.set_defaults(work=_check)


def add_demo(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("folder", type=Path)
    parser.set_defaults(work=_demo)


def add_password(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("login")
    parser.set_defaults(work=_password)


RELOAD_S = 60.0
"""How long ``vanthu reload`` waits to hear from all processes."""

ROLE_NAMES = (
    "store",
    "register",
    "hooks",
    "deliver",
    "desk",
    "smtp",
    "monitor",
    "trainer",
    "quarantine",
    "duty",
)
"""As in ``roles/process.py``, which takes half a second to import."""


def _run(chosen: argparse.Namespace) -> int:
    return serve(settings(chosen), _tell)


def _serve(chosen: argparse.Namespace) -> int:
    return serve(settings(chosen), _tell, tuple(dict.fromkeys(chosen.role)))


def reload(chosen: argparse.Namespace) -> int:
    """Mistakes are told here, before anyone is asked to read them."""
    from gateway.roles.process import RUNNING
    from gateway.runtime.running import running

    folder = settings(chosen).server.data / RUNNING
    asked = {process.pid: process for process in running(folder)}
    if not asked:
        sys.stderr.write(tr("the gateway does not run") + "\n")
        return 1
    for pid in asked:
        os.kill(pid, signal.SIGHUP)
    until, status = time.monotonic() + RELOAD_S, 0
    while asked and time.monotonic() < until:
        time.sleep(0.1)
        now = {process.pid: process for process in running(folder)}
        for pid, before in list(asked.items()):
            after = now.get(pid)
            if after is None or after.reloads > before.reloads:
                told = tr("it has ended") if after is None else after.told or tr("new settings")
                status |= bool(after is None or after.told)
                sys.stdout.write(f"{','.join(before.roles)} ({pid}): {told}\n")
                del asked[pid]
    told = tr("no answer yet")
    for pid, silent in asked.items():
        sys.stdout.write(f"{','.join(silent.roles)} ({pid}): {told}\n")
    return status or bool(asked)


def serve(found: Settings, tell: Any, roles: tuple[str, ...] = ROLE_NAMES) -> int:
    """Run until told to stop."""
    import uvloop

    from gateway.roles.process import Process
    from gateway.runtime import log

    log.begin(found.server.log_level, found.server.log_format)
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(Process(found, roles).run(tell))
    return 0


def _tell(ports: dict[str, int]) -> None:
    for name, port in ports.items():
        sys.stdout.write(tr("{name} on port {port}", name=name, port=port) + "\n")
    sys.stdout.flush()


def _check(chosen: argparse.Namespace) -> int:
    found = settings(chosen)
    told = tr("{folder}: {n} chains, all in order", folder=found.folder, n=len(found.chains))
    sys.stdout.write(told + "\n")
    if (zone := found.origin.dns.zone) is not None:
        told = tr("nobody is asked: answers come from {file}", file=zone)
        sys.stdout.write(f"dns: {told}\n")
    sys.stdout.write(f"secrecy: {_contained(found)}\n")
    for line in found.duty.remarks():
        sys.stdout.write(f"{line}\n")
    for line in asyncio.run(_readers(found)):
        sys.stdout.write(f"{line}\n")
    return 0


def _contained(found: Settings) -> str:
    """Who can open what comes in with a secrecy stamp."""
    envelope = found.secrecy.envelope
    if envelope is None:
        return tr(
            "what is contained lies in the archive unencrypted; make a key with "
            "`vanthu secrecy new-key`"
        )
    told = trn(
        "what is contained is encrypted for {n} key",
        "what is contained is encrypted for {n} keys",
        len(envelope.certificates),
    )
    for name in envelope.ended(datetime.now(UTC)):
        told += "; " + tr("the time of the certificate {name} is over", name=name)
    return told


async def _readers(found: Settings) -> list[str]:
    """How documents are read on this machine: walls, OCR, authorities."""
    from gateway.documents.parent import Away
    from gateway.documents.room import GlassRoom, told
    from gateway.intake import utc_now

    room = GlassRoom(found.documents, utc_now)
    try:
        return told(await room.start(), found.documents)
    except Away as error:
        return [tr("documents: cannot be read: {error}", error=error)]
    finally:
        await room.close()


def _password(chosen: argparse.Namespace) -> int:
    from gateway.directory.passwords import hash_password

    first = getpass.getpass(tr("Password of {login}: ", login=chosen.login))
    if not first or first != getpass.getpass(tr("Once more: ")):
        sys.stderr.write(tr("They differ, or there is none; nothing was made.") + "\n")
        return 1
    sys.stdout.write(f'[passwords]\n{chosen.login} = "{hash_password(first)}"\n')
    return 0


def _demo(chosen: argparse.Namespace) -> int:
    from gateway.cli.demo import make, told

    folder = make(chosen.config, chosen.folder)
    chosen.config = folder
    return serve(settings(chosen), lambda ports: told(folder, ports))
