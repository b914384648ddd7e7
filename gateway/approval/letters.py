"""What the desk writes, in Vietnamese and in English: plain words that fit on a phone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from gateway.approval.book import Decided, Waiting
from gateway.approval.office import Office
from gateway.approval.rendition import attachments, text_of
from gateway.approval.words import capacity, channel, decision
from gateway.approval.words import state as words_of_state
from gateway.archive.commands import Addressed, Checked, Receive, Told
from gateway.mail.address import Address
from gateway.mail.flaws import Flaw, Weight
from gateway.mail.message import Message
from gateway.mail.text import one_line
from gateway.runtime.words import LANGUAGES, retold, speaking, tr

LINE = "-" * 40

STATES = {
    "queued": ("đã được duyệt và gửi đi", "was approved and is sent"),
    "tagged": ("bản thảo đã được duyệt", "the draft was approved"),
    "rejected": ("bị từ chối", "was refused"),
    "withdrawn": ("đã được người gửi rút lại", "was withdrawn by its sender"),
    "expired": ("đã hết hạn chờ duyệt", "has expired without a decision"),
    "superseded": ("được thay bằng bản mới", "was replaced by a new version"),
}

PROFILES = {
    "dispatch": "văn bản phát hành / dispatch",
    "draft": "dự thảo / draft",
    "attachment": "tệp kèm theo / attachment",
}

HELP = """\
Thư này không được tính là quyết định nào cả. Để quyết định một thư đang chờ:
- bấm Duyệt hoặc Từ chối trong thư yêu cầu rồi gửi; hoặc
- trả lời thư yêu cầu, dòng đầu tiên chỉ ghi DUYỆT, hoặc TỪ CHỐI <lý do>.
Muốn trình duyệt một bản thảo: gửi bản thảo cho đúng người nhận, thêm {drafts} vào người nhận.

This mail decided nothing. To decide about a message that waits:
- tap Approve or Refuse in the request and send; or
- answer the request, its first line nothing but DUYỆT (approve), or TỪ CHỐI (refuse) <reason>.
To have a draft approved: send it to its recipients, with {drafts} among them.
"""

HELD = """\
Thư của Ông/Bà đang chờ duyệt và CHƯA được gửi đi.
Người được hỏi: {approvers}
Hạn: {until}. Số lưu: {number}.
Muốn rút lại: gửi thư trống đến {withdraw}

Your message waits for approval and has NOT been sent.
Asked: {approvers}
Until: {until}. Archive number: {number}.
To take it back, send an empty mail to {withdraw}
"""

NOBODY = """\
CHƯA CÓ AI có quyền duyệt thư này; quản trị viên cần khai báo lãnh đạo trong directory.toml.
NOBODY may approve this message: the administrator has to name a leader in directory.toml.
"""

BLOCKED = """\
Thư này KHÔNG ĐƯỢC GỬI ĐI: nội dung đang lưu không còn đúng như khi nhận.
Quản trị viên cần chạy `vanthu archive verify` và phục hồi từ bản sao lưu; nội dung đúng trở lại thì
thư đi tiếp. Nếu không, đến {until} thư hết hạn. Người gửi có thể rút lại và gửi thư mới.

This message WILL NOT LEAVE: what is stored is not what came.
The administrator has to run `vanthu archive verify` and to restore it from the backup; with the
right bytes it goes on. Without them it expires at {until}. Its sender can take it back and send a
new one.
"""

HANDED_OVER = """\
{unit}: {before} bàn giao hộp thư, quyền duyệt và dữ liệu cho {after}
từ {at}, theo {basis}. Thư đang chờ duyệt được chuyển cho lãnh đạo mới; biên bản do văn phòng giữ.

{unit}: mailboxes, approvals and data passed from {before} to {after}
at {at}, by {basis}. What waits for approval goes to the new leader; the office has the minutes.
"""

TAKE_BACK = """\

Muốn rút lại: gửi thư trống đến {withdraw}
To take it back, send an empty mail to {withdraw}
"""

TAG = """\
Bản thảo đã được duyệt. Thẻ duyệt / The draft was approved. Approval tag:

    {tag}

Đặt thẻ này vào tiêu đề thư (hoặc trường Approval-Tag) rồi gửi đúng nội dung và người nhận đã
duyệt. Thẻ dùng một lần, đến {until}. Nội dung khác đi thì thư lại chờ duyệt.

