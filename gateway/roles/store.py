"""The role that folds the journal into rows, makes their words findable, packs what is cold."""

from __future__ import annotations

from gateway.roles.house import House, Role


class Store(Role):
    """Threads of the shelf. Several processes may do this: each record counts once."""

    async def open(self, house: House) -> dict[str, int]:
        house.shelf.start()
        return {}

    async def renew(self, house: House) -> None:
        """Nothing here depends on settings that can change while it runs."""

    async def close(self) -> None:
        """The shelf stops its threads when it is closed."""
