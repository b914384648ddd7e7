"""Mail from outside that calls itself one of us."""

from collections.abc import Iterator

from gateway.api import Action, Address, Filter, Mail, Verdict, later, reads_like, strongest


class Impersonation(Filter):
    """Hold or mark mail whose display name is a colleague's and whose address is not.

    Mail programs on telephones show the name alone, so this is how a stranger asks the
    accountant for an urgent transfer "from" the director. Names are compared with accents, case,
    look-alike letters and the order of words aside; the names of offices and our addresses in
    place of a name count, too. So do domains that look like ours.
    """

    action: Action = Action.HOLD
    """What to do with the name of a person, an office, or one of our addresses as a name."""
    look_alike: Action = Action.HOLD
    """What to do with a domain that reads like one of ours, or a guarded one."""
    reply_to: Action = Action.POINTS
    """What to do where answers would go to another domain than the mail says it is from."""
    trusted_domains: frozenset[str] = frozenset()
    """Domains from which our people do write to us, such as a webmail of their own."""
    guarded_domains: frozenset[str] = frozenset()
    """Besides ours: domains that our people believe, such as the sign-on of the province."""

    def message(self, mail: Mail) -> Verdict | None:
        if not mail.session.is_inbound:
            return None
        said: list[Verdict] = []
        for name, address in mail.message.authors:
            if address.domain in self.trusted_domains:
                continue
            reasons = _named(mail, name, address)
            said += [self.action.verdict("impersonation", why, points=5.0) for why in reasons]
            said += self._near(mail, address)
        said += self._answered(mail)
        return strongest(said)

    def _near(self, mail: Mail, address: Address) -> Iterator[Verdict]:
        guarded = mail.services.directory.domains() | self.guarded_domains
        if any(f".{address.domain}".endswith(f".{domain}") for domain in guarded):
            return
        for domain in sorted(guarded):
            if reads_like(address.domain, domain):
                reason = later("{domain} looks like {ours} and is not").format(
                    domain=address.domain, ours=domain
                )
                yield self.look_alike.verdict("look-alike", reason, points=5.0)

    def _answered(self, mail: Mail) -> Iterator[Verdict]:
        domains = {address.domain for _, address in mail.message.authors}
        for _, address in mail.message.mailboxes("Reply-To"):
            is_known = mail.services.directory.is_ours(address.domain)
            if address and not is_known and address.domain not in domains | self.trusted_domains:
                reason = later("answers go to {address}, not to {domains}").format(
                    address=address, domains=", ".join(sorted(domains))
                )
                yield self.reply_to.verdict("reply-to", reason, points=0.5)
                return


def _named(mail: Mail, name: str, address: Address) -> Iterator[str]:
    """Why this name is not its bearer's."""
    directory = mail.services.directory
    if not name or directory.is_ours(address.domain):
        return
    namesakes = directory.named(name)
    if namesakes and not any(address.key == a.key for p in namesakes for a in p.addresses):
        yield later("{name} works in {unit} and does not write from {address}").format(
            name=repr(name), unit=namesakes[0].unit, address=address
        )
    office = directory.official(name)
    if office is not None:
        yield later("{name} is {box} and does not write from {address}").format(
            name=repr(name), box=office.address, address=address
        )
    if "@" in name and any(f"@{domain}" in name.lower() for domain in directory.domains()):
        yield later("the name {name} is an address of ours, and the mail is from {address}").format(
            name=repr(name), address=address
        )
