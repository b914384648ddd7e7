"""The whole inbound chain beside a Postfix that asks rspamd, and one that asks nobody."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.load import filters
from tests.load.gateway import ROLES, gateway, shipped
from tests.load.letters import with_pdf
from tests.load.measure import Sent, send
from tests.load.postfix import postfix
from tests.load.rspamd import rspamd

Say = Callable[[str], None]
TO = "lan@songoaivu.example"
SMALL, PAPER = 2000, 200_000
WARM = 50


def judged(rounds: int, say: Say) -> None:
    """Rates, processor and refusals; then what each filter costs."""
    say("\nWith the whole inbound chain as shipped (goals), beside Postfix + rspamd and Postfix")
    with (
        tempfile.TemporaryDirectory(prefix="vanthu-letters-") as folder,
        rspamd() as (milter, judge),
        postfix() as (bare, bare_pid),
        postfix(milter=milter) as (asking, asking_pid),
        gateway(ROLES, configure=shipped) as ours,
    ):
        letters = with_pdf(Path(folder), PAPER, TO)
        cases = (
            ("2 KB (1500/s, 600 us, 6x)", ("--size", SMALL), (2000, 300, 2000)),
            ("200 KB PDF (100/s)", ("--file", *letters), (200, 60, 200)),
        )
        for name, what, counts in cases:
            servers = ((ours.port, ours.pids), (asking, [asking_pid, judge]), (bare, [bare_pid]))
            told: list[list[Sent]] = [[], [], []]
            for port, pids in servers:
                send(port, pids, *what, "--to", TO, "--messages", WARM)
            for _ in range(rounds):
                for (port, pids), count, to in zip(servers, counts, told, strict=True):
                    to.append(
                        send(port, pids, *what, "--to", TO, "--sessions", 100, "--messages", count)
                    )
            _row(name, told, say)
        filters.costs(ours, say)


def _row(name: str, told: list[list[Sent]], say: Say) -> None:
    mine, judging, bare = [median(s.rate for s in one) for one in told]
    cpu = [median(s.cpu_us for s in one) for one in told]
    say(
        f"{name:28} {mine:6.0f}/s {cpu[0]:6.0f} us | Postfix + rspamd {judging:5.0f}/s "
        f"{cpu[1]:6.0f} us | Postfix {bare:5.0f}/s {cpu[2]:6.0f} us"
    )
    times = f"{mine / judging:.1f}x Postfix + rspamd, CPU {cpu[1] / cpu[0]:.1f}x"
    say(f"{'':28} {times}; {mine / bare:.1f}x bare Postfix")
    by = ", ".join(str(sum(s.refused for s in one)) for one in told)
    if any(s.refused for one in told for s in one):
        say(f"{'':28} refused, not counted as sent (by us, rspamd, bare Postfix): {by}")
