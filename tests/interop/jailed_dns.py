"""A program that asks the machine's resolver, run where the resolver is ours.

``unshare -rnm python -m tests.interop.jailed_dns ZONE.json PROGRAM …`` from the checkout: in a
network of its own, 127.0.0.1:53 answers TXT questions from the file, and nobody else can be
reached. The program's standard streams and exit status are passed on.
"""

from __future__ import annotations

import asyncio
import fcntl
import json
import socket
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.dns.nameserver import Server

SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1


def loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        asked = struct.pack("16sh14x", b"lo", 0)
        (flags,) = struct.unpack("16xh14x", fcntl.ioctl(sock, SIOCGIFFLAGS, asked))
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", flags | IFF_UP))


async def main(records: dict[str, str], line: list[str]) -> int:
    loopback_up()
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as resolv:
        resolv.write("nameserver 127.0.0.1\noptions timeout:1 attempts:1\n")
        resolv.flush()
        bind = ["mount", "--bind", resolv.name, "/etc/resolv.conf"]
        await asyncio.to_thread(subprocess.run, bind, check=True)
        known: dict[tuple[str, str], list[str] | int | None] = {
            (f"{name}.", "TXT"): [text] for name, text in records.items()
        }
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: Server(known), ("127.0.0.1", 53))
        program = await asyncio.create_subprocess_exec(*line)
        status = await program.wait()
        transport.close()
        return status


if __name__ == "__main__":
    raise SystemExit(asyncio.run(main(json.loads(Path(sys.argv[1]).read_bytes()), sys.argv[2:])))
