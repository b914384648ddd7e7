"""What a status code means to a person, in Vietnamese and English (RFC 3463)."""

from __future__ import annotations

_DETAILS: dict[str, tuple[str, str]] = {
    "1.1": ("không có hộp thư này", "there is no such mailbox"),
    "1.2": ("tên miền không tồn tại", "there is no such domain"),
    "1.3": ("địa chỉ viết sai", "the address is not written right"),
    "1.10": ("tên miền này không nhận thư", "this domain takes no mail"),
    "2.1": ("hộp thư đã ngừng hoạt động", "the mailbox is disabled"),
    "2.2": ("hộp thư đã đầy", "the mailbox is full"),
    "3.4": ("thư quá lớn đối với máy chủ nhận", "the message is too big for the next server"),
    "4.4": ("không tìm được máy chủ nhận thư", "no server for the domain was found"),
    "4.6": ("thư chạy vòng tròn", "the message goes round in a circle"),
    "4.7": ("đã thử quá thời hạn", "the time to deliver it has run out"),
    "6.3": ("máy chủ nhận không nhận chữ 8 bit", "the next server takes no 8-bit text"),
    "6.7": ("máy chủ nhận không nhận địa chỉ có dấu", "the next server takes no UTF-8 addresses"),
    "7.5": (
        "không lập được kết nối mã hoá mà quy định đòi hỏi",
        "the encryption that is required could not be set up",
    ),
}
_SUBJECTS: dict[str, tuple[str, str]] = {
    "1": ("địa chỉ người nhận không dùng được", "the address cannot be used"),
    "2": ("hộp thư không nhận được thư", "the mailbox cannot take the message"),
    "3": ("máy chủ nhận không nhận thư", "the next server takes no mail"),
    "4": ("không liên lạc được máy chủ nhận", "the next server cannot be reached"),
    "5": ("lỗi giao thức giữa hai máy chủ", "the servers did not understand each other"),
    "6": ("máy chủ nhận không đọc được thư", "the next server cannot read the message"),
    "7": ("bị từ chối theo quy định của nơi nhận", "the next server's rules refuse it"),
}
_OTHER = ("máy chủ nhận từ chối", "the next server refused it")


def explained(status: str) -> tuple[str, str]:
    """(Vietnamese, English) for an enhanced status code such as ``5.1.1``."""
    _, _, rest = status.partition(".")
    return _DETAILS.get(rest) or _SUBJECTS.get(rest.partition(".")[0]) or _OTHER
