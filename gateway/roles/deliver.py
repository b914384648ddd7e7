"""The role that hands on what is owed."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from gateway.delivery.exchange import Exchange
from gateway.delivery.fetch import HttpsFetch
from gateway.delivery.handover import Handover
from gateway.delivery.ledger import Ledger
from gateway.delivery.mx import Finder, is_local
from gateway.delivery.route import MxRoute
from gateway.delivery.sts import Policies
from gateway.delivery.tls_counts import TlsCounts
from gateway.delivery.worker import Postman
from gateway.intake import utc_now
from gateway.mail.address import Address
from gateway.mail.people import Directory
from gateway.mail.services import Services
from gateway.roles.alone import Alone
from gateway.roles.house import House, Role
from gateway.runtime.ids import new_id
from gateway.settings.read import Settings


def deliver() -> Role:
    """Two postmen would carry everything twice: one in an archive."""
    return Alone("postman.lock", _deliver)


async def _deliver(house: House, stop: asyncio.Event) -> None:
    postman = _postman(house)
    exchange = postman.handover.exchange
    house.gauges["destinations_resting"] = (
        "Destinations that cannot be reached and are left alone",
        lambda: len(exchange.resting()),
    )
    house.counters["tls_sessions"] = (
        "TLS to other servers by policy and result (RFC 8460); no result: success",
        ("policy", "result"),
        lambda: list(exchange.counts.totals.items()),
    )
    await postman.run(stop)


def exchange(settings: Settings, services: Services) -> Exchange:
    """What mail is sent through, by the settings; also to look where it would go."""
    table, hostname = settings.routes, settings.server.hostname
    counts = TlsCounts(tls_folder(settings), utc_now)
    made = Exchange(table, hostname, time.monotonic, counts, services.dns)
    if (dns := services.dns) is None:
        return made
    made.finder = Finder(dns, hostname, random.shuffle, is_local)
    ways = [route for route in table.routes if isinstance(route, MxRoute)]
    networks = tuple(network for route in ways for network in route.networks)
    ca = next((route.ca for route in ways if route.ca), None)
    fetch = HttpsFetch(dns, networks, ca)
    made.policies = Policies(
        dns, fetch, services.notepad, lambda domain, result: counts.add(domain, "sts", "", result)
    )
    return made


def tls_folder(settings: Settings) -> Path:
    """Where the counters of TLS lie, a file for each day."""
    return settings.server.data / "tls"


def _postman(house: House) -> Postman:
    settings, shelf, services = house.settings, house.shelf, house.services
    directory = services.directory

    def mailbox(address: Address) -> Address:
        box = directory.mailbox(address)
        return box.address if box else address

    return Postman(
        journal=shelf.journal,
        queries=shelf.queries,
        handover=Handover(exchange(settings, services), mailbox),
        ledger=Ledger(
            limits=settings.limits,
            hostname=settings.server.hostname,
            delay_notice_s=settings.routes.retry.delay_notice_h * 3600,
            postmaster=_postmaster(directory),
            chance=random.random,
            new_id=new_id,
            signer=services.signer,
        ),
        clock=utc_now,
        applied=shelf.applied,
    )


def _postmaster(directory: Directory) -> str:
    """The mailbox that hears of what nobody else can be told; empty without one."""
    names = (Address.parse(f"postmaster@{domain}") for domain in sorted(directory.domains()))
    boxes = (directory.mailbox(name) for name in names)
    return next((str(box.address) for box in boxes if box), "")
