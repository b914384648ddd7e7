"""Why a message is held, in words for people; and whether somebody should look at it soon."""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.archive.commands import Receive
from gateway.archive.queries import Found
from gateway.mail.number import find, latin
from gateway.mail.text import folded
from gateway.runtime.words import tr
from gateway.spam.label import PRESSING

_PRESSING = re.compile(r"\b(?:khieu nai|to cao|kien nghi|phan anh|don |cong van|hoa toc|khan)\b")


def is_pressing(found: Found) -> bool:
    """Whether it may be a dispatch or a petition, whose term runs while it waits here.

    By its subject: a document's number, or words of those who complain; or by what the filter that
    held it saw within.
    """
    if PRESSING in found.reason:
        return True
    subject = found.subject[:500]
    return bool(_PRESSING.search(folded(subject))) or any(True for _ in find(latin(subject)))


def in_words(command: Receive) -> Iterator[str]:
    """A line for each filter that held it, and for each thing that counted for or against it."""
    for told in command.findings:
        if not told.enforced or told.verdict != "hold":
            continue
        if not told.points:
            yield f"{told.filter}: {told.reason}"
            continue
        total = sum(value for _, value, _ in told.points)
        yield tr("{total:+.1f} points in all", total=total)
        for name, value, reason in sorted(told.points, key=lambda p: -abs(p[1])):
            yield f"{value:+5.1f}  {_named(name)}" + (f": {reason}" if reason else "")


def _named(name: str) -> str:
    """What the name of a signal means."""
    words = {
        "nose": tr("it smells like letters that people here called spam"),
        "answer": tr("it answers a letter of ours"),
        "known": tr("our people write to the sender"),
        "spf-fail": tr("the sender's domain does not let that server send for it"),
        "spf-softfail": tr("the sender's domain would rather not have that server send for it"),
        "dmarc-fail": tr("the author's domain does not stand behind it"),
        "link-look-alike": tr("a link leads to a domain that looks like one we know"),
        "link-text": tr("a link leads elsewhere than it shows"),
        "link-number": tr("a link leads to a bare address"),
        "password-form": tr("it holds a form that takes a password"),
        "asks-password": tr("it threatens an account, and wants one to sign in elsewhere"),
        "reply-to": tr("answers would go to somebody else"),
        "rspamd": tr("rspamd's opinion"),
        "spamassassin": tr("SpamAssassin's opinion"),
        "advertising": tr("it is labelled as advertising"),
        "pressing": tr("it may be a dispatch or a petition, whose term runs while it waits"),
    }
    if name.startswith("dnsbl"):
        return tr("it is on a blocklist")
    return words.get(name, name)
