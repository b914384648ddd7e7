"""``[documents]`` in vanthu.toml: how documents are read."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class DocumentsTable(BaseModel):
    """Each document is read in a process of its own, without rights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    at_once: int = Field(default=2, ge=1, le=64)
    """Documents that are read at the same time; as many as there are processors to spare."""
    waiting: int = Field(default=200, ge=1)
    """Documents that may wait for their turn; for more, the filters fail and the mail waits."""
    memory_mib: int = Field(default=1024, ge=512)
    """Address space of one reader. Bombs ask for more."""
    cpu_s: int = Field(default=15, ge=1)
    wall_s: float = Field(default=25.0, gt=0)
    """After this many seconds a reader is killed."""
    pages: int = Field(default=300, ge=1)
    """A longer PDF is not read: its pages are counted, no more."""
    warm_s: float = Field(default=10.0, ge=0)
    """So many seconds after the gateway the readers are started, where a filter reads documents:
    starting takes 4 s, which the first document would have to wait. 0: when that one comes."""
    ca_folder: Path | None = None
    """Certificates of the authorities whose signatures are trusted, and of those between (PEM or
    DER: .crt .cer .pem), and their revocation lists (.crl). Read again when the folder changes."""
    ocr: bool = True
    """Read scans by tesseract, where it is installed."""
    languages: str = "vie"
    """Tesseract's names, with + between: ``vie+eng``."""
    second_engine: bool = True
    """Read number, date and signer of scans by a second engine too, where it is installed."""
    need_jail: bool = False
    """Read nothing where Landlock or seccomp is missing; otherwise the limits alone must do."""
