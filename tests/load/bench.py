"""The relay beside a Postfix of its own, in one run: `make bench` or `make bench ROUNDS=1`.

Each row is measured in turns, ours and the anchor's, as often as ROUNDS says; the medians and their
ratio are printed beside the ratio that is the goal. Compare ratios: figures of one machine, or of
another hour on a machine that is shared, say little.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from statistics import median

from gateway.archive.shelf import Shelf
from gateway.settings.read import read_settings
from tests.load import endurance
from tests.load.gateway import TWO_DOORS, Running, gateway, secret
from tests.load.judged import judged
from tests.load.measure import Missing, Sent, Sink, cpu_s, send, sink
from tests.load.postfix import NoPostfix, postfix
from tests.load.rspamd import NoRspamd

KB, MB = 1000, 1_000_000
WARM = 200
SETTLE_S = 1.0
"""Until the outcome of the last delivery has been written down."""


@dataclass(frozen=True, slots=True)
class Case:
    """What is sent in one row, and the ratio to the anchor that is to be reached."""

    name: str
    size: int
    sessions: int
    messages: int
    goal: float
    is_new: bool = False

    @property
    def options(self) -> tuple[object, ...]:
        new = ("--new",) if self.is_new else ()
        return "--size", self.size, "--sessions", self.sessions, "--messages", self.messages, *new


ACCEPTED = (
    Case("2 KB, 100 sessions", 2 * KB, 100, 5000, 10),
    Case("2 KB, 20 sessions", 2 * KB, 20, 4000, 10),
    Case("20 KB, 100 sessions", 20 * KB, 100, 3000, 8),
    Case("20 KB, 20 sessions", 20 * KB, 20, 3000, 8),
    Case("200 KB, 20 sessions", 200 * KB, 20, 600, 3.5),
    Case("1 MB, 20 sessions", MB, 20, 200, 2.5),
    Case("2 KB, new connections", 2 * KB, 20, 2000, 4, is_new=True),
)
DELIVERED = (
    Case("2 KB, delivered", 2 * KB, 20, 2000, 9),
    Case("20 KB, delivered", 20 * KB, 20, 1500, 8),
    Case("200 KB, delivered", 200 * KB, 20, 300, 3),
    Case("1 MB, delivered", MB, 20, 100, 1.8),
)
SECRET = (
    Case("2 KB, TLS kept", 2 * KB, 20, 3000, 10),
    Case("200 KB, TLS kept", 200 * KB, 20, 300, 3.5),
    Case("2 KB, TLS handshake each", 2 * KB, 20, 600, 4, is_new=True),
)


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def row(name: str, ours: list[Sent], theirs: list[Sent], goal: float) -> None:
    rate, anchor = median(s.rate for s in ours), median(s.rate for s in theirs)
    cpu, anchor_cpu = median(s.cpu_us for s in ours), median(s.cpu_us for s in theirs)
    say(
        f"{name:24} {rate:7.0f}/s {cpu:6.0f} us | Postfix {anchor:6.0f}/s {anchor_cpu:6.0f} us | "
        f"{rate / anchor:5.1f}x (goal {goal:g}x), CPU {anchor_cpu / cpu:4.1f}x"
    )
    if refused := sum(s.refused for s in (*ours, *theirs)):
        mine = sum(s.refused for s in ours)
        say(f"{'':24} refused, not counted as sent: {mine} by us, {refused - mine} by Postfix")


def turns(rounds: int, *works: Callable[[], Sent]) -> Iterator[tuple[Sent, ...]]:
    for _ in range(rounds):
        yield tuple(work() for work in works)


def accepted(rounds: int) -> None:
    """Durable and numbered before the 250, against Postfix's accept and queue."""
    say("\nAccepted (durable and numbered before the 250), CPU of all that takes part")
    with gateway() as ours, postfix() as (port, pid):
        for server, pids in ((ours.port, ours.pids), (port, [pid])):
            send(server, pids, "--messages", WARM)
        for case in ACCEPTED:
            done = turns(
                rounds,
                lambda case=case: send(ours.port, ours.pids, *case.options),  # type: ignore[misc]
                lambda case=case: send(port, [pid], *case.options),  # type: ignore[misc]
            )
            mine, theirs = zip(*done, strict=True)
            row(case.name, list(mine), list(theirs), case.goal)
        half(ours, port, pid)
        indexed(ours)


def indexed(ours: Running) -> None:
    """The rows and the words of all that was just taken, which need not be there for the 250."""
    folder = read_settings(ours.folder).server.data
    shelf, used = Shelf(folder, applies=False), cpu_s(ours.pids)
    try:
        ours.start((("store",),))
        while shelf.applied() < (count := shelf.journal.last):
            time.sleep(0.1)
    finally:
        shelf.close()
    cost = 1e6 * (cpu_s(ours.pids) - used) / count
    say(f"The index over these {count} messages, afterwards: {cost:.0f} us of CPU each")


def half(ours: Running, port: int, pid: int) -> None:
    """How long the 250 takes at half of the load that each can bear."""
    say("\nThe wait for the 250 at half load (goal: p99 <= 50 ms)")
    for name, server, pids in (("vanthu", ours.port, ours.pids), ("Postfix", port, [pid])):
        most = send(server, pids, "--messages", 3000).rate
        said = send(server, pids, "--messages", 2000, "--rate", most / 2)
        say(f"{name:24} {most / 2:7.0f}/s  p50 {said.p50_ms:6.1f} ms  p99 {said.p99_ms:6.1f} ms")


