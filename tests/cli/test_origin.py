"""Keys are made, listed and rotated by commands; what is published is looked at."""

from __future__ import annotations

import json
import shutil
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from gateway.cli.main import main
from gateway.cli.office import OFFICE
from gateway.identity.keyring import Keyring

SHIPPED = Path(__file__).parents[2] / "config"
DOMAIN = "songoaivu.example"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    shutil.copytree(SHIPPED, folder, ignore=shutil.ignore_patterns("*.pem", "*.key", "keys"))
    return folder


def run(config: Path, *words: str) -> int:
    return main(["--config", str(config), *words])


def publish(config: Path) -> None:
    """Write all our keys into the zone that is believed."""
    lines = [
        f'["{key.record_name}"]\nTXT = ["{key.record}"]\n'
        for key in Keyring.load(config / "keys").keys
    ]
    zone = config / "dns.toml"
    text = (SHIPPED / "dns.toml").read_text(encoding="utf-8")
    zone.write_text(text + "\n".join(lines), encoding="utf-8")


def test_keys_are_rotated_without_a_day_on_which_nothing_is_signed(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    today = datetime.now(OFFICE).date()
    assert run(config, "dkim", "list") == 1
    assert run(config, "dkim", "new-key", DOMAIN, "--from", (today - timedelta(9)).isoformat()) == 0
    told = capsys.readouterr().out
    assert told.count(f"._domainkey.{DOMAIN}. IN TXT") == 2
    assert run(config, "dkim", "new-key", DOMAIN) == 0
    assert "Leave those published" in capsys.readouterr().out
    ring = Keyring.load(config / "keys")
    assert len(ring.keys) == 4
    for days, wanted in ((0, 9), (1, 9), (2, -2), (40, -2)):
        now = datetime.combine(today + timedelta(days), datetime.min.time(), OFFICE)
        signing = ring.for_domain(DOMAIN, now)
        assert [key.algorithm for key in signing] == ["rsa-sha256", "ed25519-sha256"]
        assert {key.entry.signs_from for key in signing} == {today - timedelta(wanted)}
    capsys.readouterr()
    assert run(config, "dkim", "list") == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.endswith("signs") for line in lines] == [True, True, False, False]
    assert f"{today + timedelta(2):%d/%m/%Y}" in lines[2]
    assert (config / "keys" / ring.keys[0].entry.file).stat().st_mode & 0o077 == 0


def test_a_key_is_not_made_twice_nor_for_strangers(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    day = date(2026, 11, 24).isoformat()
    assert run(config, "dkim", "new-key", DOMAIN, "--from", day) == 0
    assert run(config, "dkim", "new-key", DOMAIN, "--from", day) == 1
    assert "is there already" in capsys.readouterr().err
    assert run(config, "dkim", "new-key", "other.example") == 1
    assert "is not in directory.toml" in capsys.readouterr().err


def test_what_is_published_is_looked_at(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(config, "dns", "check") == 1
    assert "vanthu dkim new-key" in capsys.readouterr().out
    run(config, "dkim", "new-key", DOMAIN, "--from", "2026-01-01")
    publish(config)
    capsys.readouterr()
    assert run(config, "dns", "check", "--json", DOMAIN) == 1
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    states = {row["about"]: row["state"] for row in rows}
    assert states["DKIM"] == states["SPF"] == states["PTR"] == "good"
    assert states["DMARC"] == "missing"


def test_a_zone_is_for_the_demonstration_alone(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main_file = config / "vanthu.toml"
    shipped = main_file.read_text(encoding="utf-8")
    main_file.write_text(
        shipped.replace('host = "127.0.0.1"\nport = 2525', 'host = "0.0.0.0"\nport = 2525')
    )
    assert run(config, "check") == 1
    assert "a listener is open on 0.0.0.0: take the zone out" in capsys.readouterr().err
    main_file.write_text(shipped.replace('zone = "dns.toml"', ""))
    assert run(config, "check") == 1
    assert "dns.toml:0: nothing reads this file" in capsys.readouterr().err
    main_file.write_text(shipped)
    (config / "dns.toml").write_text('["a.example"]\nA = ["not an address"]\n')
    assert run(config, "check") == 1
    assert "a.example A 'not an address'" in capsys.readouterr().err


def test_keys_that_others_can_read_are_refused(
    config: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(config, "dkim", "new-key", DOMAIN)
    for pem in (config / "keys").glob("*.pem"):
        pem.chmod(0o644)
    assert run(config, "check") == 1
    assert "run: chmod 6" in capsys.readouterr().err
