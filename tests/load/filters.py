"""What each filter costs at each stage, as the gateway itself has written it down."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from statistics import median

from gateway.archive.commands import Receive
from gateway.archive.keeper import FileJournal
from gateway.settings.read import read_settings
from tests.load.gateway import Running

READ = 2000
"""Of the newest messages."""


def costs(ours: Running, say: Callable[[str], None]) -> None:
    """The median of every filter at every stage, dearest first, in microseconds on the clock."""
    journal = FileJournal(read_settings(ours.folder).server.data / "journal")
    try:
        took: dict[str, list[int]] = defaultdict(list)
        for record in journal.follow(max(0, journal.last - READ)):
            if isinstance(record.command, Receive):
                for told in record.command.findings:
                    took[f"{told.stage} {told.filter}"].append(told.took_us)
    finally:
        journal.close()
    say("  each filter, median us on the clock (those asked together wait for one another):")
    for name, times in sorted(took.items(), key=lambda item: -median(item[1])):
        say(f"    {name:28} {median(times):7.0f}")
