"""The shared PDFs with their expected verdicts, through real readers and both filters."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from shutil import copy

import pytest
import pytest_asyncio

from gateway.documents.room import GlassRoom
from gateway.documents.settings import DocumentsTable
from tests.documents import office
from tests.load.documents import OFFICE, UNSAID, agrees
from tests.shared import shared

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.shared]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def room(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[GlassRoom]:
    folder = shared("data/pdf/pki")
    trusted = tmp_path_factory.mktemp("ca")
    for name in ("root.crt", "sub.crt"):
        copy(folder / name, trusted)
    opened = GlassRoom(DocumentsTable(ca_folder=trusted), office.At().now)
    ready = await opened.start()
    if not ready.ocr:
        await opened.close()
        pytest.skip(f"scans cannot be read: {ready.ocr_why}")
    yield opened
    await opened.close()


async def test_every_verdict_is_the_expected_one(room: GlassRoom) -> None:
    folder = shared("data/pdf")
    text = (folder / "expected.json").read_text(encoding="utf-8")
    wrong: dict[str, object] = {}
    for name, wanted in sorted(json.loads(text).items()):
        subject = (wanted.get("facts") or {}).get("subject", UNSAID)
        data = _bytes(folder / name)
        found = await office.said(room, name, data, office=OFFICE, subject=subject)
        if not agrees(wanted, found) and not wanted.get("known_hard"):
            wrong[name] = (wanted["verdict"], wanted["reasons"], found.verdict, found.rules)
    assert wrong == {}


def _bytes(path: Path) -> bytes:
    return path.read_bytes()
