"""Check a bundle that ``vanthu proof`` wrote. Needs nothing but Python and dkimpy, and no network.

    python3 check_proof.py [folder]        the folder that this file lies in, if none is named

Every finding begins with ``good``, ``BAD`` or ``note`` (what the bundle says and no record of the
journal can show), in Vietnamese and in English; the exit status is 0 if nothing is bad.
"""

import hashlib
import json
import struct
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Records = dict[int, tuple[bytes, Json]]
FRONT = struct.Struct("<4sHHIQQQI32s")
BOOKING = {"reserve", "insert", "claim", "use", "void", "amend", "arrive", "confirm"}
HANOI_H = 7
SHOWN = (
    ("issued", "Ngày văn bản", "Date"),
    ("kind", "Tên loại", "Kind"),
    ("abstract", "Trích yếu", "Abstract"),
    ("issuer", "Tác giả", "Issued by"),
    ("signer", "Người ký", "Signed by"),
    ("recipients", "Nơi nhận", "Recipients"),
    ("transferred", "Ngày chuyển", "Sent on"),
    ("note", "Ghi chú", "Note"),
)


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Report:
    """Says each finding, and counts the bad ones."""

    def __init__(self) -> None:
        self.bad = 0

    def say(self, is_good: bool, vi: str, en: str) -> None:
        self.bad += not is_good
        sys.stdout.write(f"{'good' if is_good else 'BAD '} {vi} / {en}\n")

    def note(self, vi: str, en: str) -> None:
        sys.stdout.write(f"note {vi} / {en}\n")

    def show(self, vi: str, en: str, value: str) -> None:
        sys.stdout.write(f"     {vi} / {en}: {value}\n")


def check_chain(report: Report, bundle: Json) -> Records:
    """The records stand in the journal where the bundle says, one behind the other."""
    chain = bytes.fromhex(bundle["chain"]["before"])
    records: Records = {}
    for link in bundle["chain"]["path"]:
        front = bytes.fromhex(link["front"])
        meta = link.get("json")
        digest = bytes.fromhex(link["json_sha256"])
        if meta is not None:
            if hashlib.sha256(meta.encode()).digest() != digest:
                n = link["seq"]
                report.say(
                    False, f"bản ghi {n} không khớp chuỗi", f"record {n} is not the chained one"
                )
            records[link["seq"]] = (front, json.loads(meta))
        chain = hashlib.sha256(chain + front + digest).digest()
    n = len(bundle["chain"]["path"])
    is_whole = chain.hex() == bundle["chain"]["head"]
    report.say(is_whole, f"chuỗi gồm {n} bản ghi", f"chain over {n} records")
    return records


def check_message(report: Report, bundle: Json, records: Records, folder: Path) -> tuple[str, Json]:
    """The message is the one that was received, and the bytes that were approved."""
    raw = (folder / "message.eml").read_bytes()
    front, arrival = records[bundle["message"]["seq"]]
    _, _, year, _, _, seq, _, n, digest = FRONT.unpack(front)
    is_same = hashlib.sha256(raw).digest() == digest
    report.say(
        is_same, f"message.eml đúng là của bản ghi {seq}", f"message.eml is that of record {seq}"
    )
    number = f"{year}-{n:07d}"
    is_same = number == bundle["message"]["number"]
    report.say(is_same, f"số lưu {number}", f"its archive number is {number}")
    is_same = arrival["id"] == bundle["message"]["id"]
    report.say(is_same, f"mã thư {arrival['id']}", f"its id is {arrival['id']}")
    return sha(raw), arrival


