"""Who speaks in the name of the office, and who only speaks of it."""

import pytest

from filters.official_name import OfficialName
from gateway.api import Desk, Hold, Mail, Verdict
from gateway.chain.filter import Stage
from tests.filters.conftest import Letter

DISPATCH = """UBND TỈNH HÀ THANH
SỞ NGOẠI VỤ

Số: 12/SNgV-VP

V/v báo cáo đoàn ra

Kính gửi: Sở Tài chính

Sở Ngoại vụ đề nghị quý Sở phối hợp./.

Nơi nhận:
- Như trên;
- Lưu: VT.

KT. GIÁM ĐỐC
PHÓ GIÁM ĐỐC

Nguyễn Văn An
"""
LAN = "lan@songoaivu.example"


async def judged(mail: Mail, **settings: object) -> Verdict | None:
    chosen = OfficialName.model_validate({"symbols": ("SNgV",), **settings})
    assert chosen.waits_at(Stage.MESSAGE)
    answer = chosen.message(mail)
    return None if answer is None else await answer  # type: ignore[misc]


async def test_a_dispatch_in_a_personal_letter_waits_for_approval(letter: Letter) -> None:
    mail = letter(f"From: {LAN}\n\n{DISPATCH}", LAN, "stc@example.net", user="lan")
    verdict = await judged(mail)
    assert isinstance(verdict, Hold)
    assert verdict.desk is Desk.APPROVAL
    assert "12/SNgV-VP" in verdict.reason


@pytest.mark.parametrize(
    "text",
    [
        "Anh xem giúp công văn số 12/SNgV-VP ngày 05/8/2026 của Sở, em gửi kèm.",
        "Số: 12/SNgV-VP đã đến chưa anh?\n\nLan",
        "Kính gửi anh Minh,\n\nTheo công văn 12/SNgV-VP, Giám đốc yêu cầu báo cáo.\n\nLan",
        DISPATCH.replace("SỞ NGOẠI VỤ", "SỞ TÀI CHÍNH").replace("SNgV", "STC"),
        DISPATCH.replace("UBND TỈNH HÀ THANH", "DỰ THẢO\nUBND TỈNH HÀ THANH"),
    ],
)
async def test_a_letter_about_one_goes(letter: Letter, text: str) -> None:
    mail = letter(f"From: {LAN}\n\n{text}", LAN, "stc@example.net", user="lan")
    verdict = await judged(mail)
    assert not isinstance(verdict, Hold)


@pytest.mark.parametrize("name", ["Sở Ngoại vụ", "SO NGOAI VU tỉnh Hà Thanh", "Phòng Lãnh sự"])
async def test_an_official_name_in_from(letter: Letter, name: str) -> None:
    mail = letter(f'From: "{name}" <{LAN}>\n\nhi', LAN, "stc@example.net", user="lan")
    assert isinstance(await judged(mail), Hold)


async def test_whose_mail_is_looked_at(letter: Letter) -> None:
    own = f"From: Nguyễn Thị Lan <{LAN}>\n\nhi"
    assert await judged(letter(own, LAN, "stc@example.net", user="lan")) is None
    agency = f"From: Sở Ngoại vụ <so@songoaivu.example>\n\n{DISPATCH}"
    assert await judged(letter(agency, "so@songoaivu.example", "a@b.example", user="lan")) is None
    inside = f"From: {LAN}\n\n{DISPATCH}"
    colleague = "minh@songoaivu.example"
    assert await judged(letter(inside, LAN, colleague, user="lan")) is None
    assert isinstance(await judged(letter(inside, LAN, colleague, user="lan"), inside=True), Hold)
    assert await judged(letter(inside, "x@example.net", colleague)) is None
