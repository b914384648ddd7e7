"""Is what leaves a proper dispatch: a sound PDF, signed and sealed, with its number and date?"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import get_close_matches
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field

from gateway.api import (
    CHECKED,
    HANOI,
    PICTURES,
    RULES,
    Belief,
    BooksAway,
    CheckedPaper,
    Defer,
    Demands,
    Desk,
    Direction,
    Document,
    DocumentFacts,
    DocumentNumber,
    FileKind,
    Filter,
    Flaw,
    GivenNumber,
    Hold,
    Mail,
    Mailbox,
    MailboxKind,
    NumberState,
    Paper,
    Pass,
    Reject,
    Reply,
    Source,
    Verdict,
    Weight,
    find,
    flaw,
    flaws_of,
    harmful,
    is_scan,
    later,
    latin,
    papers_of,
    read_document,
    signed,
    strongest,
    unread_papers,
)

SURE_WORD = 60.0
"""OCR's confidence in the number's own word, below which a person should look."""
BLUE_INK_MM2 = 3.0
"""Blue where number and date stand; more is a pen, and OCR guesses at pens."""
HEADING_SIGNS = 400
"""Of a text layer, in which its heading stands."""
LAG_S = 120.0
"""How long a number that has just passed here is kept in mind: the books learn of it a moment
later, when the message is in the archive and its files have been read."""
UNNAMED = "document"
"""A file name without any hint, so that only the file itself speaks."""


def _known_rules(rules: dict[str, Weight]) -> dict[str, Weight]:
    for name in rules:
        if name not in RULES:
            near = get_close_matches(name, RULES, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are: {', '.join(RULES)}"
            raise ValueError(f"there is no rule {name!r}; {hint}")
    return rules


class Dispatch(Filter):
    """Check the documents that leave from official mailboxes (D17, Decree 30/2020/NĐ-CP).

    A dispatch is a sound PDF of version 1.4 or later, a colour scan of the signed and sealed paper
    with 200 dpi or more, or digitally signed by the office; it has number and date, the subject
    names no other number, the sender's book has given that number for that day and to no other
    file, and nothing in it acts. Other files leave as drafts, marked so in
    subject or name ("dự thảo"), or beside a dispatch. Each finding is a rule with a name; what
    was found is left as CHECKED for the approval desk.
    """

    reads_documents: ClassVar[bool] = True

    rules: Annotated[dict[str, Weight], AfterValidator(_known_rules)] = Field(default={})
    """Other weights for rules: pass, warn, hold or reject. All of them with their advice are in
    ``gateway/mail/flaws.py``, and ``vanthu explain`` shows which were met."""
    kinds: frozenset[MailboxKind] = frozenset({MailboxKind.AGENCY, MailboxKind.UNIT})
    """Kinds of mailbox whose mail is looked at."""
    internal: bool = False
    """Look at mail among ourselves, too."""
    desk: Desk = Desk.APPROVAL
    """Where mail with a ``hold`` waits: with who approves it, or in quarantine."""
    offices: tuple[str, ...] = ()
    """Names under which the office signs, besides those of the mailbox and its units."""
    symbols: tuple[str, ...] = ()
    """Symbols of our own documents (``QĐ-SNgV``); with them OCR's reading of one is checked."""

    async def message(self, mail: Mail) -> Verdict | None:
        box = self._box(mail)
        if box is None:
            return None
        papers = await papers_of(mail)
        away = [paper for paper in papers if paper.facts.ended.how == "away"]
        if away:
            why = later("{name} cannot be read now: {why}")
            return Defer(why.format(name=away[0].name, why=away[0].facts.ended.detail))
        checked = await self._checked(mail, box, papers)
        mail.transaction.facts[CHECKED] = tuple(checked)
        said = [verdict for paper in checked for verdict in self._verdicts(paper)]
        if more := unread_papers(mail):
            said.append(
                Hold(later("{n} documents more than are looked at").format(n=more), self.desk)
            )
        return strongest(said)

    def _box(self, mail: Mail) -> Mailbox | None:
        """The official mailbox that a mail leaves from."""
        outward = {Direction.OUT, Direction.INTERNAL} if self.internal else {Direction.OUT}
        if mail.direction not in outward:
            return None
        directory = mail.services.directory
        authors = [address for _, address in mail.message.authors]
        boxes = (directory.mailbox(a) for a in (*authors, mail.transaction.sender) if a)
        return next((box for box in boxes if box and box.kind in self.kinds), None)

    async def _checked(
        self, mail: Mail, box: Mailbox, papers: Iterable[Paper]
    ) -> list[CheckedPaper]:
        subject = mail.message.header("Subject")
        demands = Demands(offices=(*self.offices, *_names(mail, box)))
        read = [(p, self._read(p.facts, p.name, subject)) for p in papers]
        spoken = {_key(d) for p, d in read if d.speaks and p.facts.kind is FileKind.PDF}
        found = []
        for paper, document in read:
            profile = _profile(paper, document, spoken)
            flaws = list(self._flaws(mail, paper, document, profile, demands))
            if profile == "dispatch" and not {f.rule for f in flaws} & _BEYOND_NUMBERS:
                own = self._read(paper.facts, UNNAMED, "")
                flaws += await _booked(mail, box, own, paper.facts.sha256)
                if not any(self._weighed(f).weight is Weight.REJECT for f in flaws):
                    _keep_in_mind(mail, box, own, paper.facts.sha256)
            found.append(_told(paper, document, profile, tuple(map(self._weighed, flaws))))
        return found

    def _read(self, facts: DocumentFacts, name: str, subject: str) -> Document:
        return read_document(facts, name=name, subject=subject, symbols=self.symbols)

    def _weighed(self, found: Flaw) -> Flaw:
        return replace(found, weight=self.rules.get(found.rule, found.weight))

    def _flaws(
        self, mail: Mail, paper: Paper, document: Document, profile: str, demands: Demands
    ) -> Iterator[Flaw]:
        facts = paper.facts
        if profile == "dispatch":
            found = flaws_of(facts, demands)
            yield from found
            if not {f.rule for f in found} & _BEYOND_NUMBERS:
                yield from self._numbers(facts, document)
                yield from _ahead(mail, document)
            return
        yield from harmful(facts)
        if profile == "draft" and signed(facts):
            yield flaw("draft-signed", ", ".join(s.signer for s in signed(facts)))
        if profile == "unmarked":
            yield flaw("draft-not-marked", paper.name)

    def _numbers(self, facts: DocumentFacts, document: Document) -> Iterator[Flaw]:
        own = self._read(facts, UNNAMED, "")
        pictured = bool(facts.pages) and is_scan(facts.pages[0])
        if pictured and facts.is_ocr_missing:
            yield flaw("number-unreadable", "a scan, and no OCR on this machine")
            return
        if not own.symbol and not own.number and not own.month:
            yield flaw("unreadable")
            return
        yield from self._doubts(facts, own, pictured=pictured)
        said = [v.value for v in document.number.values if v.source is Source.SUBJECT]
        known = {v.value.key for v in own.number.values}
        if known and any(number.key not in known for number in said):
            yield flaw("number-mismatch", f"subject {said[0]}, document {own.number.best}")

    def _doubts(self, facts: DocumentFacts, own: Document, *, pictured: bool) -> Iterator[Flaw]:
        """What there is to say of number and date as the file alone has them."""
        hidden, seen = (
            _hidden(facts),
            {v.value.key for v in own.number.values if v.source is Source.OCR},
        )
        if hidden and seen and hidden.key not in seen:
            yield flaw("text-image-mismatch", f"text {hidden}, picture {own.number.best}")
        if not pictured:
            if not own.number:
                yield flaw("number-missing", str(own.symbol.best or ""))
            if not own.day:
                yield flaw("date-missing")
            return
        doubts = [] if own.number else ["no number"]
        doubts += [] if own.day else ["no date"]
        doubts += ["written by hand"] if facts.blue_mm2 > BLUE_INK_MM2 else []
        if own.number.best is not None:
            sure = _confidence(facts, own.number.best.number)
            doubts += [f"number read with {sure:.0f} of 100"] if sure < SURE_WORD else []
            known = {symbol.casefold() for symbol in self.symbols}
            is_strange = bool(known) and own.number.best.symbol.casefold() not in known
            doubts += [f"no symbol of ours: {own.number.best.symbol}"] if is_strange else []
        if doubts:
            yield flaw("number-unreadable", ", ".join(doubts))

    def _verdicts(self, paper: CheckedPaper) -> Iterator[Verdict]:
        for found in paper.flaws:
            reason = f"{paper.name}: {found}"
            match found.weight:
                case Weight.REJECT:
                    yield Reject(reason, _reply(paper, found))
                case Weight.HOLD:
                    yield Hold(reason, self.desk)
                case Weight.WARN:
                    yield Pass(reason)


