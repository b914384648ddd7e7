"""A letter with a secrecy stamp, from the filter to the index: nothing of it can be found."""

from dataclasses import replace
from pathlib import Path

from filters.dispatch import Dispatch
from filters.secrecy import SecrecyStamps
from gateway.approval.letters import papers
from gateway.archive.commands import Receive
from gateway.archive.journal import Entry
from gateway.archive.queries import Wanted
from gateway.archive.shelf import Shelf
from gateway.chain.chain import Chain, Link
from gateway.chain.filter import Filter
from gateway.chain.inspection import Inspection
from gateway.intake import entry
from gateway.mail.flaws import Weight
from gateway.mail.message import Message
from gateway.mail.papers import Belief, DocumentFacts, FileKind, PageFacts, PageKind
from gateway.mail.session import Mail, Recipient, Transaction
from gateway.mail.verdict import Hold, Pass, Verdict
from gateway.runtime.ids import new_id
from tests.archive.samples import Clock, decide
from tests.documents.office import sent
from tests.papers import KnownDocuments
from tests.registry.desk import open_desk
from tests.registry.office import UNIT, Desk, letter, mail, work

TEXT = "MẬT\nSỞ NGOẠI VỤ\nSố: 01/SNgV-VP\nV/v đoàn khách\nHà Thanh, ngày 21 tháng 8 năm 2026"
STAMPED = DocumentFacts(
    name="cv.pdf",
    size=5,
    sha256="",
    kind=FileKind.PDF,
    is_open=True,
    page_count=1,
    pages=(PageFacts(number=1, kind=PageKind.DIGITAL, text=TEXT, belief=Belief.VISIBLE),),
)


class Talker(Filter):
    """Repeats what it has read."""

    def message(self, mail: Mail) -> Verdict:
        return Pass(mail.message.header("Subject"))


async def received(facts: DocumentFacts, *others: Filter) -> Receive:
    """A letter from outside with one document, through a chain of the filter, others before it."""
    room = KnownDocuments({"cv.pdf": facts})
    mail = sent(room, "cv.pdf", b"%PDF-", office="Sở", subject="Bí danh sao đêm", user="")
    links = [*(Link("talker", other) for other in others), Link("secrecy", SecrecyStamps())]
    walk = Inspection(Chain("inbound", tuple((link,) for link in links)), mail.session)
    await walk.mail(Transaction(mail.session, new_id(), mail.transaction.sender))
    for recipient in mail.transaction.recipients:
        await walk.rcpt(Recipient(recipient.address))
    outcome = await walk.message(Message(bytes(mail.message)))
    assert isinstance(outcome.verdict, Hold) is (facts is STAMPED)
    made = entry(outcome, Clock()())
    assert isinstance(made.command, Receive)
    return made.command


async def test_what_is_stamped_is_sealed_and_held() -> None:
    command = await received(STAMPED)
    assert (command.sealed, command.state, command.subject) == (True, "held", "")
    assert "đoàn" not in command.reason
    plain = replace(STAMPED, pages=(replace(STAMPED.pages[0], text=TEXT.replace("MẬT\n", "")),))
    command = await received(plain)
    assert (command.sealed, command.state) == (False, "accepted")
    assert command.subject == "Bí danh sao đêm"


async def test_no_index_holds_its_words(tmp_path: Path) -> None:
    command = await received(STAMPED)
    raw = b"Subject: sao dem\r\n\r\nhoi nghi kin\r\n"
    shelf = Shelf(tmp_path, applies=True)
    shelf.journal.append_now([Entry(command, (raw,), numbered=True)])
    assert shelf.applier
    assert shelf.indexer
    shelf.applier.catch_up()
    shelf.indexer.catch_up()
    for words in ("sao", "hoi nghi", "kin"):
        assert shelf.queries.find(Wanted(words=words)) == []
    assert [found.id for found in shelf.queries.find(Wanted())] == [command.id]
    shelf.close()


async def test_what_was_checked_is_kept_for_whoever_approves() -> None:
    bare = replace(STAMPED, pages=(replace(STAMPED.pages[0], text=TEXT.replace("MẬT\n", "")),))
    room = KnownDocuments({"cv.pdf": bare})
    mail = sent(room, "cv.pdf", b"%PDF-", office="Sở", subject="Công văn", user="lan")
    lenient = Dispatch(rules={"version": Weight.PASS, "unsigned": Weight.HOLD})
    walk = Inspection(Chain("outgoing", ((Link("dispatch", lenient),),)), mail.session)
    await walk.mail(Transaction(mail.session, new_id(), mail.transaction.sender))
    for recipient in mail.transaction.recipients:
        await walk.rcpt(Recipient(recipient.address))
    command = entry(await walk.message(Message(bytes(mail.message))), Clock()()).command
    assert isinstance(command, Receive)
    (kept,) = command.checked
    assert (kept.name, kept.number, kept.day) == ("cv.pdf", "01/SNgV-VP", "2026-08-21")
    assert [(rule, weight) for rule, weight, _ in kept.flaws] == [("unsigned", "hold")]
    lines = papers(command.checked)
    assert any("Hãy ký số" in line for line in lines)
    assert any("Sign it digitally" in line for line in lines)


async def test_a_sealed_letter_comes_into_no_book_and_leaves_no_copy(tmp_path: Path) -> None:
    with open_desk(tmp_path) as clerk:
        desk = Desk(clerk.shelf)
        registrar = desk.registrar(tmp_path, KnownDocuments({"cv.pdf": STAMPED}))
        raw = letter("[MẬT] Bí danh sao đêm", **{"ke-hoach-sao-dem_pdf": b"%PDF-"})
        desk.put(mail(1, raw, UNIT, sealed=True, subject="", state="held", desks=("quarantine",)))
        desk.put(decide(1, "quarantine"))
        await work(registrar)
        assert desk.lines() == []
        assert registrar.texts.papers("sao dem", 2**62, 10) == []
        registrar.texts.close()
    assert not (tmp_path / "files").exists()


async def test_a_stamp_that_no_filter_saw_still_leaves_no_copy_and_no_name(tmp_path: Path) -> None:
    with open_desk(tmp_path) as clerk:
        desk = Desk(clerk.shelf)
        registrar = desk.registrar(tmp_path, KnownDocuments({"ke-hoach-sao-dem.pdf": STAMPED}))
        desk.put(mail(1, letter("Bí danh", **{"ke-hoach-sao-dem_pdf": b"%PDF-"}), UNIT))
        await work(registrar)
        (line,) = desk.lines()
        assert (line.n, line.abstract) == (1, "")
        assert [row.name for row in desk.rows("books_files")] == [""]
        registrar.texts.close()
    assert not (tmp_path / "files").exists()


async def test_of_a_sealed_letter_other_filters_reasons_are_not_kept() -> None:
    command = await received(STAMPED, Talker())
    told = {said.filter: said.reason for said in command.findings if said.stage == "message"}
    assert "stamped" in told["secrecy"]
    assert told["talker"] == ""
    plain = replace(STAMPED, pages=(replace(STAMPED.pages[0], text="x"),))
    told = {said.filter: said.reason for said in (await received(plain, Talker())).findings}
    assert told["talker"] == "Bí danh sao đêm"
