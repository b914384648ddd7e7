"""What every work of the desk has at hand, and one waiting message with all that is known of it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from gateway.approval.authority import Authority
from gateway.approval.book import Book, Waiting
from gateway.approval.codes import Random, Verb, hashed, new_decision_code
from gateway.approval.compose import Notice, notice
from gateway.approval.decide import Decider
from gateway.approval.letters import Case
from gateway.approval.office import Office
from gateway.archive.approvals import Code
from gateway.archive.journal import Entry
from gateway.archive.queries import Queries
from gateway.identity.keyring import Keyring
from gateway.mail.address import Address
from gateway.mail.services import Clock, Notepad

LOCAL = {"approve": "duyet", "refuse": "tuchoi", "answer": "traloi", "withdraw": "rut"}
"""How an address begins that carries a code of this verb."""


@dataclass(frozen=True)
class Desk:
    """Everything but the journal itself: what is to be written is returned as entries."""

    office: Office
    book: Book
    queries: Queries
    keyring: Keyring
    notepad: Notepad
    clock: Clock
    random: Random

    @property
    def decider(self) -> Decider:
        return Decider(self.office, self.book, self.queries)

    def now(self) -> datetime:
        return self.clock.now()

    def now_ms(self) -> int:
        return int(self.now().timestamp() * 1000)

    def case(self, row: Waiting) -> Case:
        """A waiting message with everything that is said about it."""
        return self.decider.case(row)

    def told(self, row: Waiting) -> Case:
        """As much of it as there is where its bytes are damaged."""
        return self.decider.told(row)

    def approvers(self, row: Waiting) -> tuple[Authority, ...]:
        """Who may decide the present step now."""
        return self.decider.approvers(row, self.now())

    def notice(self, mail: Notice) -> Entry:
        return notice(self.office, mail, self.now())

    def postmaster(self, row: Waiting) -> str:
        """Who can set right what is wrong in settings or store; empty if there is no mailbox."""
        directory = self.office.directory
        domains = [row.box.rpartition("@")[2]] if row.box else sorted(directory.domains())
        boxes = (directory.mailbox(Address.parse(f"postmaster@{domain}")) for domain in domains)
        box = next((box for box in boxes if box is not None), None)
        return str(box.address) if box is not None else ""

    def request_id(self, row: Waiting, login: str, step: int) -> str:
        """The Message-ID of a request: the same whenever it is asked for."""
        return f"<{row.mail}.{step}.{login}.request@{self.office.hostname}>"

    def thread(self, row: Waiting, login: str) -> str:
        """What later mails about it answer: the requests that he got, or his own message."""
        if login == row.author:
            found = self.queries.one(row.mail)
            return found.message_id if found is not None else ""
        return " ".join(self.request_id(row, login, step) for step in range(row.step + 1))


@dataclass
class Mint:
    """New codes about one message: their addresses go out, their hashes into the journal."""

    desk: Desk
    mail: str
    made: list[Code] = field(default_factory=list[Code])

    def address(self, login: str, verb: Verb) -> str:
        code = new_decision_code(self.desk.random)
        self.made.append(Code(hashed(code), self.mail, login, verb))
        return f"{LOCAL[verb]}-{code}@{self.desk.office.domain}"