_BEYOND_NUMBERS = {
    *("not-pdf", "damaged", "encrypted", "no-pages", "too-many-pages", "bomb", "unread"),
    *("unsigned", "blank"),
}
"""Findings after which number and date do not matter any more, or cannot be read."""


def _names(mail: Mail, box: Mailbox) -> Iterator[str]:
    """What the sender's office is called: its mailbox, its unit, and the units above."""
    yield box.name
    key, steps = box.unit, 0
    while key and (unit := mail.services.directory.unit(key)) and steps < 5:  # noqa: PLR2004
        yield unit.name
        key, steps = unit.parent, steps + 1


def _key(document: Document) -> str:
    return document.number.best.key if document.number.best else ""


def _profile(paper: Paper, document: Document, spoken: set[str]) -> str:
    """What a file is here: ``dispatch``, ``draft``, ``attachment``, or ``unmarked`` (a draft)."""
    facts = paper.facts
    called_pdf = paper.name.lower().endswith(".pdf")
    if document.is_draft:
        return "draft"
    if facts.kind is FileKind.PDF:
        return "dispatch" if document.speaks or not spoken else "attachment"
    if called_pdf:
        return "dispatch"
    if document.speaks and document.number and _key(document) not in spoken:
        return "dispatch"
    if facts.kind in PICTURES:  # A photograph or a logo is no draft of anything.
        return "attachment"
    return "attachment" if spoken else "unmarked"


