"""From a reader's lines to facts. He may be in a stranger's hands: nothing is taken as it is."""

from __future__ import annotations

import signal
from dataclasses import fields, replace
from typing import Any

import msgspec

from gateway.documents.orders import Ending, Found
from gateway.mail.papers import DocumentFacts, Ended

_OURS = {"name", "size", "sha256", "media_type", "ended"}
"""Fields that the gateway fills in itself."""
_KNOWN = {field.name for field in fields(DocumentFacts)} - _OURS


def facts_from(lines: list[bytes], ending: Ending, plain: DocumentFacts) -> DocumentFacts:
    """What the stages told, as far as it has the right shape, and how the reader ended."""
    told: dict[str, Any] = {}
    began, failed = "", ""
    for line in lines:
        if not line:
            continue
        try:
            found = msgspec.json.decode(line, type=Found)
        except (msgspec.DecodeError, UnicodeDecodeError):
            failed = failed or "an answer that cannot be read"
            continue
        if found.stage.startswith("+"):
            began = found.stage[1:]
        elif found.error:
            failed = failed or f"{found.stage}: {found.error}"
        told |= {name: value for name, value in found.facts.items() if name in _KNOWN}
        began = "" if began == found.stage else began
    ended = _ended(ending, began, failed)
    shaped = _shaped({**msgspec.to_builtins(plain), **told})
    if shaped is None:
        ended = replace(ended, how="error", detail="an answer of the wrong shape")
        return replace(plain, ended=ended)
    return replace(shaped, name=plain.name, size=plain.size, sha256=plain.sha256, ended=ended)


def _shaped(told: dict[str, Any]) -> DocumentFacts | None:
    try:
        return msgspec.convert(told, DocumentFacts)
    except msgspec.ValidationError:
        return None


def _ended(ending: Ending, stage: str, failed: str) -> Ended:
    how, detail = "done", ""
    if ending.is_late:
        how, detail = "time-out", f"killed after {ending.wall_s:.0f} s"
    elif ending.signal:
        how, detail = "killed", _signal(ending.signal)
    elif ending.code:
        how, detail = "error", failed or f"exit status {ending.code}"
    elif failed:
        how, detail = "error", failed
        stage = failed.partition(":")[0]
    return Ended(
        how=how,
        detail=detail,
        stage=stage,
        cpu_s=ending.cpu_s,
        wall_s=ending.wall_s,
        rss_mib=ending.rss_mib,
    )


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
