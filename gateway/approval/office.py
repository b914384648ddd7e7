"""What the desk knows while it works: people, rules, calendar, its own addresses."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.approval.authority import Authority, Capacity, Delegation, NotAllowed, approvers
from gateway.approval.authority import authority_of as leaders_authority
from gateway.approval.calendar import Calendar
from gateway.approval.codes import DESK, DRAFTS
from gateway.approval.tables import ApprovalTable
from gateway.archive.approvals import Alarm, Step
from gateway.mail.address import Address
from gateway.mail.people import Directory, Mailbox, Person
from gateway.mail.services import Signer
from gateway.runtime.words import later


@dataclass(frozen=True)
class Office:
    """Directory and approval.toml together, as they are now."""

    directory: Directory
    table: ApprovalTable
    hostname: str
    calendar: Calendar
    signer: Signer | None = None
    """Signs what the desk writes."""

    @classmethod
    def of(
        cls,
        directory: Directory,
        table: ApprovalTable,
        hostname: str,
        signer: Signer | None = None,
    ) -> Office:
        return cls(directory, table, hostname, table.calendar.calendar(), signer)

    @property
    def domain(self) -> str:
        """Of the desk's own addresses."""
        return self.table.domain or self.hostname

    @property
    def desk(self) -> str:
        return f"{DESK}@{self.domain}"

    @property
    def drafts(self) -> Address:
        return Address.parse(f"{DRAFTS}@{self.domain}")

    def box(self, address: str) -> Mailbox | None:
        """Our mailbox of an address as it stands in a row."""
        return self.directory.mailbox(Address.parse(address)) if address else None

    def address_of(self, login: str) -> Address | None:
        """Where a person is written to: his own mailbox."""
        person = self.directory.person(login)
        if person is None or not person.addresses:
            return None
        box = self.directory.mailbox(min(person.addresses, key=str))
        return box.address if box is not None else min(person.addresses, key=str)

    def name_of(self, login: str) -> str:
        person = self.directory.person(login)
        return person.name if person is not None else login or "?"

    def may_ask(
        self,
        box: Mailbox | None,
        step: Step,
        lent: Sequence[Delegation],
        at: datetime,
        barred: Collection[str],
    ) -> tuple[Authority, ...]:
        """All who may decide this step; never the author nor who approved a step before it (those
        are ``barred``: a chain is several people), and never who is disabled."""
        if box is None:
            return ()
        match step.by:
            case "leader":
                found = approvers(self.directory, box, lent, at)
            case "keepers":
                found = tuple(Authority(login, Capacity.CLERK) for login in sorted(box.keepers))
            case named:
                logins = named.replace(" ", "").split(",")
                found = tuple(Authority(login, Capacity.SELF) for login in logins)
        return tuple(a for a in found if a.approver not in barred and self._is_active(a.approver))

    def authority_of(
        self,
        box: Mailbox | None,
        step: Step,
        lent: Sequence[Delegation],
        login: str,
        at: datetime,
        barred: Collection[str],
    ) -> Authority:
        """Under which authority a login decides this step now. NotAllowed if under none."""
        if box is None:
            raise NotAllowed(later("nobody knows in whose name this message is"))
        for authority in self.may_ask(box, step, lent, at, barred):
            if authority.approver == login:
                return authority
        if login in barred:
            raise NotAllowed(
                later("nobody approves what he has sent himself, nor two steps of a chain")
            )
        if step.by == "leader" and self._is_active(login):
            return leaders_authority(self.directory, box, lent, login, at)
        raise NotAllowed(
            later("you are not asked at this step about mail of {box}").format(box=box.address)
        )

    def is_own(self, box: Mailbox | None, author: str) -> bool:
        """Whether the author is the leader, and may approve his own mail by sending it."""
        unit = self.directory.unit(box.unit) if box else None
        leads = unit is not None and bool(author) and unit.leader == author
        policy = self.table.policy_of(box.address if box else None)
        return leads and policy.own_leader and self._is_active(author)

    def alarms(self, at: datetime, urgent: str) -> tuple[tuple[Alarm, ...], int]:
        """When to remind, to go to the deputies and to give up; (alarms, end in ms).

        Nothing but the clock moves here: no alarm ever approves.
        """
        table, expires = self.table, self.calendar.end_of_next_working_day(at)
        end, start = _ms(expires), _ms(at)
        if urgent:
            first = start + table.urgent_remind_s * 1000
            named = [Alarm(first, "remind")]
            named.append(Alarm(start + table.urgent_deputy_s * 1000, "deputy"))
        else:
            named = [Alarm(start + table.remind_s * 1000, "remind")]
            named.append(Alarm(_ms(self.calendar.next_morning(at)), "remind"))
        rung = sorted((a for a in named if a.at_ms < end), key=lambda a: a.at_ms)
        return (*rung, Alarm(end, "expire")), end

    def _is_active(self, login: str) -> bool:
        person: Person | None = self.directory.person(login)
        return person is not None and not person.disabled


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
