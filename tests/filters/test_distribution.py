"""Whom a dispatch names, against whom it is sent to."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from tomllib import loads

import pytest
from pydantic import ValidationError

from filters.distribution import Distribution
from gateway.api import DISTRIBUTION, Action, Address, DocumentFacts, Hold, Mail, Pass, Verdict
from gateway.approval.letters import addressed
from gateway.directory.correspondents import Correspondents, CorrespondentsTable, name_key
from gateway.intake import addressed_in
from gateway.mail.correspondents import Sure
from tests.filters.conftest import Letter
from tests.registry.papers import DISPATCH, digital

CONFIG = Path(__file__).parents[2] / "config"
SO = "so@songoaivu.example"
STC = "stc@hathanh.example"
UBND = "vpubnd@hathanh.example"
PAPER = DISPATCH.replace("Ủy ban nhân dân huyện Sơn Bình", "UBND huyện Phú Vang (để phối hợp)")
PHU_VANG = "phuvang@hathanh.example"
ALL = (STC, UBND, PHU_VANG)


class Room:
    """A glass room in which every file is this document."""

    def __init__(self, text: str) -> None:
        self.text = text

    async def facts(self, data: bytes, name: str) -> DocumentFacts:
        return replace(digital(self.text), name=name)


def said(**words: tuple[str, ...]) -> Callable[[str, str], tuple[str, ...]]:
    """What somebody has confirmed: printed name to keys."""
    known = {name_key(k.replace("_", " ")): v for k, v in words.items()}
    return lambda printed, document: known.get(printed, ()) if not document else ()


@pytest.fixture(scope="module")
def tables() -> CorrespondentsTable:
    text = (CONFIG / "correspondents.toml").read_text(encoding="utf-8")
    return CorrespondentsTable.read(loads(text))


@pytest.fixture
def dispatch(letter: Letter, tables: CorrespondentsTable) -> Callable[..., Mail]:
    def sent(
        *recipients: str,
        paper: str = PAPER,
        to: tuple[str, ...] | None = None,
        confirmed: Callable[[str, str], tuple[str, ...]] = lambda _p, _d: (),
    ) -> Mail:
        shown = ", ".join(recipients if to is None else to)
        text = (
            f"From: {SO}\nTo: {shown}\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n"
            "--b\n"
            "Content-Type: application/pdf; name=cv.pdf\n\n%PDF-1.7\n--b--\n"
        )
        mail = letter(text, SO, *recipients, user="lan")
        session = mail.session
        session.services = replace(
            session.services,
            documents=Room(paper),
            correspondents=Correspondents(tables, confirmed),
        )
        return mail

    return sent


async def judged(mail: Mail, **settings: Action) -> Verdict | None:
    answer = Distribution.model_validate(settings).message(mail)
    return None if answer is None else await answer  # type: ignore[misc]


async def test_to_all_and_only_whom_it_names(dispatch: Callable[..., Mail]) -> None:
    mail = dispatch(*ALL)
    assert await judged(mail) is None
    found = mail.transaction.facts[DISTRIBUTION]
    assert found.is_clear
    assert {key for meant in found.named for key in meant.keys} == {"tai-chinh", "ubnd", "phu-vang"}


async def test_missing_and_extra_are_both_named(dispatch: Callable[..., Mail]) -> None:
    verdict = await judged(dispatch(STC, UBND, "vanthu@bng.example"))
    assert isinstance(verdict, Hold)
    assert "UBND huyện Phú Vang (phuvang@hathanh.example)" in verdict.reason
    assert "vanthu@bng.example, Bộ Ngoại giao" in verdict.reason
    assert "150/SNgV-LS" in verdict.reason


async def test_a_blind_copy_is_seen(dispatch: Callable[..., Mail]) -> None:
    verdict = await judged(dispatch(*ALL, "bao@gmail.example", to=ALL))
    assert isinstance(verdict, Hold)
    assert "bao@gmail.example (Bcc)" in verdict.reason


async def test_our_own_people_are_no_extra(dispatch: Callable[..., Mail]) -> None:
    assert await judged(dispatch(*ALL, "minh@songoaivu.example")) is None


async def test_an_address_of_earlier_days(dispatch: Callable[..., Mail]) -> None:
    mail = dispatch("sotaichinh@tinh.example", UBND, PHU_VANG)
    verdict = await judged(mail)
    assert isinstance(verdict, Hold)
    assert "now stc@hathanh.example" in verdict.reason
    assert mail.transaction.facts[DISTRIBUTION].missing


async def test_an_unknown_name_is_doubtful_until_it_is_confirmed(
    dispatch: Callable[..., Mail],
) -> None:
    paper = PAPER.replace("- UBND tỉnh (b/c);", "- Các đơn vị  liên quan;")
    mail = dispatch(STC, PHU_VANG, paper=paper)
    assert isinstance(await judged(mail), Pass)
    assert mail.transaction.facts[DISTRIBUTION].doubtful == ("Các đơn vị liên quan",)
    told = said(các_đơn_vị_liên_quan=("ubnd",))
    mail = dispatch(STC, PHU_VANG, UBND, paper=paper, confirmed=told)
    assert await judged(mail) is None
    assert any(m.sure is Sure.CONFIRMED for m in mail.transaction.facts[DISTRIBUTION].named)


async def test_as_in_article_3_is_guessed_from_the_text(dispatch: Callable[..., Mail]) -> None:
    paper = PAPER.replace(
        "        Trân trọng./.",
        "  Điều 3. Giám đốc Sở Tài chính và Bộ Ngoại giao\n  chịu trách nhiệm thi hành./.",
    ).replace("- UBND tỉnh (b/c);", "- Như Điều 3;")
    mail = dispatch(STC, PHU_VANG, "vanthu@bng.example", paper=paper)
    assert isinstance(await judged(mail), Pass)
    found = mail.transaction.facts[DISTRIBUTION]
    assert found.doubtful == ("Như Điều 3 = Sở Tài chính; Bộ Ngoại giao?",)
    assert not found.extra
    assert isinstance(await judged(mail, doubtful=Action.APPROVAL), Hold)


async def test_mail_without_such_a_document_is_left_alone(dispatch: Callable[..., Mail]) -> None:
    assert await judged(dispatch("a@b.example", paper="Chào anh, mai họp.")) is None


async def test_mail_from_outside_is_left_alone(letter: Letter) -> None:
    assert Distribution().message(letter("Subject: x\n\nhi")) is None


def test_names_as_they_are_printed(tables: CorrespondentsTable) -> None:
    book = Correspondents(tables)
    assert book.meant("SỞ TÀI CHÍNH (b/c)", "").keys == ("tai-chinh",)
    assert book.meant("Ủy ban nhân dân huyện Phú Vang", "").keys == ("phu-vang",)
    assert book.meant("Các sở, ban, ngành tỉnh", "").sure is Sure.NAMED
    assert book.meant("Bộ Ngoại giao; Sở Tài chính", "").keys == ("bo-ngoai-giao", "tai-chinh")
    assert book.meant("Bộ Ngoại giao; Bộ Xây dựng", "").sure is Sure.GUESSED
    assert book.meant("Bộ Xây dựng", "").sure is Sure.UNKNOWN


def test_organisations_have_their_days(tables: CorrespondentsTable) -> None:
    book = Correspondents(tables)
    before, after = book.one("ke-hoach", date(2025, 2, 1)), book.one("ke-hoach", date(2025, 3, 1))
    assert before is not None
    assert after is not None
    assert before.addresses == (Address.parse("skhdt@hathanh.example"),)
    assert after.addresses == ()
    assert after.ended == before.addresses


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ('[groups.a]\nname="A"\nmembers=["x"]', "there is no 'x'"),
        ('[groups.a]\nname="A"\nmembers=["a"]', "does not hold itself"),
        ('[organisations.a]\nname="A"\n[organisations.b]\nname="a"', "already"),
        ('[organisations.a]\nname="A"\nmail=[{address="nobody"}]', "address"),
    ],
)
def test_mistakes_are_told(text: str, what: str) -> None:
    with pytest.raises(ValidationError, match=what):
        CorrespondentsTable.read(loads(text))


async def test_whoever_approves_sees_a_table(dispatch: Callable[..., Mail]) -> None:
    mail = dispatch(STC, UBND, "vanthu@bng.example")
    await judged(mail)
    found = addressed_in(mail.transaction)
    assert found is not None
    told = [line.strip() for line in addressed(found)]
    counts = {line.split("|")[0].strip(): int(line.split("|")[1]) for line in told if " | " in line}
    assert counts["✓ có / present"] == 2
    assert counts["✗ thiếu / missing"] == 1
    assert "UBND huyện Phú Vang (phuvang@hathanh.example)" in told
    assert "vanthu@bng.example, Bộ Ngoại giao" in told
