"""Letters, keys and zones made to be taken for what they are not, or to cost time."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from gateway.dns.canned import AWAY
from tests.identity.office import LETTER, NOW, REFUSE

Case = tuple[str, bytes, dict[str, dict[str, list[Any]]]]
BODY = LETTER.partition(b"\r\n\r\n")[2]
REST = b"To: x@example.net\r\nSubject: hi\r\n\r\n" + BODY
GOOD = {"k._domainkey.example.vn": {"TXT": ["v=DKIM1; k=ed25519; p=" + "A" * 43 + "="]}}


def signature(**tags: bytes) -> bytes:
    """A field that looks like a signature, with these tags in place of good ones."""
    known: dict[str, bytes] = {
        "v": b"1", "a": b"rsa-sha256", "c": b"relaxed/relaxed", "d": b"example.vn", "s": b"k",
        "t": str(int(NOW.timestamp())).encode(), "h": b"from:to:subject",
        "bh": base64.b64encode(b"\0" * 32), "b": base64.b64encode(b"\1" * 256),
    }  # fmt: skip
    known |= tags
    return (
        b"DKIM-Signature: " + b"; ".join(k.encode() + b"=" + v for k, v in known.items()) + b"\r\n"
    )


def authors() -> Iterator[Case]:
    """Nobody, or more than one, answers for these."""
    for name, head in {
        "two From": b"From: a@example.org\r\nFrom: lan@example.vn\r\n",
        "From :": b"From : lan@example.vn\r\n",
        "From : and From": b"From : a@example.org\r\nFrom: lan@example.vn\r\n",
        "from twice in one": b"From: a@example.org, lan@example.vn\r\n",
        "a group": b"From: undisclosed:;\r\n",
        "no From": b"Sender: lan@example.vn\r\n",
        "an empty From": b"From: \r\n",
        "a NUL": b"From: lan@example.vn\0@evil.example\r\n",
        "no domain": b"From: lan\r\n",
        "an address literal": b"From: lan@[192.0.2.1]\r\n",
        "comments in comments": b"From: " + b"(" * 30_000 + b")" * 30_000 + b" lan@example.vn\r\n",
        "ten thousand": b"From: " + b", ".join(b"u%d@e.vn" % n for n in range(10_000)) + b"\r\n",
        "folded From": b"From\r\n : lan@example.vn\r\n",
        "a bare CR": b"From: lan@example.vn\rFrom: a@example.org\r\n",
        "quotes without end": b'From: "' + b"\\" * 50_000 + b" lan@example.vn\r\n",
        "an encoded word": b"From: =?utf-8?q?lan=40example=2Evn=0D=0A?= <a@b>\r\n",
    }.items():
        yield name, head + REST, {}


def signatures() -> Iterator[Case]:
    """DKIM-Signature fields that must not be taken for good ones."""
    for name, tags in {
        "a NUL in the selector": {"s": b"k\0x"},
        "a NUL in the domain": {"d": b"example.vn\0.evil.example"},
        "a selector of blanks": {"s": b"k k"},
        "an empty selector": {"s": b""},
        "a selector of dots": {"s": b".."},
        "a selector of 10 KB": {"s": b"k." * 5000},
        "no UTF-8": {"s": b"\xff\xfe"},
        "huge h=": {"h": b"from:" + b"x-a:" * 100_000 + b"to"},
        "huge h= of From": {"h": b":".join([b"from"] * 4000)},
        "h= without From": {"h": b"to:subject"},
        "h= of colons": {"h": b":" * 10_000},
        "b= of blanks": {"b": b" " * 15_000 + b"!"},
        "bh= of blanks": {"bh": b"\t " * 7_500 + b"!"},
        "no base64": {"b": b"####"},
        "l=0": {"l": b"0"},
        "l= beyond measure": {"l": b"9" * 76},
        "l= negative": {"l": b"-1"},
        "the future": {"t": b"99999999999"},
        "a time beyond measure": {"t": b"9" * 5000},
        "expired": {"x": b"1"},
        "sha1": {"a": b"rsa-sha1"},
        "another algorithm": {"a": b"rsa-md5"},
        "another version": {"v": b"2"},
        "no canonical form": {"c": b"nowsp/x/y"},
        "another's identity": {"i": b"lan@evil.example"},
        "the root": {"d": b"."},
        "a public suffix": {"d": b"vn"},
    }.items():
        yield name, signature(**tags) + LETTER, GOOD
    yield "100 signatures", b"".join(signature(s=b"k%d" % n) for n in range(100)) + LETTER, GOOD
    yield "a tag twice", signature().replace(b"d=", b"d=evil.example; d=") + LETTER, GOOD
    yield "tags without end", b"DKIM-Signature: " + b"x=1;" * 100_000 + b"\r\n" + LETTER, GOOD
    yield "no tags", b"DKIM-Signature: v\r\n" + LETTER, GOOD
    yield "nothing", b"DKIM-Signature:\r\n" + LETTER, GOOD


def keys() -> Iterator[Case]:
    """Keys in the DNS that prove nothing or cost too much."""
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024).public_key()
    der = short.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    good = "v=DKIM1; p=" + base64.b64encode(der).decode()
    for name, records in {
        "no such key": [],
        "two keys": [good, good],
        "revoked": ["v=DKIM1; p="],
        "no base64": ["v=DKIM1; p=!!!!"],
        "not ASN.1": ["v=DKIM1; p=" + "A" * 400],
        "a huge key": ["v=DKIM1; p=" + "MIIB" * 16_000],
        "another kind": ["v=DKIM1; k=dsa; p=" + base64.b64encode(der).decode()],
        "another version": [good.replace("DKIM1", "DKIM2")],
        "for telephones": [good.replace("p=", "s=tel; p=")],
        "for sha1 alone": [good.replace("p=", "h=sha1; p=")],
        "tags without end": ["v=DKIM1; " + "x=1;" * 2000 + "p=AA"],
        "another's key": [good],
        "silence": [AWAY],
    }.items():
        yield name, signature() + LETTER, {"k._domainkey.example.vn": {"TXT": records}}


def spf_zones() -> Iterator[Case]:
    """SPF records that lead in circles, or far away."""
    many = "v=spf1 " + " ".join(f"a:h{n}.example.vn" for n in range(200)) + " +all"
    tree: dict[str, dict[str, list[Any]]] = {}
    for n in range(1, 200):
        both = f"include:t{2 * n}.example.vn include:t{2 * n + 1}.example.vn"
        tree[f"t{n}.example.vn"] = {"TXT": [f"v=spf1 {both} +all"]}
    wide: dict[str, dict[str, list[Any]]] = {
        "example.vn": {
            "TXT": ["v=spf1 mx ptr +all"],
            "MX": [f"{n} m{n}.example.vn" for n in range(2000)],
        },
        "7.2.0.192.in-addr.arpa": {"PTR": [f"p{n}.example.vn" for n in range(2000)]},
    }
    zones: dict[str, dict[str, dict[str, list[Any]]]] = {
        "includes itself": {"example.vn": {"TXT": ["v=spf1 include:example.vn +all"]}},
        "redirects to itself": {"example.vn": {"TXT": ["v=spf1 redirect=example.vn"]}},
        "200 look-ups": {"example.vn": {"TXT": [many]}},
        "a tree": {"example.vn": {"TXT": ["v=spf1 include:t1.example.vn +all"]}} | tree,
        "2,000 servers and names": wide,
        "two records": {"example.vn": {"TXT": ["v=spf1 +all", "v=spf1 +all"]}},
        "a huge record": {"example.vn": {"TXT": ["v=spf1 " + "ip4:1.2.3.4 " * 5000 + "+all"]}},
        "macros": {"example.vn": {"TXT": ["v=spf1 exists:" + "%{ir}." * 300 + "example.vn -all"]}},
        "a macro of digits": {"example.vn": {"TXT": ["v=spf1 exists:%{d" + "9" * 4000 + "} -all"]}},
        "no ASCII": {"example.vn": {"TXT": [b"v=spf1 a:\xff\xfe +all"]}},
        "an alias in a circle": {"example.vn": {"CNAME": ["example.vn"]}},
        "silence": {"example.vn": {AWAY: []}},
        "silence further on": {
            "example.vn": {"TXT": ["v=spf1 include:far.example +all"]}, "far.example": {AWAY: []},
        },
    }  # fmt: skip
    for name, zone in zones.items():
        yield name, LETTER, zone


def seals() -> Iterator[Case]:
    """Chains of seals that are none."""
    tags = b"a=rsa-sha256; d=lists.example; s=k; b=" + base64.b64encode(b"\1" * 256)
    message = b"c=relaxed/relaxed; h=from:to; bh=" + base64.b64encode(b"\0" * 32) + b"; " + tags

    def one(i: bytes, cv: bytes = b"pass") -> bytes:
        return (
            b"ARC-Seal: i=" + i + b"; cv=" + cv + b"; t=1; " + tags + b"\r\n"
            b"ARC-Message-Signature: i=" + i + b"; " + message + b"\r\n"
            b"ARC-Authentication-Results: i=" + i + b"; lists.example; dmarc=pass\r\n"
        )

    for name, head in {
        "one": one(b"1", b"none"),
        "it passed before it began": one(b"1"),
        "twice the same": one(b"1", b"none") * 2,
        "one is missing": one(b"3") + one(b"1", b"none"),
        "i=0": one(b"0"),
        "i= beyond measure": one(b"9" * 5000),
        "i= is no number": one(b"x"),
        "fifty": b"".join(one(b"%d" % n) for n in range(50, 1, -1)) + one(b"1", b"none"),
        "too many": b"".join(one(b"%d" % n) for n in range(200, 1, -1)) + one(b"1", b"none"),
        "results alone": b"ARC-Authentication-Results: i=1; x; dmarc=pass\r\n",
        "a seal alone": b"ARC-Seal: i=1; cv=none; " + tags + b"\r\n",
        "seals without tags": b"ARC-Seal:\r\nARC-Message-Signature:\r\nARC-"
        b"Authentication-Results:\r\n",
        "blanks": one(b"1", b"none").replace(b"; b=", b"; b=" + b" " * 14_000 + b"!"),
    }.items():
        yield name, head + LETTER, {}


def policies() -> Iterator[Case]:
    """DMARC records that cannot be read, and one that cannot be had."""
    for name, records in {
        "percent of letters": ["v=DMARC1; p=reject; pct=all"],
        "percent beyond measure": ["v=DMARC1; p=reject; pct=" + "9" * 5000],
        "tags without end": ["v=DMARC1; p=reject; " + "x=1;" * 10_000],
        "silence": [AWAY],
    }.items():
        yield name, LETTER, {"_dmarc.example.vn": {"TXT": records}}


def cases() -> Iterator[Case]:
    """All of them. A domain that asks to refuse what is not its own is everybody's victim."""
    for kind in (authors, signatures, keys, spf_zones, seals, policies):
        for name, letter, zone in kind():
            yield f"{kind.__name__}: {name}", letter, REFUSE | zone
