"""An office that is played over real SMTP: units with leader, deputy and clerk; one gateway."""

from __future__ import annotations

import email
import re
import smtplib
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from email import policy
from email.message import EmailMessage
from pathlib import Path

from gateway.approval.book import Book, Waiting
from gateway.archive.shelf import Shelf
from gateway.cli.demo import certificate
from gateway.directory.passwords import hash_password
from gateway.identity.keyring import new_keys
from gateway.roles.chapters import chapters
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
DOMAIN = "so.example"
DESK = "gateway.so.example"
PATIENCE_S = 90.0

_MAIN = """
[server]
hostname = "gateway.so.example"
data = "data"
certificate = "demo.pem"
key = "demo.key"
log_level = "warning"
metrics_port = {2}
[listeners.inbound]
purpose = "inbound"
port = {0}
tls = "offered"
chain = "inbound"
[listeners.submission]
purpose = "submission"
port = {1}
tls = "required"
chain = "outgoing"
[listeners.behind]
purpose = "submission"
port = {3}
tls = "none"
xclient_from = ["127.0.0.1"]
chain = "outgoing"
[limits]
connections_per_client = 500
[duty]
on = false
"""
_CHAINS = """
[chains.inbound]
steps = ["recipients", "approval"]
[chains.outgoing]
steps = ["senders", "recipients", "approval"]
[filters.senders]
[filters.recipients]
[filters.approval]
"""
_ROUTES = """
[[routes]]
to = ["*"]
kind = "maildir"
folder = "mail"
"""


def directory(units: int) -> str:
    """Units u0 … each with leader l, deputy d and clerk c; the mailbox u<n>@ needs approval."""
    lines = [f'domains = ["{DOMAIN}"]', 'postmaster = "u0"']
    for n in range(units):
        lines += [
            f'[units.u{n}]\nname = "Phòng {n}"\nleader = "l{n}"\ndeputies = ["d{n}"]',
            *(
                f'[people.{role}{n}]\nname = "{title} {n}"\nunit = "u{n}"\n'
                f'addresses = ["{role}{n}@{DOMAIN}"]'
                for role, title in (("l", "Trưởng phòng"), ("d", "Phó"), ("c", "Chuyên viên"))
            ),
            (
                f'[mailboxes.u{n}]\nkind = "unit"\nname = "Phòng {n}"\naddress = "u{n}@{DOMAIN}"\n'
                f'unit = "u{n}"\nkeepers = ["c{n}"]\napproval = "required"'
            ),
        ]
    return "\n".join(lines) + "\n"