def check_decisions(
    report: Report, bundle: Json, records: Records, digest: str, arrival: Json
) -> None:
    """Each decision is a record of the journal, over these bytes and this envelope."""
    people = sorted({key(r["address"]) for r in arrival["recipients"]})
    envelope = {"sender": key(arrival["sender"]), "recipients": people}
    text = json.dumps(envelope, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    for said in bundle["decisions"]:
        record = records.get(said["seq"])
        if record is None:
            n = said["seq"]
            report.say(
                False, f"quyết định {n} không có trong chuỗi", f"decision {n} is not in the chain"
            )
            continue
        kept = record[1]
        who = f"{said['decision']}: {said['approver']} ({said['capacity']})"
        if said["decision"] != "approve" and not kept.get("digest"):
            report.note(f"{who}, không cần đọc nội dung", "it let nothing out: bytes not read")
            continue
        if kept["type"] == "spend-tag":
            same = kept["digest"] == digest
        else:
            same = (kept.get("actor", ""), kept.get("digest")) == (said["approver"], digest)
        report.say(same, f"{who}, về đúng nội dung này", "over these bytes")
        same = kept.get("envelope") == sha(text.encode())
        report.say(same, f"{who}, cho đúng người nhận này", "for these recipients")


def check_draft(report: Report, bundle: Json, records: Records) -> None:
    """Whoever approved the draft is in the chain, and the message is its like."""
    asked = [kept for _, kept in records.values() if kept["type"] == "ask"]
    spent = [kept for _, kept in records.values() if kept["type"] == "spend-tag"]
    for said in bundle.get("draft", []):
        kept, who = records.get(said["seq"], (b"", {}))[1], said["approver"]
        is_his = kept.get("actor") == who
        report.say(is_his, f"bản thảo do {who} duyệt", f"draft approved by {who}")
        manifests = {ask["manifest"] for ask in asked if ask["mail"] == said["mail"]}
        is_like = any(s["manifest"] in manifests for s in spent)
        report.say(is_like, "thư đúng như bản thảo", "message and draft are alike")


def check_register(report: Report, bundle: Json, records: Records, folder: Path) -> None:
    """What the books say of the message was said by records of the chain, about this message."""
    lines = bundle.get("register", [])
    if not lines:
        report.note("thư này không có trong sổ nào", "no book has an entry about this message")
    raw = (folder / "message.eml").read_bytes()
    parts = {sha(data) for data in _payloads(raw)}
    for line in lines:
        report.show("Sổ", "Book", f"{line['book_name']} ({line['state']})")
        report.show("Số, ký hiệu", "Number", line["said"].get("number", "") or line["number"])
        report.show("Ngày vào sổ", "Entered on", line["date"])
        for name, vi, en in SHOWN:
            if line["said"].get(name):
                report.show(vi, en, line["said"][name])
        told = [kept for _, (_, kept) in sorted(records.items())]
        booked = [k for k in told if k["type"] in BOOKING and k["id"] in line["ids"]]
        own = [kept for kept in booked if kept["id"] != line["follows"]]
        _check_line(report, line, booked, own, bundle["message"]["id"])
        _check_fields(report, line, own, records)
        _check_files(report, line, own, parts)


def _payloads(raw: bytes) -> Iterator[bytes]:
    for part in message_from_bytes(raw).walk():
        data = part.get_payload(decode=True)
        if isinstance(data, bytes):
            yield data


def _check_line(report: Report, line: Json, booked: list[Json], own: list[Json], mail: str) -> None:
    """The line was begun by a record, is about this message, and its number is of its series."""
    made = next((kept for kept in own if kept["type"] in {"reserve", "insert", "arrive"}), {})
    base = next((kept for kept in booked if kept["id"] == line["follows"]), made)
    is_begun = bool(made) and line["book"] == base.get("book")
    report.say(is_begun, "sổ ghi dòng này trong chuỗi", "its entry stands in the chain")
    of_mail = any(k.get("mail") == mail for k in own if k["type"] in {"claim", "arrive"})
    report.say(of_mail, "dòng này là của thư này", "the entry is about this message")
    if line["direction"] == "in":
        is_taken = any(k["type"] == "confirm" or k.get("number_now") for k in own)
        report.say(is_taken or not line["n"], "đã vào sổ", "it was taken into the book")
        report.note(
            f"số đến {line['number'] or '-'} do sổ đếm", "arrival number: the book counts it"
        )
        return
    width = base.get("width", 2)
    number = base.get("form", "{number}/{symbol}").format(
        number=f"{line['n']:0{width}d}{line['suffix']}",
        symbol=made.get("symbol") or base.get("symbol", ""),
        year=line["year"],
    )
    is_form = number == line["number"]
    report.say(is_form, "số thuộc loạt số của sổ", "the number is one of its series")
    read = [k["particulars"]["number"] for k in own if k.get("particulars", {}).get("number")]
    if read:
        is_read = plain(line["number"]) in map(plain, read)
        report.say(is_read, "văn bản mang đúng số này", "the document bears this number")
    else:
        report.note(f"số {line['number']} do sổ đếm", "the number: the book counts it")


def _check_fields(report: Report, line: Json, own: list[Json], records: Records) -> None:
    """Every value of the line was said by a record about it, or follows from one."""
    said: dict[str, set[str]] = {"number": {line["number"]}}
    for kept in own:
        pairs = [*kept.get("particulars", {}).items(), *map(tuple, kept.get("changes", []))]
        pairs += [("issued", kept["date"])] if "date" in kept else []
        pairs += [("transferred", day(kept["at_ms"]))] if kept["type"] == "use" else []
        for name, value in pairs:
            said.setdefault(name, set()).add(value)
    moving = {"approved-release", "decide", "claim"}
    moved = [kept for _, kept in records.values() if kept["type"] in moving]
    said.setdefault("transferred", set()).update(day(kept["at_ms"]) for kept in moved)
    strange = [name for name, value in line["said"].items() if value not in said.get(name, ())]
    names = ", ".join(strange)
    report.say(
        not strange,
        f"các cột của dòng này đều từ chuỗi mà ra {names}".strip(),
        f"all it says was said in the chain {names}".strip(),
    )
    if line["state"] == "used":
        has_left = any(k["type"] == "use" for k in own) or any(
            k["type"] == "approved-release" or k.get("verdict") == "release" for k in moved
        )
        report.say(has_left, "số đã dùng khi thư gửi đi", "the number was used as the mail left")


def _check_files(report: Report, line: Json, own: list[Json], parts: set[str]) -> None:
    """The files of the line are those that the records name, and parts of the message."""
    named = {file["sha256"] for kept in own for file in kept.get("files", [])}
    for file in line["files"]:
        name = file["name"] or file["sha256"][:8]
        report.say(file["sha256"] in named, f"tệp {name} đã vào sổ", "its file is in the book")
        if file["sha256"] in parts:
            report.say(True, f"tệp {name} đúng là tệp trong thư", "and is the one in the message")
        else:
            report.note(f"tệp {name} nằm trong tệp khác", "it lies within another file")


def plain(number: str) -> str:
    """A document number whatever its case, blanks and leading zeros."""
    return "".join(number.split()).casefold().lstrip("0")


def day(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC) + timedelta(hours=HANOI_H):%Y-%m-%d}"


