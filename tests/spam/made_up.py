"""Made-up letters: of an office, and of those who want its money. The same for the same number."""

import random

from gateway.mail.message import Message
from gateway.spam.letter import Letter, read_letter

OFFICE = """
    kính gửi phòng tổ chức công văn báo cáo cuộc họp tuần tới đề nghị các đơn vị gửi số liệu
    quý meeting agenda attached minutes draft review budget schedule colleagues regards
    report unit
"""
TRADE = """
    khuyến mãi trúng thưởng miễn phí nhận quà ngay bấm vào liên kết vay tiền nhanh lãi suất
    thấp winner prize claim account suspended verify password urgent bitcoin pills cheap
    offer click
"""
BOTH = """
    và là của cho với trong the and for to of in is on ngày tháng năm email mail
"""


def letter_bytes(number: int, *, is_spam: bool) -> bytes:
    rnd = random.Random(number * 2 + is_spam)
    pool = (TRADE if is_spam else OFFICE).split() * 2 + BOTH.split() * 2
    body = " ".join(rnd.choice(pool) for _ in range(rnd.randint(30, 120)))
    sender = f"user{rnd.randint(1, 40)}@{'cheap' if is_spam else 'so'}{rnd.randint(1, 9)}.example"
    return (
        f"From: {sender}\r\nTo: office@example.vn\r\n"
        f"Subject: {' '.join(rnd.choice(pool) for _ in range(5))}\r\n"
        f"Message-ID: <{rnd.getrandbits(60)}@{sender.partition('@')[2]}>\r\n"
        "Content-Type: text/plain; charset=utf-8\r\n\r\n"
        f"{body}\r\n"
    ).encode()


def made_up(number: int, *, is_spam: bool) -> Message:
    return Message(letter_bytes(number, is_spam=is_spam))


def letter(number: int, *, is_spam: bool) -> Letter:
    return read_letter(made_up(number, is_spam=is_spam))
