"""What a domain has published: every mistake that we know of is told, with what to write."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from gateway.dns.canned import AWAY, Canned, Zone
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.published import Line, Office, State, look, record_line

GOOD: dict[str, dict[str, list[Any]]] = {
    "example.vn": {"TXT": ["v=spf1 mx -all", "other"], "MX": ["10 mx.example.vn"]},
    "mx.example.vn": {"A": ["192.0.2.10"], "AAAA": ["2001:db8::10"]},
    "10.2.0.192.in-addr.arpa": {"PTR": ["mx.example.vn"]},
    f"{'0.1' + '.0' * 22 + '.8.b.d.0.1.0.0.2.ip6.arpa'}": {"PTR": ["mx.example.vn"]},
    "_dmarc.example.vn": {"TXT": ["v=DMARC1; p=reject; rua=mailto:d@example.vn"]},
    "_mta-sts.example.vn": {"TXT": ["v=STSv1; id=1"]},
    "mta-sts.example.vn": {"A": ["192.0.2.10"]},
    "_smtp._tls.example.vn": {"TXT": ["v=TLSRPTv1; rua=mailto:t@example.vn"]},
}


def dmarc(tags: str) -> Zone:
    return {"_dmarc.example.vn": {"TXT": [f"v=DMARC1; {tags}"]}}


async def looked(zone: Zone, keys: Path | None = None, domain: str = "example.vn") -> list[Line]:
    keyring = Keyring.load(keys) if keys else Keyring(())
    return await look(Canned(GOOD | dict(zone)), domain, Office("mx.example.vn", keyring, (), "1"))


async def test_all_is_well(tmp_path: Path) -> None:
    made = new_keys(tmp_path, "example.vn", date(2026, 1, 1))
    zone = {key.record_name: {"TXT": [key.record]} for key in made}
    lines = await looked(zone, tmp_path)
    assert {line.state for line in lines} == {State.GOOD}, lines
    assert {line.about for line in lines} == {
        "MX", "PTR", "SPF", "DKIM", "DMARC", "MTA-STS", "TLS-RPT"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("about", "zone", "state", "publish"),
    [
        ("MX", {"example.vn": {}}, State.MISSING, "example.vn. IN MX 10 mx.example.vn."),
        ("MX", {"example.vn": {"MX": ["5 mx.other.example"]}}, State.WRONG, "IN MX 10"),
        ("MX", {"example.vn": {"MX": ["5 mx.example.vn", "9 b.example"]}}, State.ADVICE, ""),
        ("A", {"mx.example.vn": {}}, State.MISSING, "mx.example.vn. IN A"),
        ("PTR", {"10.2.0.192.in-addr.arpa": {}}, State.MISSING, "IN PTR mx.example.vn."),
        ("PTR", {"10.2.0.192.in-addr.arpa": {"PTR": ["x.isp.vn"]}}, State.WRONG, "IN PTR"),
        ("SPF", {"example.vn": {}}, State.MISSING, '"v=spf1 ip4:192.0.2.10 ip6:2001:db8::10 -all"'),
        ("SPF", {"example.vn": {"TXT": ["v=spf1 -all", "v=spf1 mx -all"]}}, State.WRONG, "IN TXT"),
        ("SPF", {"example.vn": {"TXT": ["v=spf1 ipv4:1.2.3.4 -all"]}}, State.WRONG, "IN TXT"),
        ("SPF", {"example.vn": {"TXT": ["v=spf1 +all"]}}, State.WRONG, "-all"),
        ("SPF", {"example.vn": {"TXT": ["v=spf1 a:x.vn"]}}, State.WRONG, "-all"),
        ("SPF", {"example.vn": {"TXT": ["v=spf1 include:example.vn -all"]}}, State.WRONG, ""),
        ("SPF", {"example.vn": {"TXT": ["v=spf1 ip4:192.0.2.10 ~all"]}}, State.WRONG,
         '"v=spf1 ip6:2001:db8::10 ip4:192.0.2.10 ~all"'),
        ("SPF", {"example.vn": {AWAY: []}}, State.AWAY, ""),
        ("DKIM", {}, State.MISSING, ""),
        ("DMARC", {"_dmarc.example.vn": {}}, State.MISSING, "_dmarc.example.vn. IN TXT"),
        ("DMARC", dmarc("p=none; rua=mailto:a@example.vn"), State.ADVICE, "p=quarantine"),
        ("DMARC", dmarc("policy=reject"), State.WRONG, "IN TXT"),
        ("DMARC", dmarc("p=reject; sp=none; rua=mailto:a@example.vn"), State.WRONG, ""),
        ("DMARC", dmarc("p=reject"), State.ADVICE, ""),
        ("DMARC", dmarc("p=reject; rua=mailto:a@reports.example"), State.WRONG,
         'example.vn._report._dmarc.reports.example. IN TXT "v=DMARC1"'),
        ("MTA-STS", {"_mta-sts.example.vn": {}}, State.ADVICE, '"v=STSv1; id=1"'),
        ("MTA-STS", {"mta-sts.example.vn": {}}, State.WRONG, ""),
        ("TLS-RPT", {"_smtp._tls.example.vn": {"TXT": ["v=TLSRPTv1"]}}, State.ADVICE, "; rua"),
    ],
)  # fmt: skip
async def test_mistakes_are_told(about: str, zone: Zone, state: State, publish: str) -> None:
    lines = [line for line in await looked(zone) if line.about == about]
    assert any(line.state is state and publish in line.publish for line in lines), lines
    assert all(line.text for line in lines)


async def test_keys_that_the_world_sees_otherwise(tmp_path: Path) -> None:
    rsa, ed25519 = new_keys(tmp_path, "example.vn", date(2026, 1, 1))
    revoked = {rsa.record_name: {"TXT": ["v=DKIM1; p="]}}
    swapped = {ed25519.record_name: {"TXT": [rsa.record]}}
    lines = [line for line in await looked(revoked | swapped, tmp_path) if line.about == "DKIM"]
    assert [line.state for line in lines] == [State.WRONG, State.WRONG]
    assert "revoked" in lines[0].text
    lines = [line for line in await looked({}, tmp_path) if line.about == "DKIM"]
    assert [line.state for line in lines] == [State.MISSING, State.MISSING]
    assert rsa.record[:100] in lines[0].publish
    lines = await looked({}, tmp_path, domain="phong.example.vn")
    assert [line.state for line in lines if line.about == "DKIM"] == [State.ADVICE]


def test_long_records_are_cut_where_they_have_to_be() -> None:
    written = record_line("a.example", "x" * 300)
    assert written == f'a.example. IN TXT ( "{"x" * 255}" "{"x" * 45}" )'
