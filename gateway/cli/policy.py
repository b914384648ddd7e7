"""What a domain's MTA-STS policy says, fetched as a sender would, for ``vanthu dns check``."""

from __future__ import annotations

from gateway.delivery.sts import Fetch, Policy, PolicyAway, read_policy, read_record
from gateway.identity.published import Line, State
from gateway.mail.dns import Dns, DnsAway
from gateway.runtime.words import tr


async def look_at_policy(dns: Dns, fetch: Fetch, domain: str) -> Line | None:
    """The file behind the record (RFC 8461 3.2), held against the domain's MX; None without one."""
    try:
        published = read_record((await dns.txt(f"_mta-sts.{domain}")).records)
        if not published:
            return None
        servers = [server.host for server in (await dns.mx(domain)).records]
        policy = read_policy(published, await fetch(domain))
    except DnsAway as error:
        return Line("MTA-STS", State.AWAY, str(error))
    except PolicyAway as error:
        return Line("MTA-STS", State.WRONG, tr("no policy can be fetched: {error}", error=error))
    except ValueError as error:
        return Line("MTA-STS", State.WRONG, tr("the policy is not in order: {error}", error=error))
    return _told(policy, servers)


def _told(policy: Policy, servers: list[str]) -> Line:
    left_out = [host for host in servers if not policy.allows(host)]
    if policy.mode != "none" and left_out:
        hosts = ", ".join(left_out)
        text = tr("the policy does not name {hosts}: mail to it will be refused", hosts=hosts)
        return Line("MTA-STS", State.WRONG, text)
    if policy.mode == "enforce":
        return Line("MTA-STS", State.GOOD, "; ".join(policy.lines))
    text = tr("the policy says {mode}: it protects nothing until it says enforce", mode=policy.mode)
    return Line("MTA-STS", State.ADVICE, text)
