"""A small configuration for tests that see the gateway as a black box in front of a server."""

from pathlib import Path

_MAIN = """
[server]
hostname = "gateway.example.net"
data = "data"
metrics_port = {metrics}
log_level = "warning"

[listeners.inbound]
purpose = "inbound"
port = {inbound}
tls = "none"
chain = "inbound"

[limits]
connections_per_client = 2000
[duty]
on = false
"""

_CHAINS = """
[chains.inbound]
steps = ["limits", "senders", "recipients", "impersonation"]

[filters.limits]

[filters.senders]

[filters.recipients]

[filters.impersonation]
"""

_ROUTES = """
[[routes]]
kind = "smtp"
host = "127.0.0.1"
port = {sink}
"""

_DIRECTORY = """
domains = ["example.net"]

[units.so]
name = "Sở"
leader = "box"

[people.box]
name = "Box"
unit = "so"
addresses = ["box@example.net", "bob@example.net", "victim@example.net"]
"""


def relaying(folder: Path, *, inbound: int, metrics: int, sink: int) -> Path:
    """Write the configuration: mail for example.net goes to the server on port ``sink``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vanthu.toml").write_text(_MAIN.format(inbound=inbound, metrics=metrics))
    (folder / "chains.toml").write_text(_CHAINS)
    (folder / "routes.toml").write_text(_ROUTES.format(sink=sink))
    (folder / "directory.toml").write_text(_DIRECTORY)
    return folder
