"""MTA-STS (RFC 8461): what a domain publishes about TLS at its mail servers."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias, TypeGuard

from gateway.mail.dns import Dns, DnsAway
from gateway.mail.services import Notepad

log = logging.getLogger(__name__)

Fetch: TypeAlias = Callable[[str], Awaitable[bytes]]
"""Gives the policy file of a domain. PolicyAway where there is none to be had."""
Mode: TypeAlias = Literal["enforce", "testing", "none"]
POLICY_MAX = 64 * 1024
"""RFC 8461 3.3."""
MAX_AGE = 31_557_600
MX_MAX = 100
AGAIN_S = 300.0
"""After a fetch that failed (RFC 8461 3.3)."""
KIND = "mta-sts"
_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_NAME = re.compile(r"(\*\.)?([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z0-9]([a-z0-9-]*[a-z0-9])?")


class PolicyAway(Exception):
    """The policy could not be fetched; ``result`` in RFC 8460's words."""

    def __init__(
        self,
        text: str,
        result: Literal["sts-policy-fetch-error", "sts-webpki-invalid"] = "sts-policy-fetch-error",
    ) -> None:
        super().__init__(text)
        self.result = result


@dataclass(frozen=True, slots=True)
class Policy:
    """``mx`` may begin with ``*.``, which stands for one label."""

    id: str
    mode: Mode
    mx: tuple[str, ...]
    max_age: int

    def allows(self, host: str) -> bool:
        """Whether a mail server of this name is one that the policy names (RFC 8461 4.1)."""
        return any(name_fits(host, pattern) for pattern in self.mx)

    @property
    def lines(self) -> list[str]:
        """As a report shows it (RFC 8460 4.4)."""
        return [
            "version: STSv1",
            f"mode: {self.mode}",
            *(f"mx: {name}" for name in self.mx),
            f"max_age: {self.max_age}",
        ]


def name_fits(host: str, pattern: str) -> bool:
    """``*.example.vn`` fits ``mx.example.vn``, not ``a.mx.example.vn`` nor ``example.vn``."""
    host, pattern = host.lower().removesuffix("."), pattern.lower()
    if pattern.startswith("*."):
        label, _, rest = host.partition(".")
        return bool(label) and rest == pattern[2:]
    return host == pattern


def read_policy(id_: str, data: bytes) -> Policy:
    """Read a policy file (RFC 8461 3.2). ValueError says what is wrong with it."""
    if len(data) > POLICY_MAX:
        raise ValueError("the policy is longer than 64 KiB")
    fields: dict[str, str] = {}
    names: list[str] = []
    for line in data.decode("utf-8", "replace").splitlines():
        key, colon, value = line.partition(":")
        key, value = key.strip().lower(), value.strip()
        if not colon:
            continue
        if key == "mx":
            names.append(value.lower().removesuffix("."))
        else:
            fields.setdefault(key, value)
    if fields.get("version") != "STSv1":
        raise ValueError("version is not STSv1")
    mode, age = fields.get("mode", ""), fields.get("max_age", "")
    if not _is_mode(mode):
        raise ValueError(f"mode is {mode[:20]!r}, not enforce, testing or none")
    if not (age.isascii() and age.isdigit() and len(age) <= 10):  # noqa: PLR2004 - RFC 8461 3.2
        raise ValueError("max_age is not a number of seconds")
    if len(names) > MX_MAX or not all(map(_NAME.fullmatch, names)):
        raise ValueError("an mx is no name of a server")
    if mode != "none" and not names:
        raise ValueError("it names no mx")
    return Policy(id_, mode, tuple(names), min(int(age), MAX_AGE))


def _is_mode(text: str) -> TypeGuard[Mode]:
    return text in ("enforce", "testing", "none")


def read_record(texts: tuple[bytes, ...]) -> str:
    """The id in the TXT record; empty if there is not exactly one (RFC 8461 3.1)."""
    records = [t for t in texts if re.match(rb"v=STSv1[ \t]*(;|$)", t)]
    if len(records) != 1:
        return ""
    for field in records[0].decode("ascii", "replace").split(";")[1:]:
        key, _, value = field.partition("=")
        if key.strip() == "id" and _ID.fullmatch(value.strip()):
            return value.strip()
    return ""


@dataclass
class Policies:
    """Policies as they were fetched, remembered for as long as they say, across restarts."""

    dns: Dns
    fetch: Fetch
    notepad: Notepad
    failed: Callable[[str, str], None] = lambda domain, result: None  # noqa: ARG005
    """Told (domain, RFC 8460 result) when a policy cannot be had or read."""

    async def of(self, domain: str) -> Policy | None:
        """The policy of a domain, or None. A policy once seen holds until it expires, also while
        nobody answers (RFC 8461 5.1)."""
        known = self._known(domain)
        try:
            id_ = read_record((await self.dns.txt(f"_mta-sts.{domain}")).records)
        except DnsAway:
            return known
        if not id_ or (known is not None and known.id == id_):
            return known
        if self.notepad.get(f"{KIND}-failed", domain) == id_:
            return known
        try:
            fresh = read_policy(id_, await self.fetch(domain))
        except PolicyAway as error:
            return self._without(domain, id_, error.result, str(error), known)
        except ValueError as error:
            return self._without(domain, id_, "sts-policy-invalid", str(error), known)
        self.notepad.put(KIND, domain, json.dumps(asdict(fresh)), float(fresh.max_age))
        return fresh

    def _without(
        self, domain: str, id_: str, result: str, text: str, known: Policy | None
    ) -> Policy | None:
        log.warning("MTA-STS policy of %s: %s (%s)", domain, text, result)
        self.notepad.put(f"{KIND}-failed", domain, id_, AGAIN_S)
        self.failed(domain, result)
        return known

    def _known(self, domain: str) -> Policy | None:
        text = self.notepad.get(KIND, domain)
        if text is None:
            return None
        row = json.loads(text)
        return Policy(row["id"], row["mode"], tuple(row["mx"]), row["max_age"])
