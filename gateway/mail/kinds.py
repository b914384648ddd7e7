"""The kinds of document there are: their abbreviations and names.

Decree 30/2020/NĐ-CP, article 7 and annex III, with the legal acts and the forms that practice
adds. The table is open: what it does not know is kept as it stands, never refused.
"""

from __future__ import annotations

from dataclasses import dataclass

from gateway.mail.text import folded


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of document (tên loại văn bản)."""

    key: str
    """Its abbreviation in a symbol; ``CV`` for the công văn, which has none there."""
    vi: str
    en: str
    is_legal: bool = False
    """A legal act (quy phạm pháp luật), whose number may hold the year."""


_KINDS = (
    Kind("NQ", "Nghị quyết", "resolution"),
    Kind("QĐ", "Quyết định", "decision"),
    Kind("CT", "Chỉ thị", "directive"),
    Kind("QC", "Quy chế", "regulation"),
    Kind("QyĐ", "Quy định", "rules"),
    Kind("TC", "Thông cáo", "communiqué"),
    Kind("TB", "Thông báo", "notice"),
    Kind("HD", "Hướng dẫn", "guidance"),
    Kind("CTr", "Chương trình", "programme"),
    Kind("KH", "Kế hoạch", "plan"),
    Kind("PA", "Phương án", "scheme"),
    Kind("ĐA", "Đề án", "project proposal"),
    Kind("DA", "Dự án", "project"),
    Kind("BC", "Báo cáo", "report"),
    Kind("BB", "Biên bản", "minutes"),
    Kind("TTr", "Tờ trình", "submission"),
    Kind("HĐ", "Hợp đồng", "contract"),
    Kind("CV", "Công văn", "dispatch"),
    Kind("CĐ", "Công điện", "telegram"),
    Kind("BGN", "Bản ghi nhớ", "memorandum"),
    Kind("BTT", "Bản thỏa thuận", "agreement"),
    Kind("GUQ", "Giấy ủy quyền", "power of attorney"),
    Kind("GM", "Giấy mời", "invitation"),
    Kind("GGT", "Giấy giới thiệu", "letter of introduction"),
    Kind("GNP", "Giấy nghỉ phép", "leave permit"),
    Kind("PG", "Phiếu gửi", "sending slip"),
    Kind("PC", "Phiếu chuyển", "forwarding slip"),
    Kind("PB", "Phiếu báo", "notification slip"),
    Kind("TCg", "Thư công", "official letter"),
    Kind("SY", "Sao y", "certified copy"),
    Kind("TrS", "Trích sao", "certified extract"),
    Kind("SL", "Sao lục", "copy of a copy"),
    Kind("NĐ", "Nghị định", "decree", is_legal=True),
    Kind("TT", "Thông tư", "circular", is_legal=True),
    Kind("TTLT", "Thông tư liên tịch", "joint circular", is_legal=True),
    Kind("NQLT", "Nghị quyết liên tịch", "joint resolution", is_legal=True),
    Kind("L", "Luật", "law", is_legal=True),
    Kind("PL", "Pháp lệnh", "ordinance", is_legal=True),
    Kind("LCT", "Lệnh", "order", is_legal=True),
    Kind("VBHN", "Văn bản hợp nhất", "consolidated text", is_legal=True),
    Kind("TM", "Thư mời", "letter of invitation"),
    Kind("ĐL", "Điều lệ", "charter"),
    Kind("KL", "Kết luận", "conclusion"),
    Kind("GN", "Giấy nhận", "receipt"),
    Kind("PT", "Phiếu trình", "submission slip"),
)

KINDS = {kind.key: kind for kind in _KINDS}
"""Every kind that is known, by abbreviation."""

DISPATCH = KINDS["CV"]
_BY_NAME = {folded(kind.vi): kind for kind in _KINDS}
_BY_KEY = {folded(kind.key): kind for kind in reversed(_KINDS)}
"""``CTr`` and ``TTr`` are none of CT and TT; of two that read the same the first one stands."""


def kind_of(symbol: str) -> Kind | None:
    """The kind that a symbol such as ``QĐ-SNgV`` names; None where it begins with no kind.

    A symbol of a công văn begins with its issuer (``BNV-VP``): None says just that.
    """
    first = symbol.replace("/", "-").replace(" ", "-").partition("-")[0]
    if first == DISPATCH.key:
        return DISPATCH
    return KINDS.get(first) or _BY_KEY.get(folded(first))


def kind_named(name: str) -> Kind | None:
    """The kind whose name this is, accents and case aside: ``QUYẾT ĐỊNH``."""
    return _BY_NAME.get(folded(name))


def kinds_by_name() -> dict[str, Kind]:
    """Every kind by its folded name (``gateway.mail.text.folded``)."""
    return dict(_BY_NAME)
