"""What the filters about dispatches say of facts that are made up here."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from filters.dispatch import Dispatch
from filters.secrecy import SecrecyStamps
from gateway.mail.facts import SEALED
from gateway.mail.flaws import RULES, Weight, flaw
from gateway.mail.given import OutgoingBooks
from gateway.mail.papers import (
    Active,
    Belief,
    Change,
    Coverage,
    DocumentFacts,
    Ended,
    FileKind,
    OcrLine,
    OcrWord,
    PageFacts,
    PageKind,
    Signature,
    Trust,
)
from gateway.mail.session import Mail
from gateway.mail.verdict import Defer, Desk, Hold, Pass, Reject
from gateway.runtime.words import speaking
from tests.documents.office import Said, said, sent
from tests.papers import KnownDocuments

OFFICE = "Sở Ngoại vụ"
TEXT = """UBND TỈNH HÀ THANH
SỞ NGOẠI VỤ
Số: 50/SNgV-VP
V/v mời họp giao ban
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Hà Thanh, ngày 21 tháng 8 năm 2026
Kính gửi: Sở Tài chính.
Nơi nhận:
- Như trên;
- Lưu: VT.
KT. GIÁM ĐỐC
PHÓ GIÁM ĐỐC
Trần Văn Bình
"""
SIGNED = Signature(
    field="Signature1",
    signer=OFFICE,
    issuer="CA",
    digest="sha256",
    is_intact=True,
    trust=Trust.TRUSTED,
    coverage=Coverage.WHOLE_FILE,
)
PAGE = PageFacts(
    number=1,
    kind=PageKind.DIGITAL,
    width_mm=210,
    height_mm=297,
    text=TEXT,
    belief=Belief.VISIBLE,
    chroma=0.0,
    ink=0.03,
)
GOOD = DocumentFacts(
    name="cv.pdf",
    size=10,
    sha256="",
    kind=FileKind.PDF,
    version="1.7",
    is_open=True,
    page_count=1,
    pages=(PAGE,),
    signatures=(SIGNED,),
    knows_authorities=True,
)


def words(text: str, confidence: float = 95.0, zone: str = "left") -> OcrLine:
    each = tuple(OcrWord(text=word, confidence=confidence) for word in text.split())
    return OcrLine(text=text, confidence=confidence, zone=zone, words=each)


SCANNED = replace(
    GOOD,
    signatures=(),
    sharpness=0.05,
    pages=(
        replace(
            PAGE,
            kind=PageKind.SCAN,
            cover=1.0,
            dpi=200.0,
            chroma=7.0,
            seal_mm2=150.0,
            text="",
            belief=Belief.NONE,
        ),
    ),
    ocr=(
        *(words(line) for line in TEXT.splitlines()[:4]),
        *(words(line, zone="right") for line in TEXT.splitlines()[4:7]),
    ),
)


async def asked(
    facts: DocumentFacts, *, name: str = "cv.pdf", subject: str = "Công văn", user: str = "lan"
) -> Said:
    room = KnownDocuments({name: facts})
    return await said(room, name, b"%PDF-", office=OFFICE, subject=subject, user=user)


def rules(found: Said) -> list[str]:
    return [f.rule for f in found.checked.flaws]


async def test_a_signed_dispatch_leaves() -> None:
    found = await asked(GOOD, subject="Công văn số 50/SNgV-VP")
    assert (found.verdict, rules(found)) == ("accept", [])
    assert (found.checked.number, found.checked.day) == ("50/SNgV-VP", "2026-08-21")
    assert found.checked.signers == (OFFICE,)


async def test_a_good_scan_leaves_and_is_for_information() -> None:
    found = await asked(SCANNED)
    assert (found.verdict, rules(found)) == ("accept", ["scan-without-signature"])


def one_signed(**changed: Any) -> DocumentFacts:
    return replace(GOOD, signatures=(replace(SIGNED, **changed),))


def scanned(**changed: Any) -> DocumentFacts:
    return replace(SCANNED, pages=(replace(SCANNED.pages[0], **changed),))


OUTSIDE = Change(page=1, box=(30.0, 90.0, 60.0, 100.0))


@pytest.mark.parametrize(
    ("facts", "rule"),
    [
        (replace(GOOD, signatures=()), "unsigned"),
        (replace(GOOD, version="1.3"), "version"),
        (replace(GOOD, encryption="owner"), "encrypted"),
        (replace(GOOD, active=(Active(kind="javascript"),)), "javascript"),
        (replace(GOOD, active=(Active(kind="unc-link", detail="x"),)), "external"),
        (replace(GOOD, also=("zip",), trailing=90), "polyglot"),
        (replace(GOOD, header_at=3), "header-offset"),
        (replace(GOOD, damage="file is damaged"), "damaged"),
        (replace(GOOD, page_count=0, pages=()), "no-pages"),
        (replace(GOOD, page_count=900, pages=()), "too-many-pages"),
        (replace(GOOD, fonts=(".VnTime",)), "legacy-font"),
        (replace(GOOD, ended=Ended(how="killed", stage="pages")), "bomb"),
        (replace(GOOD, ended=Ended(how="killed", stage="ocr")), "unread"),
        (one_signed(is_intact=False), "signature-invalid"),
        (one_signed(trust=Trust.EXPIRED), "signer-expired"),
        (one_signed(trust=Trust.REVOKED), "signer-revoked"),
        (
            one_signed(trust=Trust.UNKNOWN_ISSUER),
            "signer-untrusted",
        ),
        (
            replace(
                GOOD,
                knows_authorities=False,
                signatures=(replace(SIGNED, trust=Trust.UNKNOWN_ISSUER),),
            ),
            "issuer-unknown",
        ),
        (
            one_signed(coverage=Coverage.REVISION),
            "signature-partial",
        ),
        (
            replace(
                GOOD,
                signatures=(replace(SIGNED, coverage=Coverage.REVISION, is_changed_after=True),),
            ),
            "changed-after-signing",
        ),
        (
            replace(
                GOOD,
                changes=(OUTSIDE,),
                signatures=(replace(SIGNED, is_changed_after=True), SIGNED),
            ),
            "changed-between-signatures",
        ),
        (
            one_signed(signer="Trần Văn Bình"),
            "no-agency-signature",
        ),
        (one_signed(signer="Sở Y tế"), "signer-not-sender"),
        (one_signed(digest="sha1"), "weak-digest"),
        (scanned(dpi=150.0), "dpi"),
        (replace(SCANNED, sharpness=0.002), "dpi-fake"),
        (scanned(chroma=0.5), "not-colour"),
        (
            replace(SCANNED, pages=(replace(SCANNED.pages[0], width_mm=148, height_mm=210),)),
            "scale",
        ),
        (scanned(seal_mm2=3.0), "no-seal"),
        (scanned(ink=0.0), "blank"),
        (replace(SCANNED, pages=(*SCANNED.pages, replace(PAGE, number=2))), "mixed"),
        (replace(SCANNED, ocr=()), "unreadable"),
        (replace(SCANNED, is_ocr_missing=True, ocr=()), "number-unreadable"),
        (replace(SCANNED, blue_mm2=9.0), "number-unreadable"),
        (
            replace(SCANNED, ocr=(words("Số: 50/SNgV-VP", 30.0), *SCANNED.ocr[4:])),
            "number-unreadable",
        ),
        (
            replace(
                SCANNED,
                pages=(replace(SCANNED.pages[0], text="Số: 999/SNgV-VP", belief=Belief.HIDDEN),),
            ),
            "text-image-mismatch",
        ),
    ],
)
async def test_a_flaw_is_found_and_weighs_what_it_should(facts: DocumentFacts, rule: str) -> None:
    found = await asked(facts)
    assert rule in rules(found)
    weight = RULES[rule].weight
    word = {Weight.REJECT: "reject", Weight.HOLD: "hold"}.get(weight, "accept")
    heaviest = max(["accept", "hold", "reject"].index(word), 0)
    assert ["accept", "hold", "reject"].index(found.verdict) >= heaviest


async def test_what_the_clerk_adds_between_two_signatures_is_no_change() -> None:
    number = Change(page=1, box=(30.0, 40.0, 60.0, 50.0))
    seal = Change(page=1, box=(90.0, 200.0, 130.0, 240.0))
    leader = replace(SIGNED, signer="Trần Văn Bình", is_changed_after=True)
    facts = replace(GOOD, changes=(number, seal), signatures=(leader, SIGNED))
    assert (await asked(facts)).verdict == "accept"


async def test_number_and_date_are_needed_and_the_subject_agrees() -> None:
    bare = replace(PAGE, text=TEXT.replace("Số: 50/", "Số:     /").replace("ngày 21", "ngày   "))
    found = await asked(replace(GOOD, pages=(bare,)))
    assert {"number-missing", "date-missing"} <= set(rules(found))
    other = await asked(GOOD, subject="Công văn số 51/SNgV-VP")
    assert (other.verdict, rules(other)) == ("hold", ["number-mismatch"])
    ahead = replace(PAGE, text=TEXT.replace("năm 2026", "năm 2027"))
    assert "date-ahead" in rules(await asked(replace(GOOD, pages=(ahead,))))


async def test_other_files_leave_as_drafts_that_are_marked() -> None:
    plain = DocumentFacts(name="x.docx", size=1, sha256="", kind=FileKind.DOCX, is_open=True)
    assert (await asked(plain, name="x.docx", subject="Gửi dự thảo báo cáo")).verdict == "accept"
    assert (await asked(plain, name="Du_thao_2.docx")).verdict == "accept"
    unmarked = await asked(plain, name="x.docx")
    assert (unmarked.verdict, rules(unmarked)) == ("hold", ["draft-not-marked"])
    issued = replace(plain, pages=(PAGE,))
    assert "not-pdf" in rules(await asked(issued, name="x.docx"))
    false = await asked(plain, name="x.pdf")
    assert (false.verdict, rules(false)[0]) == ("reject", "not-pdf")
    hostile = replace(plain, active=(Active(kind="macros"),))
    found = await asked(hostile, name="x.docx", subject="Dự thảo")
    assert (found.verdict, rules(found)) == ("reject", ["macros"])
    called = await asked(GOOD, subject="Dự thảo công văn")
    assert (called.verdict, rules(called)) == ("accept", ["draft-signed"])


def mail_with(
    facts: DocumentFacts,
    *,
    user: str = "lan",
    subject: str = "x",
    books: OutgoingBooks | None = None,
) -> Mail:
    room = KnownDocuments({"cv.pdf": facts})
    box = {"office": OFFICE, "subject": subject, "user": user}
    return sent(room, "cv.pdf", b"%PDF-", **box, books=books)


async def test_weights_are_the_admins() -> None:
    facts = replace(GOOD, version="1.3")
    assert isinstance(await Dispatch().message(mail_with(facts)), Reject)
    lax = Dispatch(rules={"version": Weight.WARN})
    assert isinstance(await lax.message(mail_with(facts)), Pass)
    silent = Dispatch(rules={"version": Weight.PASS})
    assert await silent.message(mail_with(facts)) is None
    held = await Dispatch(rules={"version": Weight.HOLD}).message(mail_with(facts))
    assert isinstance(held, Hold)
    assert held.desk is Desk.APPROVAL
    with pytest.raises(ValidationError, match="did you mean version"):
        Dispatch(rules={"versoin": Weight.HOLD})


async def test_only_official_mail_that_leaves_is_looked_at() -> None:
    mail = mail_with(replace(GOOD, signatures=()), user="")
    assert await Dispatch().message(mail) is None


async def test_what_cannot_be_read_now_comes_again() -> None:
    away = replace(GOOD, ended=Ended(how="away", detail="200 documents wait already"))
    assert isinstance(await Dispatch().message(mail_with(away)), Defer)


def test_every_rule_says_what_to_do_in_both_languages() -> None:
    for name in RULES:
        found = flaw(name)
        with speaking("vi"):
            vietnamese = found.advice
        assert vietnamese != found.advice, name


STAMPED = replace(PAGE, text=TEXT.replace("UBND", "MẬT\nUBND", 1))


async def test_stamped_documents_never_leave() -> None:
    mail = mail_with(replace(GOOD, pages=(STAMPED,)))
    answer = await SecrecyStamps().message(mail)
    assert isinstance(answer, Reject)
    assert mail.transaction.facts[SEALED] is True
    assert "giao ban" not in answer.reason
    red = replace(SCANNED, ocr=(*SCANNED.ocr, words("MẬT", 60, zone="red")))
    assert isinstance(await SecrecyStamps().message(mail_with(red)), Reject)
    tagged = mail_with(GOOD, subject="[TỐI MẬT] Báo cáo")
    assert isinstance(await SecrecyStamps().message(tagged), Reject)


async def test_stamped_documents_that_come_in_are_shut_away() -> None:
    mail = mail_with(replace(GOOD, pages=(STAMPED,)), user="")
    answer = await SecrecyStamps().message(mail)
    assert isinstance(answer, Hold)
    assert mail.transaction.facts[SEALED] is True


@pytest.mark.parametrize(
    "text",
    [
        TEXT.replace("mời họp giao ban", "quy định về bảo vệ bí mật nhà nước"),
        TEXT + "Mật khẩu: xem thư riêng\nmật ong rừng",
    ],
)
async def test_the_word_is_not_the_stamp(text: str) -> None:
    mail = mail_with(replace(GOOD, pages=(replace(PAGE, text=text),)))
    assert await SecrecyStamps().message(mail) is None
    assert mail.transaction.facts.get(SEALED) is None
