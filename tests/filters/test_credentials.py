"""Passwords that leave, and all the mail in which the word stands without one."""

import pytest

from filters.credentials import Credentials
from gateway.api import Action, Hold, Reject
from gateway.mail.passwords import given_away
from tests.filters.conftest import Letter

LEAKS = [
    "Mật khẩu: Abc@12345",
    "mật khẩu là Hue2026!",
    "Mat khau: 123456",
    "Mật khẩu mới: Sngv#2026",
    "MK: Hoa@1990",
    "Tài khoản: lan\nMật khẩu: hoahong",
    "Password: S3cret99",
    "the password is tr0ub4dor",
    "pass: qwerty123",
    "User: admin / Password: admin123",
    "Tên đăng nhập: sngv01\nMật khẩu: 0905",
    "pwd=Xy7!kk",
    "Mật khẩu wifi: ngoaivu2026",
]
CLEAN = [
    "Mật khẩu của anh đã hết hạn, hãy đổi mật khẩu.",
    "Không tiết lộ mật khẩu của mình cho người khác.",
    "Mật khẩu: ********",
    "Mật khẩu: (gửi qua tin nhắn)",
    "Mật khẩu: xin gọi số 0234",
    "Mật khẩu phải có ít nhất 8 ký tự: chữ hoa, chữ thường, số.",
    "mật khẩu là thông tin bảo mật",
    "Mật khẩu là 8 ký tự trở lên",
    "Quên mật khẩu? Vào https://sso.example.vn/?password=reset",
    "Your password is required to log in.",
    "password: your-password",
    "Password: <password>",
    "Password reset: https://example.com/r/a8B7c6",
    "The password is expired since 2026-01-01",
    "Báo Mật: khẩu hiệu 2026",
    "pass the salt 2x",
    "MK 12 và MK 13",
    "Mật mã học là môn học năm 2026",
    "Thông tư về mật khẩu: TT12/2026",
    "Forgot password: click 1234 here",
]


@pytest.mark.parametrize("text", LEAKS)
def test_a_password_is_found(text: str) -> None:
    assert len(list(given_away(text))) == 1


@pytest.mark.parametrize("text", CLEAN)
def test_what_gives_none_away(text: str) -> None:
    assert list(given_away(text)) == []


def test_it_is_stopped_with_an_explanation_that_does_not_repeat_it(letter: Letter) -> None:
    mail = letter("Subject: tk\n\nTài khoản: a\nMật khẩu: Abc@12345\n", user="lan")
    verdict = Credentials().message(mail)
    assert isinstance(verdict, Reject)
    assert "Abc@12345" not in verdict.reason
    assert "Mật khẩu A… (9)" in verdict.reason
    assert "đổi mật khẩu" in verdict.reason
    assert "change the one" in verdict.reason
    assert "password" in verdict.reply.text


def test_html_subjects_and_text_files_are_read(letter: Letter) -> None:
    html = "Content-Type: text/html\n\n<p>M&#7853;t kh&#7849;u:<b> Abc@12345</b></p>"
    assert Credentials().message(letter(html, user="lan"))
    assert Credentials().message(letter("Subject: password: Abc@12345\n\nhi", user="lan"))
    mixed = (
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nhi\n--b\n"
        "Content-Type: text/plain; name=tk.txt\n\nPassword: Abc@12345\n--b--\n"
    )
    assert Credentials().message(letter(mixed, user="lan"))


def test_whose_mail_is_looked_at(letter: Letter) -> None:
    text = "Subject: x\n\nMật khẩu: Abc@12345\n"
    inside = ("lan@songoaivu.example", "minh@songoaivu.example")
    assert Credentials().message(letter(text)) is None
    assert Credentials(inside=False).message(letter(text, *inside, user="lan")) is None
    assert Credentials().message(letter(text, *inside, user="lan"))
    assert Credentials(exempt=frozenset({"lan"})).message(letter(text, user="lan")) is None
    assert isinstance(Credentials(action=Action.HOLD).message(letter(text, user="lan")), Hold)
