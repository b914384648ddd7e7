"""The typed questions of the ``Dns`` protocol, over one untyped ``ask``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable
from ipaddress import IPv4Address, IPv6Address
from typing import Any, cast

from gateway.mail.dns import Found, Mx, Tlsa


class Questions(ABC):
    """What every resolver of ours has in common."""

    @abstractmethod
    def ask(self, kind: str, name: str) -> Awaitable[Found[Any]]:
        """Put one question now; the awaitable gives the answer or raises ``DnsAway``."""

    def txt(self, name: str) -> Awaitable[Found[bytes]]:
        return self.ask("TXT", name)

    def a(self, name: str) -> Awaitable[Found[IPv4Address]]:
        return self.ask("A", name)

    def aaaa(self, name: str) -> Awaitable[Found[IPv6Address]]:
        return self.ask("AAAA", name)

    def mx(self, name: str) -> Awaitable[Found[Mx]]:
        return self.ask("MX", name)

    def ptr(self, address: IPv4Address | IPv6Address) -> Awaitable[Found[str]]:
        return cast("Awaitable[Found[str]]", self.ask("PTR", address.reverse_pointer))

    def tlsa(self, name: str) -> Awaitable[Found[Tlsa]]:
        return self.ask("TLSA", name)