Put this tag into the subject (or the field Approval-Tag) and send exactly what was approved to
exactly its recipients. It works once, until {until}. Anything different waits for approval again.
"""


@dataclass(frozen=True)
class Case:
    """One message that waits, with everything that is said about it."""

    office: Office
    row: Waiting
    arrival: Receive
    number: str
    message: Message
    """As received, or the draft within it."""
    recipients: tuple[str, ...]
    difference: str = ""
    against: str = ""
    """The number of the version that the difference is from."""
    tag_trouble: str = ""

    @property
    def subject(self) -> str:
        said = self.message.header("Subject") or self.arrival.subject
        return one_line(said, 200) or "(không tiêu đề / no subject)"

    @property
    def until(self) -> str:
        return clock(self.office, self.row.expires_ms)

    @property
    def box_name(self) -> str:
        box = self.office.box(self.row.box)
        return box.name if box is not None else self.row.box or "?"


def clock(office: Office, at_ms: int) -> str:
    """A moment as the office's clock shows it."""
    at = datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(office.calendar.zone)
    return f"{at:%H:%M %d/%m/%Y}"


def link(address: str, subject: str, body: str) -> str:
    return f"mailto:{address}?subject={quote(subject)}&body={quote(body)}"


def request(case: Case, approve: str, refuse: str, links: tuple[tuple[str, str], ...]) -> str:
    """The request as text; ``approve`` and ``refuse`` are the addresses to write to."""
    parts = _described(case)
    parts.append("\n".join(f"{label}:\n{url}" for label, url in links))
    parts.append(
        f"Hoặc gửi thư đến / Or write to:\n  {approve}\n  {refuse}\n"
        "Hoặc trả lời thư này, dòng đầu ghi DUYỆT hoặc TỪ CHỐI <lý do>.\n"
        "Or answer this mail, its first line DUYỆT (approve) or TỪ CHỐI (refuse) <reason>.\n"
        "Nội dung đổi thì phê duyệt này hết hiệu lực. / If it is changed, approval is void."
    )
    parts.append(f"{LINE}\n{text_of(case.message)}\n{LINE}")
    parts.append(f"SHA-256 {case.row.digest}")
    return "\n\n".join(parts) + "\n"


def _described(case: Case) -> list[str]:
    """All that is known of it, in paragraphs."""
    row, office = case.row, case.office
    author = f"{office.name_of(row.author)} ({row.author})" if row.author else "?"
    head = [
        "YÊU CẦU DUYỆT THƯ / APPROVAL REQUEST",
        "",
        f"Thay mặt / In the name of: {case.box_name} <{row.box}>",
        f"Người gửi / Sent by: {author}",
        f"Tiêu đề / Subject: {case.subject}",
        f"Hạn / Deadline: {case.until}",
        f"Số lưu / Archive number: {case.number}",
    ]
    if row.urgent:
        head.append(f"Độ khẩn / Urgency: {row.urgent.upper()}")
    if row.kind == "draft":
        head.append("Đây là BẢN THẢO: duyệt xong sẽ cấp thẻ. / A DRAFT: approval gives a tag.")
    parts = ["\n".join(head), "Người nhận / Recipients:\n" + "\n".join(_recipients(case))]
    if files := _files(case):
        parts.append("Tệp đính kèm / Attachments:\n" + "\n".join(files))
    if checks := _checks(case.arrival.findings):
        parts.append("Kiểm tra / Checks:\n" + "\n".join(checks))
    if told := papers(case.arrival.checked):
        parts.append("Văn bản / Documents:\n" + "\n".join(told))
    if case.arrival.addressed is not None:
        told = addressed(case.arrival.addressed)
        parts.append("Nơi nhận và phong bì / Named and sent to:\n" + "\n".join(told))
    if case.tag_trouble:
        parts.append(f"Thẻ duyệt không dùng được / The approval tag: {case.tag_trouble}")
    if case.against:
        changed = case.difference or "  (không khác / nothing)"
        parts.append(
            f"Thay đổi so với bản {case.against} / Changes from version {case.against}:\n{changed}"
        )
    return parts


def shown(case: Case, said: list[Decided]) -> str:
    """A message as its approvers see it, what has become of it, and every word about it."""
    words = [
        f"{clock(case.office, word.at_ms)} {decision(word)}: {word.approver}{_capacity(word)}"
        f" [{channel(word.channel)}] {_not_counted(word) or word.comment}".rstrip()
        for word in said
    ]
    state = f"Trạng thái / State: {words_of_state(case.row)}"
    if case.row.trouble:
        state += f" ({case.row.trouble})"
    asked = f"Được hỏi / Asked: {', '.join(case.row.approvers) or '-'}"
    parts = [*_described(case), "\n".join([state, asked, *words])]
    parts.append(f"{LINE}\n{text_of(case.message)}\n{LINE}\nSHA-256 {case.row.digest}")
    return "\n\n".join(parts) + "\n"


