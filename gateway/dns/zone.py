"""A file of answers for a machine that asks nobody: what stands in it, and nothing else, exists.

```toml
["example.net"]
TXT = ["v=spf1 ip4:192.0.2.0/24 -all"]
MX = ["10 mx.example.net"]
```
"""

from __future__ import annotations

from pathlib import Path
from tomllib import loads

from pydantic import TypeAdapter

from gateway.dns.canned import Canned

_SHAPE = TypeAdapter(dict[str, dict[str, list[str]]])


def read_zone(path: Path) -> Canned:
    """The resolver of such a file. OSError or ValueError (of pydantic, too) say what is wrong."""
    tables = _SHAPE.validate_python(loads(path.read_text(encoding="utf-8")))
    for name, types in tables.items():
        for kind, records in types.items():
            for record in records:
                try:
                    Canned({name: {kind: [record]}})
                except ValueError as error:
                    raise ValueError(f"{name} {kind} {record!r}: {error}") from None
    return Canned(tables)