def _told(paper: Paper, document: Document, profile: str, flaws: tuple[Flaw, ...]) -> CheckedPaper:
    return CheckedPaper(
        part=paper.part,
        name=paper.name,
        profile="draft" if profile == "unmarked" else profile,
        number=str(document.number.best or ""),
        is_number_certain=document.number.is_certain,
        day=document.day.best.isoformat() if document.day.best else "",
        abstract=document.abstract.best or "",
        is_signed=any(one.is_intact for one in signed(paper.facts)),
        signers=tuple(one.signer for one in signed(paper.facts)),
        flaws=flaws,
    )


def _ahead(mail: Mail, document: Document) -> Iterator[Flaw]:
    today = mail.services.clock.now().astimezone(HANOI).date()
    if document.day.best and document.day.best > today:
        yield flaw("date-ahead", f"{document.day.best:%d/%m/%Y}")


async def _booked(mail: Mail, box: Mailbox, own: Document, sha256: str) -> list[Flaw]:
    """What the books of the sender say against number and date as the file alone has them."""
    books, number, day = mail.services.books, own.number.best, own.day.best
    if number is None or books is None or not books.is_kept_for(box):
        return []
    try:
        given = await books.given(box, number, _year(mail, own))
    except BooksAway as error:
        return [flaw("book-away", str(error))]
    missing = [flaw("number-not-in-book", f"{number}, {_year(mail, own)}")] if None in given else []
    recent = mail.services.notepad.get(RECENT, _recent_key(mail, box, own))
    on_its_way = (_with_recent(one, recent) for one in given if one)
    found = (_against(one, day.isoformat() if day else "", sha256) for one in on_its_way)
    return missing + [one for one in found if one is not None]


RECENT = "dispatch-number"
"""Kind of what is kept in mind in the notepad: the file that a number has just passed with."""


def _year(mail: Mail, own: Document) -> int:
    """The year that a document's number is of: its own, or else this one."""
    number, day = own.number.best, own.day.best
    said = number.year if number else None
    return said or (day or mail.services.clock.now().astimezone(HANOI)).year


def _recent_key(mail: Mail, box: Mailbox, own: Document) -> str:
    return f"{box.unit} {_year(mail, own)} {_key(own)}"


def _keep_in_mind(mail: Mail, box: Mailbox, own: Document, sha256: str) -> None:
    key = _recent_key(mail, box, own)
    if own.number and mail.services.notepad.get(RECENT, key) is None:
        mail.services.notepad.put(RECENT, key, sha256, LAG_S)


def _with_recent(given: GivenNumber, recent: str | None) -> GivenNumber:
    """With the file that this number has passed with while the books cannot know of it yet."""
    is_open = given.state is NumberState.RESERVED and not given.files
    return replace(given, files=frozenset({recent})) if recent and is_open else given


def _against(given: GivenNumber, day: str, sha256: str) -> Flaw | None:
    """The heaviest thing that a number's line says against a document of a day (ISO 8601).

    A document may leave in several mails, so the same file bears its number as often as it likes.
    """
    if given.state is NumberState.VOIDED:
        return flaw("number-void", given.number)
    if given.files and sha256 not in given.files:
        return flaw("number-used-already", f"{given.number}, {given.state}")
    if day and day != given.day:
        return flaw("number-other-day", f"{given.number}: document {day}, book {given.day}")
    return None


_NUMBER_ZONES = {"left", "number"}
"""The column with the number, and the number's line alone."""


def _hidden(facts: DocumentFacts) -> DocumentNumber | None:
    """The number in the heading of a text layer that nobody sees."""
    if not facts.pages or facts.pages[0].belief not in {Belief.HIDDEN, Belief.DOUBTFUL}:
        return None
    heading = latin(facts.pages[0].text[:HEADING_SIGNS])
    return next((number for number, _, _ in find(heading)), None)


def _confidence(facts: DocumentFacts, number: str) -> float:
    """How sure OCR was of the word that holds the number; 0 where no word does."""
    digits = re.compile(rf"(?<!\d){re.escape(number)}(?!\d)")
    words = [w for line in facts.ocr if line.zone in _NUMBER_ZONES for w in line.words]
    return max((w.confidence for w in words if digits.search(w.text)), default=0.0)


def _reply(paper: CheckedPaper, found: Flaw) -> Reply:
    """One line of ASCII for the client; the whole of it is in ``vanthu why``."""
    advice = RULES[found.rule].advice
    text = f"{paper.name}: {found.rule}: {advice}".encode("ascii", "replace").decode()
    return Reply("5.7.1", "".join(c if c.isprintable() else " " for c in text)[:400])
