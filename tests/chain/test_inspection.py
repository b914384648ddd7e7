"""What many answers add up to."""

import asyncio

from pydantic import SkipValidation

from gateway.api import (
    AddHeader,
    Address,
    Defer,
    Filter,
    Hold,
    Mail,
    Message,
    Pass,
    Points,
    Recipient,
    Reject,
    Session,
    Stage,
    Transaction,
    Verdict,
)
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection

A, B = Address("a", "example.org"), Address("b", "example.org")
LETTER = Message.parse(b"Subject: x\r\n\r\nhello\r\n")


class Says(Filter):
    """A filter that says what it is told to, after a while."""

    verdict: SkipValidation[Verdict]
    after_s: float = 0.0

    async def message(self, mail: Mail) -> Verdict | None:
        await asyncio.sleep(self.after_s)
        return self.verdict


class Breaks(Filter):
    """A filter with a bug."""

    async def message(self, mail: Mail) -> Verdict | None:
        raise KeyError("oops")


class NotB(Filter):
    """A filter that does not like one recipient."""

    async def rcpt(self, transaction: Transaction, recipient: Address) -> Verdict | None:
        return Reject("not b") if recipient == B else None


def inspect(session: Session, *steps: tuple[Link, ...]) -> Inspection:
    return Inspection(Chain("test", steps), session)


async def test_a_refused_recipient_leaves_the_others(session: Session) -> None:
    walk = inspect(session, (Link("not-b", NotB()),))
    await walk.mail(Transaction(walk.session, sender=A))
    assert await walk.rcpt(Recipient(A)) == Pass()
    assert await walk.rcpt(Recipient(B)) == Reject("not b")
    assert (await walk.message(LETTER)).verdict == Pass()


async def test_answers_count_in_the_order_written_not_the_order_given(session: Session) -> None:
    slow = Link("slow", Says(verdict=Reject("slow"), after_s=0.02))
    fast = Link("fast", Says(verdict=Reject("fast")))
    assert (await inspect(session, (slow, fast)).message(LETTER)).verdict == Reject("slow")


async def test_a_hold_waits_for_a_later_refusal(session: Session) -> None:
    hold, no = Link("hold", Says(verdict=Hold("odd"))), Link("no", Says(verdict=Reject("no")))
    assert (await inspect(session, (hold,), (no,)).message(LETTER)).verdict == Reject("no")
    assert (await inspect(session, (hold,)).message(LETTER)).verdict == Hold("odd")


async def test_a_bug_delays_mail_and_says_so(session: Session) -> None:
    walk = inspect(session, (Link("broken", Breaks()),))
    assert (await walk.message(LETTER)).verdict == Defer("broken failed: KeyError: 'oops'")


async def test_a_slow_filter_is_given_up(session: Session) -> None:
    link = Link("slow", Says(verdict=Pass(), after_s=1.0), timeout_s=0.01)
    assert isinstance((await inspect(session, (link,)).message(LETTER)).verdict, Defer)


async def test_observing_changes_nothing_but_is_written_down(session: Session) -> None:
    walk = inspect(session, (Link("try", Says(verdict=Reject("no")), mode="observe"),))
    assert (await walk.message(LETTER)).verdict == Pass()
    assert [(f.stage, f.filter, f.verdict) for f in walk.journal] == [
        (Stage.MESSAGE, "try", Reject("no"))
    ]


async def test_edits_go_on_top_and_touch_nothing_else(session: Session) -> None:
    edit = AddHeader("X-Seen", "yes")
    outcome = await inspect(session, (Link("e", Says(verdict=Pass("", (edit,)))),)).message(LETTER)
    assert bytes(outcome.message.edited(outcome.edits)) == b"X-Seen: yes\r\n" + bytes(LETTER)


async def test_the_next_message_starts_afresh(session: Session) -> None:
    walk = inspect(session, (Link("e", Says(verdict=Hold("odd"))),))
    await walk.message(LETTER)
    await walk.mail(Transaction(walk.session, sender=A))
    assert (await walk.message(LETTER)).verdict == Hold("odd")


def test_a_chain_asks_only_filters_that_answer(session: Session) -> None:
    chain = Chain("test", ((Link("b", NotB()), Link("s", Says(verdict=Pass()))),))
    assert [k.name for step in chain.by_stage[Stage.RCPT] for k in step] == ["b"]
    assert chain.by_stage[Stage.CONNECT] == ()


class Scores(Filter):
    """A filter with points at two stages."""

    value: float

    def connect(self, session: Session) -> Verdict:
        return Pass(points=(Points("where", self.value),))

    def message(self, mail: Mail) -> Verdict:
        return Pass(points=(Points("what", self.value),))


class Sums(Filter):
    """A filter that looks at the others' points."""

    def message(self, mail: Mail) -> Verdict:
        return Pass(str(sum(point.value for point in mail.transaction.points)))


async def test_a_later_filter_sees_the_points_of_earlier_ones_once(session: Session) -> None:
    counted, observed = Link("scores", Scores(value=2)), Link("seen", Scores(value=9), "observe")
    walk = inspect(session, (counted,), (observed,), (Link("sums", Sums()),))
    await walk.connect()
    for _ in range(2):
        await walk.mail(Transaction(session))
        outcome = await walk.message(LETTER)
        assert outcome.findings[-1].verdict == Pass("4.0")
        assert sum(point.value for point in outcome.points) == 4.0
        walk.reset()
