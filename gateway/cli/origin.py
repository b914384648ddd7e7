"""``vanthu dns check`` and ``vanthu dkim``: what others see of our domains, and our own keys."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable
from contextlib import AsyncExitStack
from dataclasses import asdict
from datetime import date, datetime, timedelta
from ipaddress import ip_address
from time import perf_counter
from typing import TYPE_CHECKING

from gateway.cli.office import OFFICE, printed, settings
from gateway.mail.address import normal_domain
from gateway.runtime.words import tr

if TYPE_CHECKING:
    from gateway.identity.keyring import OwnKey
    from gateway.identity.published import Ip, Line, Office
    from gateway.mail.dns import Dns
    from gateway.settings.read import Settings

KEEP_DAYS = 30
"""A key stays published so long after it has signed its last mail: some is read late."""
PUBLISH_DAYS = 2
"""Between publishing a key and signing with it, where another one signs until then."""


def add_dns(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser("check", help=tr("what is published, what is wrong with it"))
    action.add_argument("domain", nargs="*", help=tr("our domains; all of directory.toml"))
    action.add_argument(
        "--address", action="append", type=ip_address, help=tr("an address we send from")
    )
    action.add_argument("--json", action="store_true")
    action.set_defaults(work=_check)


def add_dkim(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    action = actions.add_parser("new-key", help=tr("make keys and tell what to publish"))
    action.add_argument("domain")
    action.add_argument(
        "--from", dest="start", type=date.fromisoformat, help=tr("the first day it signs")
    )
    action.set_defaults(work=_new_key)
    action = actions.add_parser("list", help=tr("our keys, and what is to be done with each"))
    action.set_defaults(work=_list)


def _check(chosen: argparse.Namespace) -> int:
    lines = asyncio.run(_looked(chosen))
    if chosen.json:
        rows = [{"domain": domain, **asdict(line)} for domain, line in lines]
        printed(rows, as_json=True)
    else:
        told, to_publish = "", tr("publish")
        for domain, line in lines:
            if domain != told:
                sys.stdout.write(f"\n{domain}\n")
                told = domain
            sys.stdout.write(f"  {line.about:9} {_shown(line.state):10} {line.text}\n")
            if line.publish:
                sys.stdout.write(f"  {'':9} {to_publish:10} {line.publish}\n")
    return 0 if all(line.state in {"good", "advice"} for _, line in lines) else 1


def _shown(state: str) -> str:
    return {
        "good": tr("good"),
        "advice": tr("advice"),
        "missing": tr("missing"),
        "wrong": tr("wrong"),
    }.get(state, tr("no answer"))


async def _looked(chosen: argparse.Namespace) -> list[tuple[str, Line]]:
    from gateway.cli.policy import look_at_policy
    from gateway.delivery.fetch import HttpsFetch
    from gateway.identity.published import Office, look
    from gateway.roles.services import open_dns

    found = settings(chosen)
    today = datetime.now(OFFICE).strftime("%Y%m%d")
    addresses = tuple(chosen.address or ())
    office = Office(found.server.hostname, found.origin.keyring, addresses, today)
    lines: list[tuple[str, Line]] = []
    async with AsyncExitStack() as stack:
        dns = open_dns(found.origin.dns, stack)
        lines += [(tr("resolver"), line) for line in await _resolver(dns, found, office)]
        for domain in chosen.domain or sorted(found.directory.domains):
            name = normal_domain(domain)
            lines += [(domain, line) for line in await look(dns, name, office)]
            if found.origin.dns.zone is None:  # Else nobody is asked, by HTTPS neither.
                policy = await look_at_policy(dns, HttpsFetch(dns), name)
                lines += [(domain, policy)] if policy else []
    return lines


async def _resolver(dns: Dns, found: Settings, office: Office) -> list[Line]:
    """Whether anybody answers, and what the blocklists say that our filters ask."""
    from gateway.identity.published import Line, State, addresses
    from gateway.mail.dns import DnsAway

    lines: list[Line] = []
    if found.origin.dns.zone is not None:
        text = tr("nobody is asked: answers come from {file}", file=found.origin.dns.zone)
        lines.append(Line("DNS", State.ADVICE, text))
    else:
        began = perf_counter()
        try:
            answer = await dns.a("a.root-servers.net")
            took = f"{1000 * (perf_counter() - began):.0f} ms"
            signed = tr("DNSSEC is checked") if answer.is_secure else tr("DNSSEC is not checked")
            lines.append(Line("DNS", State.GOOD, f"{took}, {signed}"))
        except DnsAway as error:
            text = tr("no resolver answers: see [dns] servers in vanthu.toml")
            lines.append(Line("DNS", State.WRONG, f"{error}; {text}"))
    ours = office.addresses or await addresses(dns, office.hostname, [])
    return lines + [await _blocklist(dns, zone, ours) for zone in _zones(found)]


def _zones(found: Settings) -> list[str]:
    """The blocklists that the chains name, wherever a filter has a setting of them."""
    links = (link for chain in found.chains.values() for step in chain.steps for link in step)
    lists = (one for link in links for one in getattr(link.filter, "lists", ()))
    zones = (getattr(one, "zone", "") for one in lists)
    return list(dict.fromkeys(zone for zone in zones if zone))


async def _blocklist(dns: Dns, zone: str, ours: Iterable[Ip]) -> Line:
    """RFC 5782 5: every list has a test entry, of addresses or of names; and are we on it?"""
    from gateway.identity.blocklist import ALWAYS, Blocklisted, ask_blocklist
    from gateway.identity.published import Line, State

    for address in ours:
        if (await ask_blocklist(dns, zone, address).said()).word is Blocklisted.LISTED:
            text = tr("{zone} lists our address {address}", zone=zone, address=address)
            return Line("dnsbl", State.WRONG, text)
    said = [await ask_blocklist(dns, zone, subject).said() for subject in ALWAYS]
    if any(one.word is Blocklisted.LISTED for one in said):
        return Line("dnsbl", State.GOOD, zone)
    refused = next((one for one in said if one.word is Blocklisted.REFUSES), said[0])
    why = refused.reason or tr("it does not list what every list lists; is it gone?")
    return Line("dnsbl", State.WRONG, f"{zone} {refused.word}: {why}")


def _new_key(chosen: argparse.Namespace) -> int:
    from gateway.identity.keyring import new_keys
    from gateway.identity.published import record_line

    found = settings(chosen)
    today = datetime.now(OFFICE).date()
    domain = normal_domain(chosen.domain)
    ours = map(normal_domain, found.directory.domains)
    if not any(one == domain or one.endswith("." + domain) for one in ours):
        raise LookupError(
            tr("{domain} is not in directory.toml: nothing is signed for it", domain=domain)
        )
    others = [k for k in found.origin.keyring.keys if k.entry.domain == domain]
    start: date = chosen.start or today + timedelta(days=PUBLISH_DAYS if others else 1)
    made = new_keys(found.origin.keys, domain, start)
    sys.stdout.write(tr("Publish these now, in the zone of {domain}:", domain=domain) + "\n\n")
    for key in made:
        sys.stdout.write(record_line(key.record_name, key.record) + "\n")
    sys.stdout.write(
        "\n"
        + tr("They sign from {day} on; `vanthu dns check {domain}` tells whether the world sees "
             "them. Reload or restart the gateway before that day.",
             day=f"{start:%d/%m/%Y}", domain=domain)
        + "\n"
    )  # fmt: skip
    if others:
        sys.stdout.write(
            tr("Until then the keys before them sign. Leave those published until {day}.",
               day=f"{start + timedelta(days=KEEP_DAYS):%d/%m/%Y}")
            + "\n"
        )  # fmt: skip
    return 0


def _list(chosen: argparse.Namespace) -> int:
    found = settings(chosen)
    now = datetime.now(OFFICE)
    keys = sorted(found.origin.keyring.keys, key=lambda k: (k.entry.domain, k.entry.signs_from))
    for key in keys:
        signing = key in found.origin.keyring.for_domain(key.entry.domain, now)
        told = tr("signs") if signing else _waits(key, keys, now.date())
        sys.stdout.write(
            f"{key.entry.domain:30} {key.entry.selector:16} {key.algorithm:15} {told}\n"
        )
    if not keys:
        sys.stdout.write(tr("There are no keys; run: vanthu dkim new-key <domain>") + "\n")
    return 0 if keys else 1


def _waits(key: OwnKey, keys: list[OwnKey], today: date) -> str:
    """What a key that does not sign today is for."""
    if key.entry.signs_from > today:
        return tr("signs from {day} on", day=f"{key.entry.signs_from:%d/%m/%Y}")
    ends = [
        other.entry.signs_from
        for other in keys
        if (other.entry.domain, other.algorithm) == (key.entry.domain, key.algorithm)
        and key.entry.signs_from < other.entry.signs_from <= today
    ]
    if key.entry.signs_until:
        ends.append(key.entry.signs_until)
    gone = min(ends, default=today) + timedelta(days=KEEP_DAYS)
    if gone > today:
        return tr("signs no more; keep it published until {day}", day=f"{gone:%d/%m/%Y}")
    return tr("signs no more; take it out of the DNS and of keys.toml")
