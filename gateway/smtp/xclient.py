"""XCLIENT: a mail server before us that we trust says whom it speaks for (Postfix XCLIENT)."""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address

from gateway.chain.filter import Stage
from gateway.smtp.commands import BadCommand, xtext
from gateway.smtp.door import Client, among
from gateway.smtp.login import Login

ATTRIBUTES = ("NAME", "ADDR", "PORT", "PROTO", "HELO", "LOGIN")
_UNKNOWN = frozenset({"[UNAVAILABLE]", "[TEMPUNAVAIL]"})
PORT_MAX = 65535


@dataclass(frozen=True, slots=True)
class Introduced:
    """What was said of a client; what is None was not said or is not known."""

    client: Client = None
    port: int = 0
    helo: str = ""
    login: str = ""


def read_xclient(rest: bytes) -> Introduced:
    """The attributes behind XCLIENT. BadCommand where one is unknown or not in order."""
    said: dict[str, str] = {}
    for word in rest.split():
        name, equals, value = word.decode("ascii", "replace").partition("=")
        if name.upper() not in ATTRIBUTES or not equals or name.upper() in said:
            raise BadCommand(f"501 5.5.4 XCLIENT takes {' '.join(ATTRIBUTES)}, each once")
        said[name.upper()] = value
    if not said:
        raise BadCommand("501 5.5.4 XCLIENT needs an attribute")
    try:
        known = {name: _utf8(xtext(value)) for name, value in said.items() if value not in _UNKNOWN}
        address = known.get("ADDR", "")
        if address[:5].upper() == "IPV6:":
            address = address[5:]
        port = int(known.get("PORT", "0"))
        client = ip_address(address) if address else None
    except ValueError:
        raise BadCommand("501 5.5.4 An attribute of XCLIENT is not in order") from None
    if not 0 <= port <= PORT_MAX or known.get("PROTO", "ESMTP").upper() not in {"SMTP", "ESMTP"}:
        raise BadCommand("501 5.5.4 An attribute of XCLIENT is not in order")
    return Introduced(client, port, known.get("HELO", "")[:255], known.get("LOGIN", ""))


def _utf8(octets: str) -> str:
    """Text from octets that ``xtext`` gave as one sign each."""
    return octets.encode("latin-1").decode("utf-8")


class Introducing(Login):
    """A connection on which somebody may be introduced."""

    _helo_said = ""
    """The name by which the client of whom we were told has greeted."""

    @property
    def _may_introduce(self) -> bool:
        return among(self._came_from, self._door.table.xclient_from)

    def _xclient(self, rest: bytes) -> None:
        if not self._may_introduce:
            raise BadCommand("550 5.7.1 You are not among those whom we believe it")
        if self._walk.transaction.id:
            raise BadCommand("503 5.5.1 Not within a message")
        said = read_xclient(rest)
        person = self._talk.services.directory.person(said.login) if said.login else None
        if said.login and person is None:
            raise BadCommand("550 5.7.8 There is no such login here")
        self._forget()
        client = self._talk.client if said.client is None else said.client
        self._leave()
        self._meet(client, said.port)
        self._helo_said = said.helo
        if person is not None:
            self._talk.user, self._talk.vouched = person.login, str(self._came_from)
        if refusal := self._enter():
            self._bye(refusal)
            return
        self._ask(Stage.CONNECT, self._walk.connect, self._greet)
