"""What it costs to find out who sent a message: `python -m tests.load.origin [MAILS]`.

A thousand letters of 2 KB from 25 domains, signed by RSA-2048 and Ed25519, with SPF records of the
usual length and DMARC policies, every fourth with an ARC chain; the DNS answers by heart. Each
check alone, then all of them as the shipped chain asks them, and beside them dkimpy as it comes
with one signature (the anchor). µs of CPU per message, medians of five rounds taken in turn.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime
from ipaddress import ip_address
from pathlib import Path
from random import Random
from typing import TypeAlias

import dkim
import uvloop

from filters.arc import Arc
from filters.dkim import Dkim
from filters.dmarc import Dmarc
from filters.headers import Headers
from filters.spf import Spf
from gateway.api import AddHeader, Address, Message, Recipient
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection
from gateway.dns.canned import Canned
from gateway.identity import arc_check, dkim_check, dmarc, spf
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.signing import KeyringSigner
from gateway.identity.verifier import Verifier
from gateway.mail.origin import Word
from gateway.mail.services import Services
from gateway.mail.session import Session, Transaction
from tests.conftest import FakeDirectory, FakeNotepad
from tests.identity.hostile import cases
from tests.identity.office import judged, walk

ROUNDS = 5
DOMAINS = 25
NOW = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
CLIENT = ip_address("192.0.2.77")
LINE = "Kinh gui Quy co quan, de nghi phoi hop thuc hien theo van ban kem theo truoc ngay 30.\r\n"
CHAIN = Chain(
    "in",
    (
        (Link("spf", Spf()), Link("dkim", Dkim()), Link("arc", Arc())),
        (Link("dmarc", Dmarc()),),
        (Link("headers", Headers()),),
    ),
)
Work: TypeAlias = Callable[[Message], Awaitable[object]]


class Noon:
    def now(self) -> datetime:
        return NOW


def letters(count: int, signer: KeyringSigner) -> list[Message]:
    chance = Random(3)
    made: list[Message] = []
    for n in range(count):
        domain = f"so{n % DOMAINS}.example"
        head = (
            f"Received: from a.{domain} ([192.0.2.77]) by mx.{domain} with ESMTPS id q{n};\r\n"
            f"\tTue, 24 Nov 2026 14:5{n % 10}:00 +0700\r\n"
            f"From: Van phong <vanthu@{domain}>\r\nTo: <box@example.vn>\r\nSubject: So {n}\r\n"
            f"Date: Tue, 24 Nov 2026 14:59:00 +0700\r\nMessage-ID: <{n}@{domain}>\r\n"
            "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n"
        )
        body = "".join(chance.choice((LINE, LINE.replace(" ", "  ", 2))) for _ in range(20))
        message = Message((head + body).encode())
        message = message.edited(signer.sign(message, domain, NOW))
        if n % 4 == 0:
            said = AddHeader("Authentication-Results", f"mx.{domain};\r\n\tdmarc=pass")
            message = message.edited((said,))
            message = message.edited(signer.seal(message, domain, NOW))
        made.append(Message(bytes(message)))
    return made


def zone(keyring: Keyring) -> dict[str, dict[str, list[str]]]:
    names = {key.record_name: {"TXT": [key.record]} for key in keyring.keys}
    names["_spf.isp.example"] = {"TXT": ["v=spf1 ip4:198.51.100.0/24 ip4:192.0.2.64/26 ~all"]}
    for n in range(DOMAINS):
        domain = f"so{n}.example"
        record = "v=spf1 mx ip4:203.0.113.0/24 include:_spf.isp.example -all"
        names[domain] = {"TXT": ["google-site=x", record], "MX": [f"10 mx.{domain}"]}
        names[f"mx.{domain}"] = {"A": ["203.0.113.9"]}
        names[f"_dmarc.{domain}"] = {"TXT": ["v=DMARC1; p=reject; rua=mailto:d@so.example"]}
    return names


def works(dns: Canned, keyring: Keyring) -> dict[str, Work]:
    """Each check alone, and all together."""
    identity = Verifier(dns, Noon(), "mx.example.vn")
    services = Services(
        directory=FakeDirectory(), clock=Noon(), notepad=FakeNotepad(), hostname="mx.example.vn",
        dns=dns, identity=identity, signer=KeyringSigner(keyring),
    )  # fmt: skip
    session = Session("s", "smtp", CLIENT, services, helo="mx.example")
    walk = Inspection(CHAIN, session)
    now_s = NOW.timestamp()

    async def only_spf(message: Message) -> object:
        sender = f"a@so{len(message) % DOMAINS}.example"
        return await spf.check(dns, spf.Question(CLIENT, "mx", sender, "mx", int(now_s)))

    async def only_dmarc(message: Message) -> object:
        return await dmarc.check(dns, message, None, ())

    async def chain(message: Message) -> object:
        sender = Address("vanthu", message.author[1].domain)
        transaction = Transaction(session, "m", sender, [Recipient(Address("box", "example.vn"))])
        await walk.mail(transaction)
        outcome = await walk.message(message)
        walk.reset()
        return outcome

    async def anchor(message: Message) -> object:
        def fetch(name: bytes, timeout: int = 5) -> bytes | None:
            del timeout
            found = dns.txt(name.decode().removesuffix(".")).__await__()
            try:
                next(found)
            except StopIteration as done:
                return bytes(done.value.records[0]) if done.value.records else None
            return None

        fields = message.all("DKIM-Signature")
        checker = dkim.DKIM(bytes(message))
        assert checker.verify(["a=rsa" in str(f) for f in fields].index(True), dnsfunc=fetch)
        return checker

    return {
        "spf": only_spf,
        "dkim, 2 signatures": lambda m: dkim_check.check(dns, m, now_s),
        "arc, 1 of 4 has one": lambda m: arc_check.check(dns, m),
        "dmarc": only_dmarc,
        "all, with headers": chain,
        "dkimpy, 1 of RSA (anchor)": anchor,
    }


async def proven(todo: dict[str, Work], raws: list[bytes]) -> None:
    """What is measured is the real thing: everything passes."""
    for raw in raws[:40]:
        outcome = await todo["all, with headers"](Message(raw))
        field = next(e for e in outcome.edits if isinstance(e, AddHeader))  # type: ignore[attr-defined]
        wanted = ["spf=pass", "dkim=pass", "dmarc=pass"]
        assert all(word in field.value for word in wanted), field
    assert (await dkim_check.check(Canned({}), Message(raws[0]), NOW.timestamp()))[
        0
    ].word is Word.PERMERROR


async def measure(count: int, folder: Path) -> None:
    for n in range(DOMAINS):
        new_keys(folder, f"so{n}.example", date(2026, 1, 1))
    keyring = Keyring.load(folder)
    raws = [bytes(message) for message in letters(count, KeyringSigner(keyring))]
    todo = works(Canned(zone(keyring)), keyring)
    await proven(todo, raws)
    took: dict[str, list[float]] = {name: [] for name in todo}
    for _ in range(ROUNDS):
        for name, work in todo.items():
            share = raws if "anchor" not in name else raws[: max(1, count // 10)]
            messages = [Message(raw) for raw in share]
            began = time.process_time()
            for message in messages:
                await work(message)
            took[name].append((time.process_time() - began) / len(share) * 1e6)
    size = sum(map(len, raws)) // len(raws)
    medians = {name: statistics.median(times) for name, times in took.items()}
    anchor = medians["dkimpy, 1 of RSA (anchor)"]
    print(f"who sent it: {count} letters of {size} bytes, µs of CPU each (and of the anchor's)")
    for name, us in medians.items():
        print(f"  {name:26} {us:8.0f}  {us / anchor:6.3f}")
    await hostile()


async def hostile() -> None:
    """The dearest of the letters that are made to cost time, judged whole, once each."""
    took: list[tuple[float, str]] = []
    for name, letter, names in cases():
        asked = walk(names)
        began = time.process_time()
        await judged(asked, letter)
        took.append((time.process_time() - began, name))
    dearest = ", ".join(f"{name} {1000 * s:.0f} ms" for s, name in sorted(took)[:-4:-1])
    print(f"hostile letters: {len(took)}, the dearest: {dearest}")


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    with (
        tempfile.TemporaryDirectory(prefix="vanthu-load-") as folder,
        asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
    ):
        runner.run(measure(count, Path(folder)))


if __name__ == "__main__":
    main()
