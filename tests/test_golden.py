"""Golden letters: what the shipped chains say about them stands beside each one.

``<name>.eml`` is the letter, ``<name>.toml`` how it comes in and what must be said: the outcome,
and every filter that says more than "pass", with a piece of its reason.
"""

import asyncio
import tomllib
from contextlib import AsyncExitStack
from ipaddress import ip_address
from pathlib import Path

import pytest

from gateway.chain.inspection import Finding, Inspection, Outcome
from gateway.cli.demo import make
from gateway.mail.address import Address
from gateway.mail.message import Message
from gateway.mail.services import Services
from gateway.mail.session import Purpose, Recipient, Session, Transaction
from gateway.mail.verdict import Pass
from gateway.roles.services import open_services
from gateway.settings.read import Settings, read_settings

HERE = Path(__file__).parent
LETTERS = sorted((HERE / "golden").glob("*.eml"))


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return read_settings(make(HERE.parent / "config", tmp_path_factory.mktemp("shipped")))


def said(findings: tuple[Finding, ...]) -> dict[str, tuple[str, str]]:
    return {
        finding.filter: (type(finding.verdict).__name__.lower(), finding.verdict.reason)
        for finding in findings
        if not isinstance(finding.verdict, Pass)
    }


async def judged(settings: Settings, raw: bytes, how: dict[str, object]) -> Outcome:
    async with AsyncExitStack() as stack:
        services = await open_services(settings, stack)
        return await walked(settings, services, raw, how)


async def walked(
    settings: Settings, services: Services, raw: bytes, how: dict[str, object]
) -> Outcome:
    user = str(how.get("user", ""))
    purpose = Purpose.SUBMISSION if user else Purpose.INBOUND
    client = ip_address(str(how.get("client", "127.0.0.1")))
    session = Session("golden", "file", client, services, purpose, user=user)
    walk = Inspection(settings.chains[str(how["chain"])], session)
    await walk.connect()
    await walk.helo("mx.example.net")
    await walk.mail(Transaction(session, "1", Address.parse(str(how["from"]))))
    to = how["to"]
    assert isinstance(to, list)
    for address in to:
        await walk.rcpt(Recipient(Address.parse(address)))
    return await walk.message(Message(raw))


@pytest.mark.parametrize("path", LETTERS, ids=lambda path: path.stem)
def test_a_golden_letter(shipped: Settings, path: Path) -> None:
    how = tomllib.loads(path.with_suffix(".toml").read_text(encoding="utf-8"))
    raw = path.read_bytes().replace(b"\n", b"\r\n")
    outcome = asyncio.run(judged(shipped, raw, how))
    found = said(outcome.findings)
    assert type(outcome.verdict).__name__.lower() == how["outcome"], found
    assert set(found) == set(how["said"])
    for name, (verdict, piece) in how["said"].items():
        assert found[name][0] == verdict
        assert piece in found[name][1]
