"""``[secrecy]``: for whom what bears a secrecy stamp is enclosed, and who is told of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict

from gateway.directory.tables import Tables
from gateway.settings.errors import Mistake, located

if TYPE_CHECKING:
    from gateway.quarantine.envelope import Envelope


class SecrecyTable(BaseModel):
    """``[secrecy]`` in vanthu.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    certificates: tuple[Path, ...] = ()
    """Of those who may open it; ``vanthu secrecy new-key`` makes one. Paths are taken from the
    folder that the file is in."""
    officers: tuple[str, ...] = ()
    """Logins that are told at once that something was contained, besides the mailbox's keepers."""


@dataclass(frozen=True, slots=True)
class Secrecy:
    """The table, checked."""

    envelope: Envelope | None = None
    """None: what is contained lies in the journal as it came."""
    officers: tuple[str, ...] = ()


def read_secrecy(
    table: SecrecyTable, path: Path, people: Tables | None, wrong: list[Mistake]
) -> Secrecy:
    """What the table in the file at ``path`` comes to; what is wrong is added to ``wrong``."""
    text = path.read_text(encoding="utf-8")
    for login in table.officers:
        if people is not None and login not in people.people:
            what = f"there is no {login!r} in directory.toml; {', '.join(sorted(people.people))}"
            wrong.extend(located(what, path, text, "secrecy.officers"))
    if not table.certificates:
        return Secrecy(None, table.officers)
    from gateway.quarantine.envelope import BadEnvelope, Envelope

    try:
        envelope = Envelope.load(path.parent / file for file in table.certificates)
    except BadEnvelope as error:
        wrong.extend(located(str(error), path, text, "secrecy.certificates"))
        return Secrecy(None, table.officers)
    return Secrecy(envelope, table.officers)