@dataclass
class Office:
    """The gateway as a process, and its people's mail programs."""

    config: Path
    ports: list[int]
    process: subprocess.Popen[bytes] | None = None
    _clients: dict[str, smtplib.SMTP] = field(default_factory=dict)
    words: dict[str, str] = field(default_factory=dict)
    """Passwords that are no longer the first one, by login."""

    @classmethod
    def furnish(cls, folder: Path, units: int) -> Office:
        config = folder / "config"
        config.mkdir(parents=True)
        ports = [free_port() for _ in range(4)]
        (config / "vanthu.toml").write_text(_MAIN.format(*ports))
        (config / "chains.toml").write_text(_CHAINS)
        (config / "routes.toml").write_text(_ROUTES)
        (config / "directory.toml").write_text(directory(units))
        glass = '", "'.join(f"l{n}" for n in range(units))
        (config / "approval.toml").write_text(f'break_glass = ["{glass}"]\n' * (units > 1))
        word = hash_password("secret")
        logins = [f"{role}{n}" for n in range(units) for role in "ldc"]
        lines = "".join(f'{login} = "{word}"\n' for login in logins)
        (config / "passwords.toml").write_text("[passwords]\n" + lines)
        certificate(config / "demo.pem", config / "demo.key")
        new_keys(config / "approval-keys", DOMAIN, date(2026, 1, 1), "pd")
        return cls(config, ports)

    def start(self) -> None:
        line = [sys.executable, "-m", "gateway.cli", "--config", str(self.config), "run"]
        self.process = subprocess.Popen(line, cwd=ROOT)
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", self.ports[0]), 1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise TimeoutError("the gateway did not start")

    def kill(self) -> None:
        """SIGKILL: nothing is put away."""
        assert self.process
        self.process.kill()
        self.process.wait()
        self.kill_clients()

    def kill_clients(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()

    def stop(self) -> None:
        self.kill_clients()
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(60)

    def client(self, login: str) -> smtplib.SMTP:
        """A connection on which this person has signed in; each has his own."""
        if login not in self._clients:
            context = ssl.create_default_context(cafile=self.config / "demo.pem")
            client = smtplib.SMTP("localhost", self.ports[1], timeout=60)
            client.starttls(context=context)
            try:
                client.login(login, self.words.get(login, "secret"))
            except smtplib.SMTPException:
                client.close()
                raise
            self._clients[login] = client
        return self._clients[login]

    def send(self, login: str, sender: str, to: list[str], raw: bytes | EmailMessage) -> str:
        """Hand a mail in; the id in the answer."""
        data = raw if isinstance(raw, bytes) else raw.as_bytes(policy=policy.SMTP)
        client = self.client(login)
        client.mail(sender)
        for one in to:
            code, text = client.rcpt(one)
            if code != 250:
                client.rset()
                raise smtplib.SMTPRecipientsRefused({one: (code, text)})
        code, text = client.data(data)
        assert code == 250, text
        return text.decode().rpartition("(id ")[2].rstrip(")")

    def letter(self, n: int, subject: str, to: str = "a@mofa.example", body: str = "") -> bytes:
        return (
            f"From: u{n}@{DOMAIN}\r\nTo: <{to}>\r\nSubject: {subject}\r\n"
            f"Message-ID: <{subject.replace(' ', '-')}@{DOMAIN}>\r\n"
            f"Content-Type: text/plain; charset=utf-8\r\n\r\nKính gửi\r\n{body or subject}\r\n"
        ).encode()

    def submit(self, n: int, subject: str, **more: str) -> str:
        """The clerk of a unit sends in its name."""
        to = more.get("to", "a@mofa.example")
        return self.send(f"c{n}", f"u{n}@{DOMAIN}", [to], self.letter(n, subject, **more))

    def inbox(self, address: str) -> list[EmailMessage]:
        """All that lies in a mailbox, ours or outside, in the order in which it was sent."""
        local, _, domain = address.partition("@")
        files = (self.config / "mail" / domain / local / "new").glob("*")
        mails = [email.message_from_bytes(f.read_bytes(), policy=policy.default) for f in files]
        return sorted(mails, key=lambda m: str(m["Date"]))

    def about(self, address: str, subject: str) -> list[EmailMessage]:
        return [m for m in self.inbox(address) if subject in str(m["Subject"])]

    def request(self, login: str, subject: str) -> EmailMessage:
        """The request that this person got about a message; waits for it."""
        where = f"{login}@{DOMAIN}"

        def asked() -> list[EmailMessage]:
            return [m for m in self.about(where, subject) if "Chờ duyệt" in str(m["Subject"])]

        self.wait(lambda: bool(asked()), f"no request to {login} about {subject}")
        return asked()[-1]

    @staticmethod
    def wait(is_so: Callable[[], bool], told: str) -> None:
        until = time.monotonic() + PATIENCE_S
        while not is_so():
            if time.monotonic() > until:
                raise TimeoutError(told)
            time.sleep(0.1)

    def opened(self) -> Shelf:
        return Shelf(self.config / "data", applies=False, chapters=chapters())

    def seen(self, mail: str) -> Waiting | None:
        shelf = self.opened()
        try:
            return Book(shelf.engine).ask(mail)
        finally:
            shelf.close()

    def row(self, mail: str) -> Waiting:
        row = self.seen(mail)
        assert row, f"{mail} never waited"
        return row

    def becomes(self, mail: str, state: str) -> Waiting:
        """Wait until a message is in this state, and all were told."""
        done = state not in {"pending", "new", "approved"}

        def is_so() -> bool:
            row = self.seen(mail)
            return bool(row and row.state == state and (not done or row.announced == state))

        try:
            self.wait(is_so, "")
        except TimeoutError:
            raise TimeoutError(f"{mail} is {self.seen(mail)}, not {state}") from None
        return self.row(mail)

    def command(self, *words: str, password: str = "secret") -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "gateway.cli", "--config", str(self.config), *words]
        return subprocess.run(
            line, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
            input=f"{password}\n",
        )  # fmt: skip