def _recipients(case: Case) -> list[str]:
    shown = {address.key for name in ("To", "Cc") for _, address in case.message.mailboxes(name)}
    lines = []
    for recipient in case.recipients:
        address = _parsed(recipient)
        marks = []
        if address is None or not case.office.directory.is_ours(address.domain):
            marks.append("[NGOÀI / OUTSIDE]")
        if address is None or address.key not in shown:
            marks.append("[ẩn / Bcc]")
        lines.append("  " + " ".join([recipient, *marks]))
    return lines


def _parsed(text: str) -> Address | None:
    try:
        return Address.parse(text)
    except ValueError:
        return None


def _files(case: Case) -> list[str]:
    lines = []
    for n, file in enumerate(attachments(case.message), 1):
        pages = f", {file.pages} trang/pages" if file.pages else ""
        size = f"{file.size / 1024:.0f} KB" if file.size >= 1024 else f"{file.size} B"  # noqa: PLR2004
        lines.append(f"  {n}. {file.name} — {file.type}{pages}, {size}, {file.digest[:8]}")
    return lines


def _checks(findings: tuple[Told, ...]) -> list[str]:
    """What the filters said about the complete message, the gate itself aside."""
    return [
        f"  {said.filter}: {said.verdict} {_both(said.reason)}"
        for said in findings
        if said.stage == "message" and said.reason and said.filter != "approval"
    ]


def addressed(found: Addressed) -> list[str]:
    """Whom the dispatch names against the envelope, as a table that fits on a phone."""
    rows = (
        ("✓ có / present", found.present),
        ("✗ thiếu / missing", found.missing),
        ("+ ngoài nơi nhận / extra", found.extra),
        ("? chưa rõ / doubtful", found.doubtful),
        ("! địa chỉ cũ / ended", found.ended),
    )
    lines = [f"  {found.document}"] if found.document else []
    for label, who in rows:
        lines.append(f"  {label:26} | {len(who)}")
        lines += [f"      {one}" for one in who]
    return lines


def _both(text: str) -> str:
    """What was written down in English, in Vietnamese before it where that is known."""
    with speaking("vi"):
        return " / ".join(dict.fromkeys([retold(text), text]))


def papers(checked: tuple[Checked, ...]) -> list[str]:
    """What each document says of itself, and what is wrong with it, in both languages."""
    lines: list[str] = []
    for paper in checked:
        sure = "" if paper.is_number_certain else " (chưa chắc chắn / not certain)"
        said = (
            f"số / No. {paper.number}{sure}"
            if paper.number
            else "chưa đọc được số / no number read"
        )
        when = f", ngày / of {paper.day}" if paper.day else ""
        kind = PROFILES.get(paper.profile, paper.profile)
        lines.append(f"  {paper.name} ({kind}): {said}{when}")
        lines += [f"    {paper.abstract}"] if paper.abstract else []
        lines += [f"    ký số / signed: {', '.join(paper.signers)}"] if paper.signers else []
        if not paper.flaws:
            lines.append("    không thấy sai sót / nothing wrong was found")
        for rule, weight, seen in paper.flaws:
            flaw = Flaw(rule, seen, Weight(weight))
            lines.append(f"    ! {weight} {flaw}")
            for language in LANGUAGES:
                with speaking(language):
                    lines.append(f"      {flaw.advice}")
    return lines


def _not_counted(word: Decided) -> str:
    return tr("did not count: {why}", why=retold(word.why_not)) if word.why_not else ""


def outcome(case: Case, said: list[Decided]) -> str:
    """What has become of it, for everybody whom it concerns."""
    vi, en = STATES[case.row.state]
    lines = [f"Thư “{case.subject}” (số {case.number}) {vi}.", f"“{case.subject}” {en}.", ""]
    for word in said:
        if word.counted and word.decision != "expire":
            lines.append(
                f"{_verb(word)}: {case.office.name_of(word.approver)} ({word.approver})"
                f"{_capacity(word)}, {clock(case.office, word.at_ms)}"
            )
            lines += [f"  Lý do / Reason: {word.comment}"] if word.comment else []
    if case.row.trouble:
        lines.append("Nội dung lưu bị hỏng. / What was stored is damaged.")
    if case.row.state == "expired":
        lines.append(f"Hạn / Deadline: {case.until}. Gửi lại để trình duyệt lại / send it again.")
    return "\n".join(lines) + "\n"


def _verb(word: Decided) -> str:
    verbs = {"approve": "Duyệt / Approved", "refuse": "Từ chối / Refused"}
    return verbs.get(word.decision, "Rút lại / Withdrawn")


def _capacity(word: Decided) -> str:
    basis = f", theo/by {word.basis}" if word.basis else ""
    return f", {capacity(word.capacity)}{basis}" if word.capacity not in {"", "self"} else basis
