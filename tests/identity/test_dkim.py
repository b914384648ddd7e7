"""Signatures that hold, signatures that do not, and what they are worth."""

import base64
from datetime import UTC, date, datetime
from pathlib import Path
from time import time

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.dns.canned import Canned
from gateway.identity import dkim_check
from gateway.identity.keyring import Keyring, new_keys
from gateway.identity.public_key import BadKey, published
from gateway.identity.signing import KeyringSigner
from gateway.mail.message import Message
from gateway.mail.origin import DkimResult, Word

NOW_S = 1_780_000_000
RFC8463 = """\
DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=brisbane; t=1528637909; h=from : to :
 subject : date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus
 Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace("\n", "\r\n").encode()
RFC8463_KEYS = {
    "brisbane._domainkey.football.example.com": {
        "TXT": ["v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="]
    },
    "test._domainkey.football.example.com": {
        "TXT": [
            (
                "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWR"
                "iGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYzCNb3W91y3FutAC"
                "DfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3"
                "Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
            )
        ]
    },
}


async def test_the_example_of_rfc_8463() -> None:
    found = await dkim_check.check(Canned(RFC8463_KEYS), Message(RFC8463), NOW_S)
    assert [(d.word, d.algorithm, d.key_bits) for d in found] == [
        (Word.PASS, "ed25519-sha256", 256),
        (Word.PASS, "rsa-sha256", 1024),
    ], found


async def judged_as(
    folder: Path, record: str = "", tags: tuple[bytes, bytes] = (b"", b""), body: bytes = b""
) -> list[DkimResult]:
    """What we sign, under a changed key record, with a tag put in before it is signed."""
    made = new_keys(folder, "example.vn", date(2026, 1, 1))
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    signer = KeyringSigner(Keyring.load(folder))
    message = Message(b"From: lan@example.vn\r\nSubject: x\r\n\r\nHello\r\n")
    raw = bytes(message.edited(signer.sign(message, "example.vn", moment)))
    raw = raw.replace(*tags) + body
    zone = {key.record_name: {"TXT": [key.record + record]} for key in made}
    return list(await dkim_check.check(Canned(zone), Message(raw), moment.timestamp()))


async def test_what_keys_may_say(tmp_path: Path) -> None:
    assert [one.word for one in await judged_as(tmp_path / "a")] == [Word.PASS, Word.PASS]
    trial = await judged_as(tmp_path / "b", "; t=y:s")
    assert [(one.word, one.is_testing) for one in trial] == [(Word.PASS, True)] * 2
    for record in ("; s=tlsrpt", "; h=sha1", "; v=DKIM2"):
        words = {one.word for one in await judged_as(tmp_path / record[2:], record)}
        assert words == {Word.PERMERROR}, record


async def test_a_key_for_its_own_domain_alone(tmp_path: Path) -> None:
    """With ``t=s`` a signature for a subdomain does not count, whatever else is right with it."""
    tags = (b" d=example.vn;", b" d=example.vn; i=@so.example.vn;")
    strict = await judged_as(tmp_path / "a", "; t=s", tags)
    assert {one.word for one in strict} == {Word.PERMERROR}
    assert all("t=s" in one.reason for one in strict)


MOMENT_S = int(datetime(2026, 11, 24, tzinfo=UTC).timestamp())
BROKEN = "is not of this header"
"""What is well-formed gets as far as the arithmetic, and it was changed behind its signing."""


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        (f"x={MOMENT_S - 3600}", "has expired"),
        (f"x={MOMENT_S - 60}", "before it was signed"),
        (f"x={MOMENT_S + 3600}", BROKEN),
        ("x=tomorrow", "x="),
        ("l=0x", "l="),
        ("q=dns/txt", BROKEN),
        ("q=x509/http : dns/txt", BROKEN),
        ("q=x509/http", "q="),
        ("i=lan@example.vn", BROKEN),
        ("i=@so.EXAMPLE.vn", BROKEN),
        ("i=@sexample.vn", "within"),
        ("i=@vn", "within"),
        ("i=example.vn", "within"),
        ("z=From:lan@example.vn|Subject:x", BROKEN),
        ("unknown=thing", BROKEN),
        ("a=rsa-sha256", "twice"),
        ("a b=c", "no tag"),
        ("odd", "no tag"),
    ],
)
async def test_what_signatures_may_say(tmp_path: Path, tag: str, reason: str) -> None:
    tags = (b" d=example.vn;", f" d=example.vn; {tag};".encode())
    for one in await judged_as(tmp_path, tags=tags):
        assert one.word is (Word.FAIL if reason == BROKEN else Word.PERMERROR)
        assert reason in one.reason


async def test_a_signature_of_the_future_is_none(tmp_path: Path) -> None:
    signed = f"t={MOMENT_S}".encode()
    late = await judged_as(tmp_path, tags=(signed, f"t={MOMENT_S + 86400}".encode()))
    assert {one.reason for one in late} == {"it was signed in the future"}
    slow = await judged_as(tmp_path / "b", tags=(signed, f"t={MOMENT_S + 3600}".encode()))
    assert all(BROKEN in one.reason for one in slow)


ED_KEY = "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (f"v=DKIM1; k=ed25519; p={ED_KEY}", ""),
        (f"k = ed25519 ;\tp = {ED_KEY[:20]} {ED_KEY[20:]} ; n=note; x-new=1;", ""),
        (f"v=DKIM1; k=ed25519; s=email:tlsrpt; p={ED_KEY}", ""),
        (f"v=DKIM1; k=ed25519; s = * ; p={ED_KEY}", ""),
        (f"v=DKIM1; k=ed25519; s=other; p={ED_KEY}", "not for mail"),
        ("v=DKIM1; p=", "revoked"),
        ("v=DKIM1; k=rsa; p= ;", "revoked"),
        (f"v=DKIM2; k=ed25519; p={ED_KEY}", "version"),
        ("v=DKIM1; k=ed25519; p=AAAA", "cannot be read"),
        (f"v=DKIM1; k=ed25519; p={ED_KEY[:-1]}A", "cannot be read"),
        (f"v=DKIM1; k=rsa; p={ED_KEY}", "cannot be read"),
        (f"v=DKIM1; k=dsa; p={ED_KEY}", "a kind that we do not know"),
        ("v=DKIM1; k=ed25519", "no key"),
        (f"v=DKIM1; k=ed25519; p={ED_KEY}; p={ED_KEY}", "twice"),
    ],
)
def test_what_records_of_keys_may_say(record: str, reason: str) -> None:
    records = [b"v=spf1 -all", record.encode()]
    if reason:
        with pytest.raises(BadKey, match=reason):
            published(records)
    else:
        assert published(records).kind == "ed25519"


def test_a_signature_has_64_bytes_and_a_key_is_a_point_of_full_order() -> None:
    private = Ed25519PrivateKey.generate()
    raw = base64.b64encode(private.public_key().public_bytes_raw()).decode()
    key = published([f"k=ed25519; p={raw}".encode()])
    digest, more = b"d" * 32, b"x"
    assert key.verifies(private.sign(digest), digest, "sha256")
    assert not key.verifies(private.sign(more + digest) + more, digest, "sha256")
    assert not key.verifies(b"", digest, "sha256")
    anybody = published([b"k=ed25519; p=AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="])
    assert not anybody.verifies(bytes((1, *bytes(63))), digest, "sha256")


async def test_a_signed_beginning_is_not_the_letter(tmp_path: Path) -> None:
    tags = (b" d=example.vn;", b" d=example.vn; l=7;")
    short = await judged_as(tmp_path, tags=tags, body=b"and more\r\n")
    assert {one.word for one in short} == {Word.POLICY}
    assert all("only the first 7 bytes" in one.reason for one in short)


SHORT_KEY = b"""\
-----BEGIN RSA PRIVATE KEY-----
MIIBywIBAAJhAMJjYBkHH5pwPESwWsOxLYqujYR+8xoRvyKcfyYQWwODjMcQVest
PoHivLG6XYzc96y6A474Ysw3re3z7yqb3wOTkfs/5F4SsBnKJ3Wui38RPF4mvIYm
MES3KHmHzQFr1wIDAQABAmAeDilslTpgsZvP7wiJm1p0R9rfspU54aaQ3muWYg8A
cxWQLclrDFrO0FTmke8m+X8Y9qxynKE8Eint5AS5jtqPXFI2jL+DI7FY4lOlww3V
IIvMfb2OugaKuKbXpQBMovkCMQDlK50RcHRyl1gBrdc8tGHewlS6O5UH4mBqtnUu
k9ZQh5IH0q43puqdvQY2ZrexzC0CMQDZJVEpC9aVkVQtqIgctCy5HrWdaIFcuha5
awu8PFgnu2/zgdu3YOXiA55tX+QUppMCMQCnIxDRqDd1X4WS6+tfXZtHcGmEzXGa
p3J0QY/jIXUblFRfmjrvYbAYzMRcJrvwUx0CMByIztV5/MTCyDEHyHsdIhNhebQp
m3Y37eyHqI8fzuXJt7hkBB9g2FSO7S6qPyqHiQIxAIGgDAxPdrT/VVkiFohzAvUg
HYDe0/8WFaEGrisFZ/4dmt+ZMK3qim8vCqrakk37/Q==
-----END RSA PRIVATE KEY-----
"""
"""RSA of 768 bits, made for this test alone: a few hundred core-hours take it apart."""
SHORT_RECORD = (
    "v=DKIM1; k=rsa; p="
    "MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhAMJjYBkHH5pwPESwWsOxLYqujYR+8xoRvyKcfyYQWwODjMcQVestPoHi"
    "vLG6XYzc96y6A474Ysw3re3z7yqb3wOTkfs/5F4SsBnKJ3Wui38RPF4mvIYmMES3KHmHzQFr1wIDAQAB"
)


async def test_a_key_that_can_be_broken_proves_nothing() -> None:
    """RFC 8301 3.2: below 1024 bits a signature is as if it were not there, right or not."""
    letter = b"From: lan@example.vn\r\nSubject: x\r\n\r\nHello\r\n"
    raw = dkim.sign(letter, b"s", b"example.vn", SHORT_KEY) + letter
    assert dkim.verify(raw, dnsfunc=lambda name, timeout=5: SHORT_RECORD.encode(), minkey=512)
    dns = Canned({"s._domainkey.example.vn": {"TXT": [SHORT_RECORD]}})
    (found,) = await dkim_check.check(dns, Message(raw), time())
    assert found.word is Word.POLICY
    assert "768" in found.reason


async def test_eight_signatures_are_looked_at(tmp_path: Path) -> None:
    made = new_keys(tmp_path, "example.vn", date(2026, 1, 1))
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    message = Message(b"From: lan@example.vn\r\n\r\nHello\r\n")
    signer = KeyringSigner(Keyring.load(tmp_path))
    raw = bytes(message.edited(signer.sign(message, "example.vn", moment) * 10))
    dns = Canned({key.record_name: {"TXT": [key.record]} for key in made})
    found = await dkim_check.check(dns, Message(raw), moment.timestamp())
    assert [one.word for one in found] == [Word.PASS] * 8
    assert len(dns.asked) == 2