def text_in(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


def code_in(mail: EmailMessage, verb: str) -> str:
    """The address in a mail of the desk that carries a code of this verb."""
    found = re.search(rf"{verb}-[0-9a-z]{{26}}@[\w.-]+", f"{mail['Reply-To']} {text_in(mail)}")
    assert found, text_in(mail)
    return found[0]


def answer(login: str, to: str, first: str, quoted: EmailMessage | None, style: str) -> bytes:
    """A reply as a mail program writes it."""
    before = text_in(quoted) if quoted else ""
    lines = "\n".join(f"> {line}" for line in before.splitlines()[:40])
    plain, more = _STYLES[style]
    text = plain.format(first=first, quoted=lines, bare=before[:2000])
    mail = EmailMessage(policy=policy.SMTP)
    mail["From"] = f"{login}@{DOMAIN}"
    mail["To"] = to
    mail["Subject"] = f"Re: {quoted['Subject']}" if quoted else "Duyệt"
    mail["Message-ID"] = f"<{login}.{time.time_ns()}@client>"
    if quoted:
        mail["In-Reply-To"] = str(quoted["Message-ID"])
    for name, value in more.items():
        mail[name] = value
    mail.set_content(text)
    if style in {"outlook", "gmail", "ios"}:
        mail.add_alternative(f"<html><body><p>{first}</p><hr>{before[:500]}</body></html>", "html")
    return mail.as_bytes()


_STYLES: dict[str, tuple[str, dict[str, str]]] = {
    "link": ("{first}\n", {}),
    "outlook": (
        (
            "{first}\n\n________________________________\nTừ: Bàn duyệt thư <pheduyet@x>\n"
            "Đã gửi: Thứ Ba 24/11/2026\nChủ đề: x\n\n{bare}"
        ),
        {"X-Mailer": "Microsoft Outlook 16.0", "Thread-Index": "AQHZ"},
    ),
    "thunderbird": (
        "{first}\n\nOn 24/11/2026 15:00, Bàn duyệt thư wrote:\n{quoted}\n",
        {"User-Agent": "Mozilla Thunderbird"},
    ),
    "gmail": (
        "{first}\n\nVào Th 3, 24 thg 11, 2026 vào lúc 15:00 Bàn duyệt <x@y> đã viết:\n\n{quoted}\n",
        {},
    ),
    "ios": (
        "{first}\n\nĐã gửi từ iPhone của tôi\n\nVào ngày 24 thg 11, 2026 x đã viết:\n{quoted}",
        {},
    ),
    "zimbra": (
        "{first}\n\n----- Original Message -----\nFrom: x <y@z>\nTo: w\n{bare}",
        {"X-Mailer": "Zimbra 9.0.0", "Thread-Topic": "x"},
    ),
    "bare": ("\n\n> {first}\n{quoted}", {}),
    "auto-vi": (
        "{first}\nTôi đang nghỉ phép.\n{quoted}",
        {"Auto-Submitted": "auto-replied", "X-Auto-Response-Suppress": "All"},
    ),
    "auto-en": ("{first}\nI am out of the office.\n{quoted}", {"Precedence": "auto_reply"}),
}
