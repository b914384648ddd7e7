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
from gateway.chain.inspection import Inspection
from gateway.intake import entry
from gateway.mail.flaws import Weight
from gateway.mail.message import Message
from gateway.mail.papers import Belief, DocumentFacts, FileKind, PageFacts, PageKind
from gateway.mail.session import Recipient, Transaction
from gateway.mail.verdict import Hold
from gateway.runtime.ids import new_id
from tests.archive.samples import Clock
from tests.documents.office import sent
from tests.papers import KnownDocuments

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


async def received(facts: DocumentFacts) -> Receive:
    """A letter from outside with one document, through a chain of the one filter."""
    room = KnownDocuments({"cv.pdf": facts})
    mail = sent(room, "cv.pdf", b"%PDF-", office="Sở", subject="Bí danh sao đêm", user="")
    walk = Inspection(Chain("inbound", ((Link("secrecy", SecrecyStamps()),),)), mail.session)
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