def durable(rounds: int) -> None:
    """The share of its speed that the program keeps with every message on the disk."""
    say("\nWhat durability leaves of the same program's speed (goal: >= 65 %)")
    with gateway() as ours, gateway(module="tests.load.unsynced") as careless:
        for case in ACCEPTED[0], ACCEPTED[2], ACCEPTED[4], ACCEPTED[5]:
            done = turns(
                rounds,
                lambda case=case: send(ours.port, ours.pids, *case.options),  # type: ignore[misc]
                lambda case=case: send(careless.port, careless.pids, *case.options),  # type: ignore[misc]
            )
            kept, loose = (median(s.rate for s in one) for one in zip(*done, strict=True))
            say(f"{case.name:24} {kept:7.0f}/s of {loose:7.0f}/s: {100 * kept / loose:3.0f} %")


def delivered(rounds: int) -> None:
    """Accepted, kept and handed to the next server, until the last one has arrived there."""
    say("\nDelivered through to a server that takes everything")
    roles = (("smtp",), ("store",), ("deliver",))
    with ExitStack() as stack:
        first, second = (stack.enter_context(sink()) for _ in range(2))
        ours = stack.enter_context(gateway(roles, sink=first.port))
        port, pid = stack.enter_context(postfix(sink=second.port))
        for case in DELIVERED:
            done = turns(
                rounds,
                lambda case=case: through(ours.port, ours.pids, first, case),  # type: ignore[misc]
                lambda case=case: through(port, [pid], second, case),  # type: ignore[misc]
            )
            try:
                mine, theirs = zip(*done, strict=True)
            except Missing as error:
                say(f"{case.name:24} {error}; we still owe:\n{ours.owed() or 'nothing'}")
                return
            row(case.name, list(mine), list(theirs), case.goal)


def through(port: int, pids: list[int], end: Sink, case: Case) -> Sent:
    """Rate and processor until the last message has arrived, and what is written down after it.

    What was refused at the door is neither waited for nor counted as sent.
    """
    before, used, began = end.count, cpu_s(pids), time.perf_counter()
    sent = send(port, pids, *case.options)
    end.wait(before + sent.taken)
    rate = sent.taken / (time.perf_counter() - began)
    time.sleep(SETTLE_S)
    cpu_us = 1e6 * (cpu_s(pids) - used) / max(1, sent.taken)
    return replace(sent, rate=rate, cpu_us=cpu_us)


def shared_port(rounds: int) -> None:
    """Two processes at one port and in one journal, beside one, and Postfix."""
    say("\nTwo processes with the role smtp that share port and journal, beside one")
    with gateway(TWO_DOORS) as two, gateway() as one, postfix() as (port, pid):
        for case in ACCEPTED[0], ACCEPTED[2], ACCEPTED[4]:
            servers = (two.port, two.pids), (one.port, one.pids), (port, [pid])
            done = turns(
                rounds,
                *(lambda s=s, case=case: send(*s, *case.options) for s in servers),
            )
            mine, single, theirs = (list(some) for some in zip(*done, strict=True))
            row(case.name, mine, theirs, case.goal)
            alone = median(s.rate for s in single)
            say(f"{'':24} {median(s.rate for s in mine) / alone:.2f}x one process ({alone:.0f}/s)")


def under_tls(rounds: int) -> None:
    """STARTTLS: one handshake for many messages, and one for each."""
    say("\nWith STARTTLS")
    with gateway(configure=secret) as ours, postfix(more=_tls_of(ours)) as (port, pid):
        for case in SECRET:
            done = turns(
                rounds,
                lambda case=case: send(ours.port, ours.pids, "--tls", *case.options),  # type: ignore[misc]
                lambda case=case: send(port, [pid], "--tls", *case.options),  # type: ignore[misc]
            )
            mine, theirs = zip(*done, strict=True)
            row(case.name, list(mine), list(theirs), case.goal)


def _tls_of(ours: Running) -> str:
    """Lines of main.cf: the same certificate."""
    known = {"cert_file": "cert.pem", "key_file": "cert.key"}
    lines = [f"smtpd_tls_{name} = {ours.folder / file}" for name, file in known.items()]
    return "\n".join([*lines, "smtpd_tls_security_level = may"])


PARTS: dict[str, Callable[[int], None]] = {
    "accepted": accepted,
    "durable": durable,
    "delivered": delivered,
    "tls": under_tls,
    "shared": shared_port,
    "judged": lambda rounds: judged(rounds, say),
    "memory": lambda _: endurance.memory(say),
    "idle": lambda _: endurance.idle(say),
    "recovery": lambda rounds: endurance.recovery(20_000 if rounds == 1 else 100_000, say),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help="these alone")
    chosen = parser.parse_args()
    try:
        for name, part in PARTS.items():
            if not chosen.parts or name in chosen.parts:
                part(chosen.rounds)
    except (NoPostfix, NoRspamd) as error:
        sys.exit(f"bench: {error}")


if __name__ == "__main__":
    main()
