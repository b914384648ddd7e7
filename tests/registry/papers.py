"""Invented documents, laid out as the decree says, in the forms in which text reaches us."""

from collections.abc import Sequence

from gateway.mail.papers import (
    Belief,
    DocumentFacts,
    FileKind,
    FormField,
    OcrLine,
    PageFacts,
    PageKind,
    Span,
)

DISPATCH = """\
    UBND TỈNH HÀ THANH                      CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
       SỞ NGOẠI VỤ                               Độc lập - Tự do - Hạnh phúc

      Số: 150 /SNgV-LS                         Hà Thanh, ngày 05 tháng 8 năm 2026
  V/v phối hợp tổ chức đoàn
 công tác của tỉnh theo Quyết
   định số 12/QĐ-UBND

                              Kính gửi:
                                    - Sở Tài chính;
                                    - Ủy ban nhân dân huyện Sơn Bình.

        Thực hiện Công văn số 77/BNG-CNV ngày 01/7/2026 của Bộ Ngoại giao, Sở Ngoại vụ
  đề nghị quý cơ quan phối hợp. Nơi nhận hồ sơ: bộ phận một cửa.
        Trân trọng./.

  Nơi nhận:                                               KT. GIÁM ĐỐC
  - Như trên;                                            PHÓ GIÁM ĐỐC
  - UBND tỉnh (b/c);
  - Các sở, ban, ngành
    tỉnh;
  - Lưu: VT, LS (02b).



                                                       Nguyễn Thị Bích Hà
"""

DECISION = """\
BỘ THỦY LỢI
-------
Số: 07/2026/TT-BTL\tCỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
---------------
Hà Nội, ngày 02 tháng 01 năm 2026

THÔNG TƯ
QUY ĐỊNH VỀ BẢO VỆ HỒ CHỨA NƯỚC VÀ
CÔNG TRÌNH ĐẦU MỐI
-------
BỘ TRƯỞNG BỘ THỦY LỢI

Căn cứ Nghị định số 30/2020/NĐ-CP ngày 05 tháng 3 năm 2020 của Chính phủ;
Điều 1. Thông tư này quy định việc bảo vệ hồ chứa./.

Nơi nhận:
- Văn phòng Chính phủ;
- Các Bộ, cơ quan ngang Bộ;
- Lưu: VT, PC.\tKT. BỘ TRƯỞNG
THỨ TRƯỞNG


Thiếu tướng Lê Văn Sơn

PHỤ LỤC
(Ban hành kèm theo Thông tư số 07/2026/TT-BTL)
Nơi nhận:
- Như trên;
- Lưu: VT,….\tTHỦ TRƯỞNG CƠ QUAN
"""


def digital(text: str, **more: object) -> DocumentFacts:
    """A born-digital PDF whose text layer is this text."""
    page = PageFacts(number=1, kind=PageKind.DIGITAL, text=text, belief=Belief.VISIBLE)
    facts = DocumentFacts(
        name="cv.pdf", size=1, sha256="00", kind=FileKind.PDF, is_open=True, pages=(page,)
    )
    return facts if not more else with_fields(facts, **more)  # type: ignore[arg-type]


def with_fields(facts: DocumentFacts, fields: Sequence[FormField]) -> DocumentFacts:
    from dataclasses import replace

    return replace(facts, fields=tuple(fields))


def word(text: str) -> DocumentFacts:
    """A word processor's file."""
    page = PageFacts(number=1, text=text, belief=Belief.VISIBLE)
    return DocumentFacts(name="cv.doc", size=1, sha256="00", kind=FileKind.DOC, pages=(page,))


def placed(*pieces: tuple[float, float, str], fields: Sequence[FormField] = ()) -> DocumentFacts:
    """A PDF page of pieces at (left, top) in millimetres, 2 mm a letter."""
    spans = tuple(
        Span(text=text, font="TimesNewRomanPSMT", box=(x, y, x + 2.0 * len(text), y + 5))
        for x, y, text in pieces
    )
    page = PageFacts(
        number=1,
        kind=PageKind.DIGITAL,
        width_mm=210,
        height_mm=297,
        text="\n".join(text for _, _, text in pieces),
        belief=Belief.VISIBLE,
        spans=spans,
    )
    return DocumentFacts(
        name="cv.pdf",
        size=1,
        sha256="00",
        kind=FileKind.PDF,
        is_open=True,
        pages=(page,),
        fields=tuple(fields),
    )


def scanned(*lines: tuple[str, str], name: str = "scan.pdf") -> DocumentFacts:
    """A scan of which these (zone, text) were read; each zone runs down from the top."""
    tops = {"left": 20.0, "right": 20.0, "body": 60.0, "foot": 200.0, "red": 20.0}
    read: list[OcrLine] = []
    for zone, text in lines:
        top = tops[zone]
        tops[zone] = top + 6
        read.append(OcrLine(text=text, confidence=80, zone=zone, box=(20, top, 90, top + 5)))
    page = PageFacts(number=1, kind=PageKind.SCAN, cover=1.0)
    return DocumentFacts(
        name=name,
        size=1,
        sha256="00",
        kind=FileKind.PDF,
        is_open=True,
        pages=(page,),
        ocr=tuple(read),
    )
