"""Mail from outside that calls itself one of us."""

from typing import Literal

from gateway.api import AddHeader, Filter, Hold, Mail, Pass, Verdict


class Impersonation(Filter):
    """Hold or mark mail whose display name is a colleague's and whose address is not.

    Mail programs on telephones show the name alone, so this is how a stranger asks the
    accountant for an urgent transfer "from" the director.
    """

    action: Literal["hold", "mark"] = "hold"
    trusted_domains: frozenset[str] = frozenset()
    """Domains from which our people do write to us, such as a webmail of their own."""

    def message(self, mail: Mail) -> Verdict | None:
        name, address = mail.message.author
        if not mail.session.is_inbound or not name or address.domain in self.trusted_domains:
            return None
        namesakes = mail.services.directory.named(name)
        if not namesakes or any(address in person.addresses for person in namesakes):
            return None
        reason = f"{name!r} works in {namesakes[0].unit} and does not write from {address}"
        if self.action == "mark":
            return Pass(reason, (AddHeader("X-Vanthu-Warning", "impersonation"),))
        return Hold(reason)
