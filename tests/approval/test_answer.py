"""A reply counts only if a person wrote a command on his own first line."""

import pytest

from gateway.approval.answer import Said, Unclear, machine_sign, read


@pytest.mark.parametrize(
    "text",
    [
        "Duyệt",
        "DUYỆT.\n\nOn Mon, 10 Aug 2026 at 09:00, vanthu wrote:\n> Tờ trình",
        "\n\n  duyet\n-- \nSent from my iPhone",
        "*Phê duyệt*\r\n________________________________\r\nFrom: vanthu",
        "OK duyệt!",
        "Đồng ý duyệt",
        "Approved\n\n-----Original Message-----\nTừ chối",
    ],
)
def test_approvals(text: str) -> None:
    assert read(text) == Said("approve", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Từ chối: sai nơi nhận", "sai nơi nhận"),
        ("TU CHOI sai ngày tháng.", "sai ngày tháng"),
        ("Không duyệt\n> Duyệt", ""),
        ("Reject - wrong annex", "wrong annex"),
    ],
)
def test_refusals_carry_their_reason(text: str, reason: str) -> None:
    assert read(text) == Said("refuse", reason)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Duyệt không?",
        "Duyệt nhưng sửa trang 2",
        "Duyệt?",
        "Anh xem lại giúp em\nDuyệt",
        "> Duyệt",
        "On Mon, 10 Aug 2026 at 09:00, vanthu <a@b> wrote:\nDuyệt",
        "Vào Th 2, 10 thg 8, 2026 lúc 09:00 vanthu <a@b> đã viết:\nDuyệt",
        "-----Original Message-----\nDuyệt",
        "Từ: vanthu\nDuyệt",
        "Duyệtt",
    ],
)
def test_everything_else_decides_nothing(text: str) -> None:
    assert isinstance(read(text), Unclear)


@pytest.mark.parametrize(
    "headers",
    [
        {"auto-submitted": "auto-replied"},
        {"auto-submitted": "auto-generated; owner=x"},
        {"precedence": "bulk"},
        {"x-autoreply": "yes"},
        {"subject": "Automatic reply: Tờ trình"},
        {"subject": "Trả lời tự động: Tờ trình"},
        {"subject": "Đã đọc: Tờ trình"},
        {"list-id": "<x.example>"},
    ],
)
def test_machines_are_recognised(headers: dict[str, str]) -> None:
    assert machine_sign(headers, ["text/plain"], "lan@example.vn")


def test_a_person_is_no_machine() -> None:
    headers = {"subject": "Re: [Chờ duyệt] Tờ trình", "auto-submitted": "no"}
    assert machine_sign(headers, ["text/plain", "text/html"], "lan@example.vn") == ""
    assert machine_sign(headers, ["text/plain"], "") == "null sender"
    assert machine_sign(headers, ["multipart/report"], "lan@example.vn")
    assert machine_sign(headers, ["text/calendar"], "lan@example.vn")
