"""``vanthu route`` and ``vanthu tls``: where mail would go, and how well TLS to others does."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from typing import Any

from gateway.cli.office import settings
from gateway.runtime.words import tr


def add_route(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("address")
    parser.set_defaults(work=_route)


def add_tls(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--day", type=date.fromisoformat, help=tr("in UTC, as 2026-08-10 (today)"))
    parser.add_argument("--json", action="store_true", help=tr("in the form of RFC 8460"))
    parser.set_defaults(work=_tls)


def _tls(chosen: argparse.Namespace) -> int:
    from gateway.delivery.tls_counts import read_day, report
    from gateway.roles.deliver import tls_folder

    found = settings(chosen)
    day = chosen.day or datetime.now(UTC).date()
    rows = read_day(tls_folder(found), day)
    if chosen.json:
        told = report(rows, day, found.server.hostname)
        sys.stdout.write(json.dumps(told, ensure_ascii=False, indent=1) + "\n")
        return 0
    well = tr("success")
    for domain, kind, host, result, count in rows:
        sys.stdout.write(f"{count:7} {result or well:26} {kind:16} {domain:30} {host}\n")
    return 0


def _route(chosen: argparse.Namespace) -> int:
    async def told() -> int:
        async for line in _way(chosen):
            sys.stdout.write(line + "\n")
        return 0

    return asyncio.run(told())


async def _way(chosen: argparse.Namespace) -> AsyncIterator[str]:
    from gateway.delivery.mx import NoServer
    from gateway.delivery.route import DiscardRoute, MaildirRoute, MxRoute, ServerRoute
    from gateway.mail.address import Address
    from gateway.roles.deliver import exchange
    from gateway.roles.services import open_services

    found, address = settings(chosen), Address.parse(chosen.address)
    async with AsyncExitStack() as stack:
        services = await open_services(found, stack)
        route = found.routes.choose(address)
        match route:
            case MaildirRoute():
                box = services.directory.mailbox(address)
                yield f"maildir: {route.folder}, {box.address if box else address}"
            case ServerRoute():
                yield f"{route.kind}: {route.host}:{route.port}, tls {route.tls}"
            case MxRoute():
                try:
                    async for line in _servers(exchange(found, services), address.domain, route):
                        yield line
                except NoServer as error:
                    yield f"mx: {error.status} {error}"
            case DiscardRoute():
                yield tr("discard: only the archive has it")
            case None:
                yield tr("no route fits: it would go back to its sender")


async def _servers(made: Any, domain: str, route: Any) -> AsyncIterator[str]:
    from gateway.delivery.security import TlsFailed

    hosts, rule, policy = await made.look_up(domain, route)
    yield tr("mx: servers of {domain}", domain=domain)
    if rule is not None:
        yield f"  [[tls]] of routes.toml: {rule.policy}"
    if policy is not None:
        yield f"  MTA-STS: {policy.mode}, {', '.join(policy.mx)}"
    for host in hosts:
        try:
            wanted = await made.wanted(domain, host, route, rule, policy)
            levels = " / ".join(security.level for security in wanted.ladder)
        except (TlsFailed, OSError) as error:
            levels = tr("not used: {why}", why=error)
        addresses = ", ".join(map(str, host.addresses))
        dnssec = " (DNSSEC)" if host.is_secure else ""
        yield f"  {host.name}{dnssec} {addresses}: tls {levels}"