def key(address: str) -> str:
    local, _, domain = address.rpartition("@")
    return (local.lower() + "@" + domain.lower()) if address else ""


def check_signature(report: Report, bundle: Json, folder: Path) -> None:
    """Approval-Signature verifies as the DKIM signature it is, by the key in the bundle."""
    path = folder / "delivered.eml"
    if not path.exists():
        return
    import dkim

    raw = path.read_bytes()
    head, sep, body = raw.partition(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    fields: list[bytes] = []
    for line in lines:
        if line[:1] in {b" ", b"\t"} and fields:
            fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    kept = [f for f in fields if not f.lower().startswith(b"dkim-signature:")]
    signed = [f for f in kept if f.lower().startswith(b"approval-signature:")]
    if not signed:
        report.say(False, "thư đi không có Approval-Signature", "it left without it")
        return
    renamed = b"DKIM-Signature:" + signed[0].partition(b":")[2]
    letter = b"\r\n".join([renamed, *(f for f in kept if f not in signed)]) + sep + body
    keys = bundle.get("keys", {})

    def dns(name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001 - dkimpy gives it
        return str(keys.get(name.decode().rstrip("."), "")).encode()

    is_signed = bool(dkim.verify(letter, dnsfunc=dns))
    report.say(is_signed, "chữ ký phê duyệt", "Approval-Signature (dkimpy)")


def main(argv: list[str]) -> int:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8")
    folder = Path(argv[1]) if len(argv) > 1 else Path(__file__).resolve().parent
    bundle = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    report = Report()
    records = check_chain(report, bundle)
    digest, arrival = check_message(report, bundle, records, folder)
    check_decisions(report, bundle, records, digest, arrival)
    check_draft(report, bundle, records)
    check_register(report, bundle, records, folder)
    check_signature(report, bundle, folder)
    head = bundle["chain"]["head"]
    report.note(
        f"đầu chuỗi {head}: so với nhật ký tại bản ghi này",
        "chain head: compare it with the journal's at this record",
    )
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
