"""What can be wrong with a dispatch: rules by name, and what to do about each.

The texts are English here and Vietnamese in the catalogue; ``Flaw.advice`` speaks the language of
whoever reads.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from gateway.mail.facts import Fact
from gateway.runtime.words import later, tr


class Weight(StrEnum):
    """What a flaw does to a mail."""

    PASS = "pass"  # noqa: S105 -- a word of the settings, not a password.
    """Not even said."""
    WARN = "warn"
    HOLD = "hold"
    REJECT = "reject"


HEAVIEST = (Weight.PASS, Weight.WARN, Weight.HOLD, Weight.REJECT)


@dataclass(frozen=True, slots=True)
class RuleText:
    weight: Weight
    """Where the settings say nothing else."""
    advice: str
    """What to do, in English; the key of the catalogue."""


_R, _H, _W = Weight.REJECT, Weight.HOLD, Weight.WARN

RULES: dict[str, RuleText] = {
    # -- any document: what must not leave whatever it is
    "polyglot": RuleText(_R, later("The file is two things at once. Make the PDF again.")),
    "encrypted": RuleText(_R, later("Remove the password: nobody could read it from the archive.")),
    "javascript": RuleText(_R, later("The PDF holds a program. Print it to PDF again.")),
    "launch": RuleText(_R, later("The PDF starts programs. Print it to PDF again.")),
    "embedded-file": RuleText(_R, later("The PDF hides other files. Attach them beside it.")),
    "xfa": RuleText(_R, later("The PDF is a form that changes (XFA). Print it to PDF again.")),
    "media": RuleText(_R, later("The PDF holds sound, film or 3D. Print it to PDF again.")),
    "external": RuleText(_R, later("The PDF reaches for files elsewhere. Print it to PDF again.")),
    "macros": RuleText(_R, later("The file holds macros. Save it without them.")),
    "bomb": RuleText(_R, later("Reading the file takes too much memory. Make it again.")),
    "unread": RuleText(_H, later("The file could not be read to its end. Let the office look.")),
    # -- a dispatch: the form of the file
    "not-pdf": RuleText(_R, later("Send the signed document as PDF; other files only as drafts.")),
    "damaged": RuleText(_R, later("The PDF is damaged. Scan or export it again.")),
    "no-pages": RuleText(_R, later("The PDF has no pages. Scan or export it again.")),
    "too-many-pages": RuleText(_R, later("The PDF has too many pages. Send it in parts.")),
    "header-offset": RuleText(_H, later("Something stands before the PDF. Export it again.")),
    "version": RuleText(_R, later("Save it as PDF 1.4 or later (Decree 30/2020, Annex I).")),
    "dpi": RuleText(_R, later("Scan it again with at least 200 dpi.")),
    "dpi-fake": RuleText(_H, later("The scan was blown up. Scan it again with 200 dpi.")),
    "not-colour": RuleText(_R, later("Scan it again in colour.")),
    "scale": RuleText(_R, later("Scan it again at 100 %, on A4.")),
    "blank": RuleText(_R, later("The page is empty. Scan it again.")),
    "mixed": RuleText(_H, later("Scanned and unsigned pages are mixed. Scan or sign all of it.")),
    # -- signature and seal
    "unsigned": RuleText(_R, later("Sign it digitally, or send a scan with signature and seal.")),
    "no-seal": RuleText(_H, later("No red seal is seen. Scan the sealed paper.")),
    "signature-invalid": RuleText(_R, later("The signature does not fit the file. Sign again.")),
    "signature-partial": RuleText(_R, later("The signature leaves part of it out. Sign again.")),
    "changed-after-signing": RuleText(_R, later("It was changed after signing. Sign it again.")),
    "changed-between-signatures": RuleText(
        _H, later("Its text changed between two signatures. Let the first signer look again.")
    ),
    "signer-untrusted": RuleText(
        _R, later("The signature's issuer is none of the known authorities. Sign with your token.")
    ),
    "issuer-unknown": RuleText(
        _W, later("The signature is intact; its issuer could not be checked here.")
    ),
    "signer-expired": RuleText(_R, later("The certificate has expired. Renew it and sign again.")),
    "signer-revoked": RuleText(_R, later("The certificate was revoked. Sign with a valid one.")),
    "weak-digest": RuleText(_W, later("The signature uses SHA-1. Have the tool use SHA-256.")),
    "no-agency-signature": RuleText(
        _H, later("Only a person has signed. Have the office add its own signature.")
    ),
    "signer-not-sender": RuleText(_H, later("It is signed by another office. Check which file.")),
    "scan-without-signature": RuleText(
        Weight.PASS, later("A scan alone is for information; sign it as a copy (sao y).")
    ),
    # -- number and date
    "number-unreadable": RuleText(
        _H, later("Number or date cannot be read with certainty. Confirm them by hand.")
    ),
    "number-missing": RuleText(_R, later("It bears no number. Take one from the book first.")),
    "date-missing": RuleText(_H, later("It bears no date. Fill in day, month and year.")),
    "date-ahead": RuleText(_W, later("Its date lies in the future. Check it.")),
    "number-not-in-book": RuleText(
        _W, later("The book has not given this number. Reserve it there, or correct the document.")
    ),
    "number-void": RuleText(
        _H, later("The book says this number is void. Take a new one and sign again.")
    ),
    "number-other-day": RuleText(
        _H, later("The book has another day for this number. Correct the document or the book.")
    ),
    "number-used-already": RuleText(
        _H, later("Another file bears this number already. Take a new number from the book.")
    ),
    "book-away": RuleText(
        _H, later("The book of outgoing documents cannot be read now. Look the number up there.")
    ),
    "number-mismatch": RuleText(
        _H, later("The subject names another number than the document. Correct one of them.")
    ),
    "text-image-mismatch": RuleText(
        _H, later("The hidden text says another number than the picture. Scan it again.")
    ),
    "unreadable": RuleText(_H, later("The heading cannot be read; is it upside down? Scan again.")),
    "legacy-font": RuleText(
        _W, later("The text is in an old font (TCVN3, VNI). Use Unicode, Times New Roman.")
    ),
    "draft-not-marked": RuleText(
        _H, later("A file that is no PDF is a draft: write “dự thảo” into subject or file name.")
    ),
    "draft-signed": RuleText(
        _W, later("It is called a draft and bears a signature. Send one or the other.")
    ),
}
"""By name. ``[filters.dispatch.rules]`` may give any of them another weight."""


@dataclass(frozen=True, slots=True)
class Flaw:
    """One finding about one document."""

    rule: str
    said: str = ""
    """What was seen, in English: for the journal."""
    weight: Weight = Weight.WARN

    @property
    def advice(self) -> str:
        """What to do, in the present language."""
        known = RULES.get(self.rule)  # A journal of another year may name a rule that is gone.
        return tr(known.advice) if known else self.rule

    def __str__(self) -> str:
        return f"{self.rule} ({self.said})" if self.said else self.rule


def flaw(rule: str, said: str = "") -> Flaw:
    """A finding with the weight that its rule has by itself."""
    return Flaw(rule, said, RULES[rule].weight)


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedPaper:
    """One attached document as the check saw it: what the approval desk is shown."""

    part: int
    """Its index in ``message.mime.parts``."""
    name: str
    profile: str
    """``dispatch``, ``draft`` or ``attachment``."""
    number: str = ""
    """As far as it can be read; ``is_number_certain`` says whether to believe it."""
    is_number_certain: bool = False
    day: str = ""
    """ISO 8601."""
    abstract: str = ""
    is_signed: bool = False
    """By a digital signature that is intact."""
    signers: tuple[str, ...] = ()
    flaws: tuple[Flaw, ...] = ()


CHECKED: Fact[tuple[CheckedPaper, ...]] = Fact("checked-papers")
"""What the filter ``dispatch`` leaves for the approval desk."""
