"""How much the archive keeps for what it received: `python -m tests.load.storage FOLDER...`.

An office's mix is made of the documents in the folders: each is sent with a short
letter of its own, some to several offices one by one, and two short letters without a file go with
each. First with each document sent once, then with the copies.
"""

from __future__ import annotations

import base64
import sys
import tempfile
import time
from pathlib import Path
from random import Random

from gateway.archive.keeper import FileJournal
from tests.load.journal import received

TEXT = (
    "Kính gửi Quý cơ quan,\r\n\r\nPhòng {unit} xin gửi kèm văn bản số {n}/SNgV-VP để phối hợp "
    "thực hiện; đề nghị phản hồi trước ngày {day}/11/2026.\r\n\r\nTrân trọng,\r\n{name}\r\n"
)
NAMES = ("Nguyễn Thị Lan", "Trần Văn Bình", "Lê Thị Hoa", "Phạm Quang Minh", "Đỗ Anh Tuấn")
HEAD = (
    "Received: from mail.example.vn ([192.0.2.{n8}]) by mx{n3}.example.vn with ESMTPS id {n}q;\r\n"
    "\tMon, {day} Nov 2026 0{n3}:1{n3}:{n5} +0700\r\n"
    "From: {who} <u{n5}@example.vn>\r\nTo: <box{n8}@example.net>\r\n"
    "Message-ID: <{token}@example.vn>\r\nDate: Mon, {day} Nov 2026 0{n3}:1{n3}:{n5} +0700\r\n"
    "Subject: Ve viec so {n}\r\nMIME-Version: 1.0\r\n"
)


def letter(n: int, chance: Random, name: str = "", data: bytes = b"") -> bytes:
    values = {
        "n": n, "n3": n % 3, "n5": 10 + n % 50, "n8": n % 200, "day": 1 + n % 28,
        "who": "Van phong", "token": f"{chance.getrandbits(96):x}",
        "unit": chance.choice(("Lãnh sự", "Hợp tác quốc tế", "Hành chính")),
        "name": chance.choice(NAMES),
    }  # fmt: skip
    text = TEXT.format(**values).encode()
    head = HEAD.format(**values).encode()
    if not data:
        return head + b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + text
    edge = f"=_{chance.getrandbits(64):x}".encode()
    body = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return b"".join(
        (
            head, b'Content-Type: multipart/mixed; boundary="', edge, b'"\r\n\r\n--', edge,
            b"\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n", text, b"\r\n--", edge,
            b'\r\nContent-Type: application/octet-stream; name="', name.encode(),
            b'"\r\nContent-Transfer-Encoding: base64\r\n\r\n', body, b"--", edge, b"--\r\n",
        )
    )  # fmt: skip


def mix(files: list[Path], weights: tuple[int, int, int]) -> list[bytes]:
    chance = Random(2)
    mails: list[bytes] = []
    for path in files:
        data = path.read_bytes()
        copies = chance.choices((1, 2, 4), weights)[0]
        mails += [letter(len(mails), chance, path.name, data) for _ in range(copies)]
        mails += [letter(len(mails) + k, chance) for k in range(2)]
    chance.shuffle(mails)
    return mails


def measure(mails: list[bytes]) -> None:
    with tempfile.TemporaryDirectory(prefix="vanthu-load-") as folder:
        journal = FileJournal(Path(folder), segment_bytes=16 << 20)
        for n, raw in enumerate(mails):
            journal.append_now([received(n, raw)])
        journal.close()
        journal = FileJournal(Path(folder), segment_bytes=1)  # So that the last one is finished.
        journal.append_now([received(len(mails), b"end")])
        start = time.process_time()
        done = list(journal.pack(older_than_s=-60))
        took = time.process_time() - start
        kept = sum(path.stat().st_size for path in Path(folder).glob("*.segz"))
        total = sum(map(len, mails))
        seqs = range(1, len(mails), 7)
        start = time.perf_counter()
        for seq in seqs:
            journal.read(seq)
        read = (time.perf_counter() - start) / len(seqs)
        journal.close()
    print(
        f"{len(mails)} mails, {total} bytes received, {kept} kept in {len(done)} segments: "
        f"{kept / total:.3f} bytes a byte; packing {total / took / 1e6:.0f} MB/s CPU, "
        f"reading one {1000 * read:.1f} ms"
    )


def main() -> None:
    files = sorted(p for folder in sys.argv[1:] for p in Path(folder).rglob("*") if p.is_file())
    files = [path for path in files if path.suffix.lower() in {".pdf", ".doc", ".docx", ".edxml"}]
    print(f"{len(files)} documents")
    measure(mix(files, (1, 0, 0)))
    measure(mix(files, (6, 3, 1)))


if __name__ == "__main__":
    main()
