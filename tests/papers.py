"""Documents that a test knows everything of, for filters that ask about them."""

from collections.abc import Mapping
from hashlib import sha256

from gateway.mail.papers import DocumentFacts


class KnownDocuments:
    """A glass room that was told what is in each file, by the file's name."""

    def __init__(self, known: Mapping[str, DocumentFacts] | None = None) -> None:
        self.known = dict(known or {})
        self.asked: list[str] = []

    async def facts(self, data: bytes, name: str) -> DocumentFacts:
        self.asked.append(name)
        plain = DocumentFacts(name=name, size=len(data), sha256=sha256(data).hexdigest())
        return self.known.get(name, plain)
