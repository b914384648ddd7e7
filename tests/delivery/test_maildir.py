"""A Maildir holds whole messages or none, and a disk that says no is tried again."""

import errno
import os
import stat
from pathlib import Path
from typing import Any

import pytest

from gateway.delivery.maildir import deliver, folder_of
from gateway.mail.address import Address

LAN = Address.parse("lan@example.vn")
HEAD, BODY = b"Subject: x\r\n\r\n", memoryview(b"hello\r\n")


def test_it_is_whole_and_private(tmp_path: Path) -> None:
    said = deliver(tmp_path, LAN, "a@b.vn", HEAD, BODY)
    assert (said.result, said.success) == ("delivered", "delivered")
    box = tmp_path / "example.vn" / "lan"
    (file,) = (box / "new").iterdir()
    top = b"Return-Path: <a@b.vn>\r\nDelivered-To: lan@example.vn\r\n"
    assert file.read_bytes() == top + HEAD + bytes(BODY)
    assert file.name.endswith(f",S={len(top + HEAD) + len(BODY)}")
    assert list((box / "tmp").iterdir()) == list((box / "cur").iterdir()) == []
    assert stat.S_IMODE(box.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("LAN@Example.VN", "example.vn/lan"),
        ("đào@example.vn", "example.vn/đào"),
        ('"../../etc"@example.vn', "example.vn/%22..%2F..%2Fetc%22"),
        ("a/b@example.vn", "example.vn/a%2Fb"),
        ("a_b@example.vn", "example.vn/a_b"),
        ("a%2Fb@example.vn", "example.vn/a%252fb"),
        ("..@..", "%2E%2E/%2E%2E"),
        ("x@[192.0.2.1]", "%5B192.0.2.1%5D/x"),
    ],
)
def test_no_address_leads_out_nor_into_another_s(tmp_path: Path, address: str, place: str) -> None:
    local, _, domain = address.rpartition("@")
    assert folder_of(tmp_path, Address(local, domain.lower())) == tmp_path / place


def test_what_comes_round_again(tmp_path: Path) -> None:
    head = b"Subject: x\r\nDELIVERED-TO:  lan@example.vn\r\n\r\n".replace(b":  ", b": ")
    said = deliver(tmp_path, LAN, "a@b.vn", head, BODY)
    assert (said.result, said.status) == ("failed", "5.4.6")


@pytest.mark.parametrize(
    ("number", "status"),
    [
        (errno.ENOSPC, "4.3.1"),
        (errno.EDQUOT, "4.2.2"),
        (errno.EIO, "4.2.0"),
        (errno.EROFS, "4.2.0"),
    ],
)
@pytest.mark.parametrize("call", ["fdatasync", "fsync", "open"])
def test_a_disk_that_says_no(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: str, call: str
) -> None:
    """Whichever call fails: later, with a status that says why, and no half of a message."""

    def fails(*_: Any, **__: Any) -> int:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as patched:
        patched.setattr(f"gateway.delivery.maildir.os.{call}", fails)
        said = deliver(tmp_path, LAN, "a@b.vn", HEAD, BODY)
    assert (said.result, said.status) == ("deferred", status)
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []
    assert deliver(tmp_path, LAN, "a@b.vn", HEAD, BODY).result == "delivered"


def test_every_new_folder_is_synced_before_anything_lies_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    real = os.fsync

    def noted(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        real(handle)

    monkeypatch.setattr("gateway.delivery.maildir.os.fsync", noted)
    deliver(tmp_path / "mail", LAN, "a@b.vn", HEAD, BODY)
    domain = tmp_path / "mail" / "example.vn"
    assert synced == [
        tmp_path,
        tmp_path / "mail",
        domain,
        *[domain / "lan"] * 3,
        domain / "lan/new",
    ]
    synced.clear()
    deliver(tmp_path / "mail", LAN, "a@b.vn", HEAD, BODY)
    assert synced == [domain / "lan/new"]


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "example.vn").write_text("")
    said = deliver(tmp_path, LAN, "a@b.vn", HEAD, BODY)
    assert said.result == "deferred"
    assert "example.vn" in said.reply
