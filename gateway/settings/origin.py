"""``[dns]`` and ``[dkim]``: whom we ask who sent a mail, and with which keys we sign ours."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from gateway.dns.settings import DnsSettings
from gateway.settings.errors import Mistake, located
from gateway.smtp.door import ListenerTable

if TYPE_CHECKING:
    from gateway.identity.keyring import Keyring


class DkimTable(BaseModel):
    """``[dkim]`` in vanthu.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: Path = Path("keys")
    """The folder of our signing keys, from the folder that the file is in; ``vanthu dkim new-key``
    fills it. Without it nothing is signed."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Both tables, checked."""

    dns: DnsSettings
    keyring: Keyring
    """Our own DKIM keys."""
    keys: Path
    """The folder that they lie in."""


def read_origin(
    dns: DnsSettings,
    dkim: DkimTable,
    path: Path,
    listeners: Iterable[ListenerTable],
    wrong: list[Mistake],
) -> Origin | None:
    """What the tables in the file at ``path`` come to; or None, and what is wrong."""
    from gateway.identity.keyring import BadKeyring, Keyring

    placed = _placed(dns, path, listeners, wrong)
    keys = path.parent / dkim.keys
    try:
        return Origin(placed, Keyring.load(keys), keys)
    except BadKeyring as error:
        wrong.extend(located(str(error), path, path.read_text(encoding="utf-8"), "dkim.keys"))
        return None


def _placed(
    table: DnsSettings, path: Path, listeners: Iterable[ListenerTable], wrong: list[Mistake]
) -> DnsSettings:
    """With the zone file where it lies, if there is one and nobody from outside can come in."""
    if table.zone is None:
        return table
    from gateway.dns.zone import read_zone

    text = path.read_text(encoding="utf-8")
    zone = path.parent / table.zone
    try:
        read_zone(zone)
    except (OSError, ValueError) as error:
        wrong.extend(located(f"{zone}: {error}", path, text, "dns.zone"))
    for host in sorted({listener.host for listener in listeners if not _is_loopback(listener)}):
        what = (
            f"with a zone nobody is asked who may send what, and a listener is open on {host}: "
            "take the zone out"
        )
        wrong.extend(located(what, path, text, "dns.zone"))
    return table.model_copy(update={"zone": zone})


def _is_loopback(listener: ListenerTable) -> bool:
    try:
        return ip_address(listener.host).is_loopback
    except ValueError:
        return listener.host == "localhost"
