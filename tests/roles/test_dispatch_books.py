"""A dispatch over real SMTP is held to the book of its sender, and is told why."""

import smtplib
import ssl
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTP
from importlib.resources import as_file
from io import BytesIO
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from fpdf import FPDF
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import signers

from gateway.registry.printing import FACES
from tests.roles.test_relay import Gateway, configure, start

OFFICE, OUTSIDE = "so@songoaivu.example", "sonoivu@tinh.example"
DAY = "2026-08-21"
TEXT = """ỦY BAN NHÂN DÂN TỈNH
SỞ NGOẠI VỤ
Số: {number}
CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM
Độc lập - Tự do - Hạnh phúc
Huế, ngày {day} tháng 8 năm 2026
QUYẾT ĐỊNH
Về việc ban hành Quy chế {what}
GIÁM ĐỐC SỞ NGOẠI VỤ
Căn cứ chức năng, nhiệm vụ của Sở;
QUYẾT ĐỊNH:
Điều 1. Ban hành Quy chế {what}.
Nơi nhận:
- Sở Nội vụ;
- Lưu: VT.
GIÁM ĐỐC
Trần Văn Bình
"""


def office_signer(folder: Path) -> signers.SimpleSigner:
    """The office's own key, which nobody has certified."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sở Ngoại vụ")])
    now = datetime.now(UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    made = made.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=9))
    certificate = made.sign(key, hashes.SHA256())
    plain = serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    (folder / "office.key").write_bytes(
        key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    )
    (folder / "office.pem").write_bytes(certificate.public_bytes(pem))
    files = (str(folder / "office.key"), str(folder / "office.pem"))
    signer: signers.SimpleSigner | None
    signer = signers.SimpleSigner.load(*files)  # type: ignore[no-untyped-call] # it has no types
    assert signer is not None
    return signer


@dataclass
class Clerk:
    """Lan at her mail program, who sends what was signed as the office."""

    gateway: Gateway
    signer: signers.SimpleSigner

    def dispatch(self, number: str, day: int = 21, what: str = "thư điện tử") -> bytes:
        paper = FPDF()
        with as_file(FACES / "SourceSerifPro-Regular.ttf") as path:
            paper.add_font("serif", "", path)
        paper.set_font("serif", size=13)
        paper.add_page()
        for line in TEXT.format(number=number, day=day, what=what).splitlines():
            paper.multi_cell(0, 8, line, new_x="LMARGIN", new_y="NEXT")
        paper.pdf_version = "1.7"
        unsigned = IncrementalPdfFileWriter(BytesIO(bytes(paper.output())))
        about = signers.PdfSignatureMetadata(field_name="Office")
        return bytes(signers.sign_pdf(unsigned, about, self.signer).getvalue())

    def send(self, pdf: bytes, about: str = "thư điện tử") -> tuple[str, str]:
        """What the server said, and the message's story where it was taken.

        Two letters about the same would be two versions of one, of which the later counts.
        """
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = OFFICE, OUTSIDE, f"Gửi văn bản về {about}"
        letter.set_content("Kính gửi Quý cơ quan văn bản kèm theo.\n")
        letter.add_attachment(pdf, maintype="application", subtype="pdf", filename="vanban.pdf")
        context = ssl.create_default_context(cafile=self.gateway.config / "demo.pem")
        with smtplib.SMTP("localhost", self.gateway.submission, timeout=60) as client:
            client.starttls(context=context)
            client.login("lan", "secret")
            client.mail(OFFICE)
            client.rcpt(OUTSIDE)
            code, text = client.data(letter.as_bytes(policy=SMTP))
        answer = f"{code} {text.decode()}"
        if code != 250:
            return answer, ""
        number = answer.split(" as ")[1].split(maxsplit=1)[0]
        return answer, self.gateway.command("why", number, "--as", "lan").stdout

    def register(self, *words: str) -> str:
        done = self.gateway.command("register", *words, "--as", "lan")
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def clerk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Clerk]:
    folder = tmp_path_factory.mktemp("dispatch")
    config, *ports = configure(folder)
    chains = (config / "chains.toml").read_text(encoding="utf-8")
    chains = chains.replace('number-void = "hold"', 'number-void = "reject"')
    (config / "chains.toml").write_text(chains, encoding="utf-8")
    running = start(config, *ports)
    yield Clerk(running, office_signer(folder))
    running.process.terminate()
    assert running.process.wait(40) == 0


def test_a_number_leaves_on_its_day_with_its_file_and_with_no_other(clerk: Clerk) -> None:
    said = clerk.register("reserve", "--book", "di", "--series", "qd", "--date", DAY)
    assert "01/QĐ-SNgV" in said
    first = clerk.dispatch("01/QĐ-SNgV")
    answer, story = clerk.send(first)
    assert answer.startswith("250 2.3.0 Held for approval")
    assert "number-" not in story
    _, story = clerk.send(clerk.dispatch("01/QĐ-SNgV", what="tiếp khách"), "tiếp khách")
    assert "number-used-already" in story
    _, story = clerk.send(first)
    assert "number-" not in story


def test_another_day_and_a_number_that_was_never_given(clerk: Clerk) -> None:
    clerk.register("reserve", "--book", "di", "--series", "tb", "--date", "2026-08-20")
    answer, story = clerk.send(clerk.dispatch("01/TB-SNgV"))
    assert "number-other-day" in story
    assert answer.startswith("250 2.3.0 Held")
    _, story = clerk.send(clerk.dispatch("77/QĐ-SNgV", what="khen thưởng"), "khen thưởng")
    assert "number-not-in-book" in story


def test_a_void_number_is_refused_in_words(clerk: Clerk) -> None:
    said = clerk.register("reserve", "--book", "di", "--series", "cv", "--date", DAY)
    clerk.register("void", said.split()[0], "--reason", "in hỏng")
    answer, story = clerk.send(clerk.dispatch("01/SNgV-VP", what="đón khách"))
    assert answer.startswith("550 5.7.1")
    assert "number-void" in answer
    assert story == ""
