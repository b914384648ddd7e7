"""A letter that the next server refuses: its sender is told, in a form that programs read."""

import email
import email.policy
import smtplib
import socketserver
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.roles.test_relay import configure, start


class Refuses(socketserver.StreamRequestHandler):
    """A server that knows nobody."""

    def handle(self) -> None:
        self.wfile.write(b"220 refuses ESMTP\r\n")
        for line in self.rfile:
            verb = line[:4].upper()
            if verb == b"RCPT":
                self.wfile.write(b"550 5.1.1 nobody of that name\r\n")
            elif verb == b"DATA":
                self.wfile.write(b"554 5.5.1 no recipient\r\n")
            elif verb == b"QUIT":
                self.wfile.write(b"221 2.0.0 bye\r\n")
                return
            else:
                self.wfile.write(b"250 2.0.0 ok\r\n")


@pytest.fixture
def refusing() -> Iterator[int]:
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Refuses) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_the_sender_gets_a_report(tmp_path: Path, refusing: int) -> None:
    config, inbound, submission, metrics = configure(tmp_path)
    routes = (config / "routes.toml").read_text(encoding="utf-8")
    first = '[[routes]]\nto = ["*@away.example"]\nkind = "smtp"\nhost = "127.0.0.1"\n'
    (config / "routes.toml").write_text(f"{first}port = {refusing}\n\n{routes}", encoding="utf-8")
    gateway = start(config, inbound, submission, metrics)
    try:
        context = ssl.create_default_context(cafile=config / "demo.pem")
        own = "lan@songoaivu.example"
        with smtplib.SMTP("localhost", gateway.submission) as client:
            client.starttls(context=context)
            client.login("lan", "secret")
            letter = f"From: {own}\r\nSubject: out\r\nMessage-ID: <1@x>\r\n\r\nhello\r\n"
            client.sendmail(own, ["x@away.example"], letter)
        gateway.settle()
        (report,) = (config.parent / "data/mail/songoaivu.example/lan/new").iterdir()
        read: Any = email.message_from_bytes(report.read_bytes(), policy=email.policy.SMTP)
        assert read.get_content_type() == "multipart/report"
        assert read["Auto-Submitted"] == "auto-replied"
        assert not read.defects
        human, status, returned = read.get_payload()
        assert "Thư dưới đây không chuyển được" in human.get_content()
        assert "could not be delivered" in human.get_content()
        _, fields = status.get_payload()
        assert fields["Final-Recipient"] == "rfc822; x@away.example"
        assert (fields["Action"], fields["Status"]) == ("failed", "5.1.1")
        assert "Subject: out" in returned.get_payload()
        story = gateway.command("why", str(gateway.found("--sender", own)[0]["number"])).stdout
        assert "nobody of that name" in story
    finally:
        gateway.process.terminate()
        assert gateway.process.wait(40) == 0
