"""How often TLS to other servers went well, and how not, day by day (RFC 8460)."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeAlias

log = logging.getLogger(__name__)

KEEP_DAYS = 60
KEYS_MAX = 20_000
"""Different rows in a day; more are not told apart, and counted under ``other``."""
Key: TypeAlias = tuple[str, str, str, str]
"""Policy domain, policy type (``sts``, ``tlsa``, ``no-policy-found``), server, result; the result
is empty for success."""


@dataclass
class TlsCounts:
    """Counters of the present day, kept in a file for each day below ``folder``."""

    folder: Path
    clock: Callable[[], datetime]
    totals: dict[tuple[str, str], int] = field(default_factory=dict)
    """(policy type, result) since the start, for the metrics page."""
    _day: date | None = None
    _rows: dict[Key, int] = field(default_factory=dict)
    _is_dirty: bool = False

    def add(self, domain: str, kind: str, host: str, result: str = "") -> None:
        """Count one session; ``result`` is empty where it went well."""
        self._turn()
        key = (domain, kind, host, result)
        if len(self._rows) >= KEYS_MAX and key not in self._rows:
            key = ("other", kind, "", result)
        self._rows[key] = self._rows.get(key, 0) + 1
        self.totals[kind, result] = self.totals.get((kind, result), 0) + 1
        self._is_dirty = True

    def flush(self) -> None:
        """Write what is new. OSError where the disk does not take it."""
        if not self._is_dirty or self._day is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{self._day}.json"
        fresh = path.with_suffix(".new")
        rows = [[*key, count] for key, count in sorted(self._rows.items())]
        fresh.write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
        fresh.replace(path)
        self._is_dirty = False

    def _turn(self) -> None:
        today = self.clock().astimezone(UTC).date()
        if today == self._day:
            return
        try:
            self.flush()
        except OSError as error:
            log.warning("TLS counters of %s are not kept: %s", self._day, error)
        self._day, self._rows = today, {}
        for domain, kind, host, result, count in read_day(self.folder, today):
            self._rows[domain, kind, host, result] = count
        for old in sorted(self.folder.glob("*.json"))[:-KEEP_DAYS]:
            old.unlink(missing_ok=True)


def read_day(folder: Path, day: date) -> Iterator[tuple[str, str, str, str, int]]:
    """The rows of one day: domain, policy type, server, result, sessions."""
    try:
        rows = json.loads((folder / f"{day}.json").read_text(encoding="utf-8"))
    except (FileNotFoundError, json.JSONDecodeError):
        return
    for domain, kind, host, result, count in rows:
        yield str(domain), str(kind), str(host), str(result), int(count)


def report(
    rows: Iterator[tuple[str, str, str, str, int]], day: date, organisation: str
) -> dict[str, Any]:
    """One day in the form of RFC 8460 4, over all domains."""
    policies: dict[tuple[str, str], dict[str, Any]] = {}
    for domain, kind, host, result, count in rows:
        policy = policies.setdefault(
            (domain, kind),
            {
                "policy": {"policy-type": kind, "policy-domain": domain},
                "summary": {
                    "total-successful-session-count": 0,
                    "total-failure-session-count": 0,
                },
                "failure-details": [],
            },
        )
        if not result:
            policy["summary"]["total-successful-session-count"] += count
            continue
        policy["summary"]["total-failure-session-count"] += count
        policy["failure-details"].append(
            {
                "result-type": result,
                "receiving-mx-hostname": host,
                "failed-session-count": count,
            }
        )
    return {
        "organization-name": organisation,
        "date-range": {"start-datetime": f"{day}T00:00:00Z", "end-datetime": f"{day}T23:59:59Z"},
        "contact-info": f"postmaster@{organisation}",
        "report-id": f"{day}@{organisation}",
        "policies": list(policies.values()),
    }
