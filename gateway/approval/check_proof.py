"""Check a bundle that ``vanthu proof`` wrote. Needs nothing but Python and dkimpy, and no network.

    python3 check_proof.py [folder]        the folder that this file lies in, if none is named

Every line begins with ``good`` or ``BAD``; the exit status is 0 if all are good.
"""

import hashlib
import json
import struct
import sys
from pathlib import Path
from typing import Any

Json = dict[str, Any]
Records = dict[int, tuple[bytes, Json]]
FRONT = struct.Struct("<4sHHIQQQI32s")


def sha(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Report:
    """Says each finding, and counts the bad ones."""

    def __init__(self) -> None:
        self.bad = 0

    def say(self, is_good: bool, text: str) -> None:
        self.bad += not is_good
        sys.stdout.write(("good " if is_good else "BAD  ") + text + "\n")


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
                report.say(False, f"record {link['seq']}: its JSON is not the chained one")
            records[link["seq"]] = (front, json.loads(meta))
        chain = hashlib.sha256(chain + front + digest).digest()
    is_whole = chain.hex() == bundle["chain"]["head"]
    report.say(is_whole, f"chain over {len(bundle['chain']['path'])} records")
    return records


def check_message(report: Report, bundle: Json, records: Records, folder: Path) -> tuple[str, Json]:
    """The message is the one that was received, and the bytes that were approved."""
    raw = (folder / "message.eml").read_bytes()
    front, arrival = records[bundle["message"]["seq"]]
    _, _, year, _, _, seq, _, n, digest = FRONT.unpack(front)
    report.say(hashlib.sha256(raw).digest() == digest, f"message.eml is that of record {seq}")
    number = f"{year}-{n:07d}"
    report.say(number == bundle["message"]["number"], f"its archive number is {number}")
    report.say(arrival["id"] == bundle["message"]["id"], f"its id is {arrival['id']}")
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
            report.say(False, f"decision {said['seq']} is not in the chain")
            continue
        kept = record[1]
        who = f"{said['decision']} by {said['approver']} ({said['capacity']})"
        if kept["type"] == "spend-tag":
            same = kept["digest"] == digest
        else:
            same = (kept.get("actor", ""), kept.get("digest")) == (said["approver"], digest)
        report.say(same, f"{who}, over these bytes")
        report.say(kept.get("envelope") == sha(text.encode()), f"{who}, for these recipients")


def check_draft(report: Report, bundle: Json, records: Records) -> None:
    """Whoever approved the draft is in the chain, and the message is its like."""
    asked = [kept for _, kept in records.values() if kept["type"] == "ask"]
    spent = [kept for _, kept in records.values() if kept["type"] == "spend-tag"]
    for said in bundle.get("draft", []):
        kept = records.get(said["seq"], (b"", {}))[1]
        report.say(kept.get("actor") == said["approver"], f"draft approved by {said['approver']}")
        manifests = {ask["manifest"] for ask in asked if ask["mail"] == said["mail"]}
        report.say(any(s["manifest"] in manifests for s in spent), "message and draft are alike")


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
        report.say(False, "it left without Approval-Signature")
        return
    renamed = b"DKIM-Signature:" + signed[0].partition(b":")[2]
    letter = b"\r\n".join([renamed, *(f for f in kept if f not in signed)]) + sep + body
    keys = bundle.get("keys", {})

    def dns(name: bytes, timeout: int = 5) -> bytes:  # noqa: ARG001 - dkimpy gives it
        return str(keys.get(name.decode().rstrip("."), "")).encode()

    report.say(bool(dkim.verify(letter, dnsfunc=dns)), "Approval-Signature (dkimpy)")


def main(argv: list[str]) -> int:
    folder = Path(argv[1]) if len(argv) > 1 else Path(__file__).resolve().parent
    bundle = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
    report = Report()
    records = check_chain(report, bundle)
    digest, arrival = check_message(report, bundle, records, folder)
    check_decisions(report, bundle, records, digest, arrival)
    check_draft(report, bundle, records)
    check_signature(report, bundle, folder)
    head = bundle["chain"]["head"]
    sys.stdout.write(f"chain head {head}: the journal has it at this record, if it is the same\n")
    return 1 if report.bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
