"""The log: lines for a person at night, or lines of JSON for a machine; on standard error.

Everywhere in the house a line about a message says ``mail <id>``, and one about a connection
``session <id>``: the id of the reply, the headers and the archive. As JSON these are fields.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import Literal, TextIO

import msgspec
import structlog
from structlog.typing import EventDict, WrappedLogger

from gateway.runtime.ids import ALPHABET, LENGTH

_IDS = re.compile(rf"\b(mail|session) ([{ALPHABET}]{{{LENGTH}}})\b")


def begin(level: str, form: Literal["text", "json"], stream: TextIO = sys.stderr) -> None:
    """Log from now on, from this level (``debug`` … ``error``) up."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_json() if form == "json" else _text())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)


def _text() -> logging.Formatter:
    return logging.Formatter("%(asctime)s %(levelname)s %(name)s: %(message)s")


def _json() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            _named,
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_serialized),
        ],
    )


def _named(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The ids that the text names, as fields beside it."""
    for kind, value in _IDS.findall(str(event.get("event", ""))):
        event.setdefault(kind, value)
    return event


def _serialized(event: EventDict, **_: object) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
