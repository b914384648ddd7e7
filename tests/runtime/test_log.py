"""Log lines say which message they are about, in either form."""

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.runtime import log
from gateway.runtime.ids import new_id

MAIL, SESSION = new_id(), new_id()


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    level, handlers = root.level, root.handlers[:]
    yield
    root.setLevel(level)
    root.handlers[:] = handlers


def said(form: str) -> str:
    stream = io.StringIO()
    log.begin("info", form, stream)  # type: ignore[arg-type]
    logger = logging.getLogger("gateway.smtp.wire")
    logger.debug("not told")
    logger.info("mail %s: %s", MAIL, "250 2.0.0 Kept as 2026-0000001 (id x)")
    try:
        int("công văn\nsecond line")
    except ValueError:
        logger.exception("session %s mail %s", SESSION, MAIL)
    logger.warning("%s cannot be read", Path("/x"))
    return stream.getvalue()


def test_json_is_a_line_each_with_the_ids_as_fields() -> None:
    lines = [json.loads(line) for line in said("json").splitlines()]
    assert len(lines) == 3
    kept, wrong, warned = lines
    assert kept["mail"] == wrong["mail"] == MAIL
    assert wrong["session"] == SESSION
    assert kept["event"].startswith(f"mail {MAIL}: 250")
    assert (kept["level"], kept["logger"]) == ("info", "gateway.smtp.wire")
    assert kept["timestamp"].endswith("Z")
    assert "công văn\\nsecond line" in wrong["exception"]
    assert "mail" not in warned


def test_text_is_for_people() -> None:
    first, *_ = said("text").splitlines()
    assert first.endswith(
        f"INFO gateway.smtp.wire: mail {MAIL}: 250 2.0.0 Kept as 2026-0000001 (id x)"
    )
