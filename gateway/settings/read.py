"""A configuration folder, read whole: everything that can be wrong is told at once."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from gateway.approval.tables import ApprovalTable
from gateway.chain.chain import Chain
from gateway.delivery.route import RoutesTable
from gateway.directory.correspondents import CorrespondentsTable
from gateway.directory.tables import Tables
from gateway.dns.settings import DnsSettings
from gateway.documents.settings import DocumentsTable
from gateway.duty.settings import DutyTable
from gateway.identity.keyring import BadKeyring, Keyring
from gateway.mail.limits import Limits
from gateway.mail.people import ApprovalPolicy
from gateway.registry.tables import BooksTable
from gateway.runtime.nearest import near
from gateway.runtime.private import exposed
from gateway.settings.books import books_of
from gateway.settings.chains import read_chains
from gateway.settings.errors import Mistake, Mistakes, located
from gateway.settings.origin import DkimTable, Origin, read_origin
from gateway.settings.secrecy import Secrecy, SecrecyTable, read_secrecy
from gateway.settings.server import ServerTable, checked
from gateway.smtp.door import ListenerTable
from gateway.spam.settings import SpamSettings

READ = frozenset(
    {
        "vanthu.toml",
        "chains.toml",
        "routes.toml",
        "directory.toml",
        "passwords.toml",
        "rules.toml",
        "books.toml",
        "correspondents.toml",
        "approval.toml",
    }
)
"""Every file that is read. Another one in the folder is a mistake: somebody believes in it."""
BESIDE = frozenset({".md", ".pem", ".key", ".secret", ".example"})
"""Endings of files that may lie there and are not settings."""
SECRET_MIN = 16
"""Bytes of a secret that signs."""


class _Main(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    server: ServerTable
    listeners: dict[str, ListenerTable] = Field(min_length=1)
    limits: dict[str, object] = Field(default_factory=dict)
    dns: DnsSettings = DnsSettings()
    dkim: DkimTable = DkimTable()
    spam: SpamSettings = SpamSettings()
    documents: DocumentsTable = DocumentsTable()
    secrecy: SecrecyTable = SecrecyTable()
    duty: DutyTable = DutyTable()


class _Passwords(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    passwords: dict[str, str] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that config/ says, checked."""

    folder: Path
    server: ServerTable
    listeners: Mapping[str, ListenerTable]
    limits: Limits
    chains: Mapping[str, Chain]
    routes: RoutesTable
    directory: Tables
    passwords: Mapping[str, str]
    origin: Origin
    books: BooksTable
    correspondents: CorrespondentsTable
    spam: SpamSettings
    documents: DocumentsTable
    duty: DutyTable
    approval: ApprovalTable
    approval_keys: Keyring
    """The keys that sign approvals."""
    secrecy: Secrecy


def read_settings(folder: Path) -> Settings:
    """Read every file. Mistakes tells all that is wrong, each with file, line and key."""
    wrong: list[Mistake] = []
    main = checked(folder / "vanthu.toml", wrong, _Main.model_validate)
    routes = checked(folder / "routes.toml", wrong, RoutesTable.model_validate)
    people = checked(folder / "directory.toml", wrong, Tables.read)
    words = _Passwords()
    if (folder / "passwords.toml").exists():
        words = checked(folder / "passwords.toml", wrong, _Passwords.model_validate) or words
    books = books_of(folder, people, wrong)
    others = CorrespondentsTable()
    if (folder / "correspondents.toml").exists():
        others = checked(folder / "correspondents.toml", wrong, CorrespondentsTable.read) or others
    approval, approval_keys = _approval(folder, people, wrong)
    chains: Mapping[str, Chain] = {}
    try:
        chains = read_chains(folder / "chains.toml")
    except FileNotFoundError:
        wrong.append(Mistake(folder / "chains.toml", 0, "", "this file is needed"))
    except Mistakes as mistakes:
        wrong += mistakes.mistakes
    limits = _limits(folder / "vanthu.toml", main, wrong)
    origin = _origin(folder / "vanthu.toml", main, wrong)
    secrecy = Secrecy()
    if main is not None:
        secrecy = read_secrecy(main.secrecy, folder / "vanthu.toml", people, wrong)
    wrong += _strangers(folder, _named_by_filters(chains) | _named_by_main(folder, main))
    if routes is not None:
        wrong += _unreadable(folder, routes)
    wrong += _hooks(folder, books)
    if main is not None:
        wrong += _missing_ca(folder / "vanthu.toml", main)
        wrong += _unknown_chains(folder / "vanthu.toml", main, chains)
        wrong += _ungated(folder / "vanthu.toml", main, chains, people)
    if wrong or not (main and routes and people and limits and origin):
        raise Mistakes(wrong)
    return Settings(
        folder=folder,
        server=main.server.placed(folder),
        listeners=main.listeners,
        limits=limits,
        chains=chains,
        routes=routes.placed(folder),
        directory=people,
        passwords=words.passwords,
        origin=origin,
        books=books,
        correspondents=others,
        spam=_nested(main.spam, folder / main.server.data),
        documents=_with_ca(main.documents, folder),
        duty=main.duty,
        approval=approval,
        approval_keys=approval_keys,
        secrecy=secrecy,
    )


def _approval(
    folder: Path, people: Tables | None, wrong: list[Mistake]
) -> tuple[ApprovalTable, Keyring]:
    """approval.toml, or its defaults; and the keys that sign approvals."""
    path, table = folder / "approval.toml", ApprovalTable()
    if path.exists():
        table = checked(path, wrong, partial(ApprovalTable.read, people=people)) or table
    try:
        return table, Keyring.load(table.keys_in(folder))
    except BadKeyring as error:
        wrong.append(Mistake(path, 0, "keys", str(error)))
        return table, Keyring(())


def _origin(path: Path, main: _Main | None, wrong: list[Mistake]) -> Origin | None:
    if main is None:
        return None
    return read_origin(main.dns, main.dkim, path, main.listeners.values(), wrong)


def _limits(path: Path, main: _Main | None, wrong: list[Mistake]) -> Limits | None:
    if main is None:
        return None
    unknown = set(main.limits) - set(Limits.__slots__)
    text = path.read_text(encoding="utf-8")
    for name in sorted(unknown):
        what = f"there is no such limit{near(name, Limits.__slots__)}"
        wrong.extend(located(what, path, text, f"limits.{name}"))
    if unknown:
        return None
    try:
        return TypeAdapter(Limits).validate_json(json.dumps(main.limits))
    except ValidationError as error:
        wrong.extend(located(error, path, text, "limits"))
        return None


def _named_by_filters(chains: Mapping[str, Chain]) -> set[str]:
    """Files that a filter reads, such as rules.toml; where no chain could be read, that one."""
    links = [link for chain in chains.values() for step in chain.steps for link in step]
    files = {getattr(link.filter, "file", None) for link in links}
    return {Path(file).name for file in files if file} if chains else {"rules.toml"}


def _named_by_main(folder: Path, main: _Main | None) -> set[str]:
    """Files that vanthu.toml names; where it has mistakes, those whose names stand in it."""
    if main is not None:
        return {main.dns.zone.name} if main.dns.zone is not None else set()
    path = folder / "vanthu.toml"
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return {path.name for path in folder.iterdir() if path.name in text}


def _strangers(folder: Path, named: set[str]) -> list[Mistake]:
    found = sorted(path for path in folder.iterdir() if path.is_file())
    return [
        Mistake(path, 0, "", f"nothing reads this file; move it away{near(path.name, READ)}")
        for path in found
        if path.name not in READ | named
        and path.suffix not in BESIDE
        and not path.name.startswith(".")
    ]


def _unknown_chains(path: Path, main: _Main, chains: Mapping[str, Chain]) -> list[Mistake]:
    text = path.read_text(encoding="utf-8")
    wrong: list[Mistake] = []
    for name, table in main.listeners.items():
        if chains and table.chain not in chains:
            known = ", ".join(sorted(chains))
            what = f"there is no chain {table.chain!r} in chains.toml; there are: {known}"
            wrong += located(what, path, text, f"listeners.{name}.chain")
    if (main.server.certificate is None) != (main.server.key is None):
        wrong += located("certificate and key go together", path, text, "server")
    return wrong


def _unreadable(folder: Path, routes: RoutesTable) -> list[Mistake]:
    path = folder / "routes.toml"
    return [
        Mistake(path, 0, f"routes[{at}]", what) for at, what in routes.placed(folder).unreadable()
    ]


def _hooks(folder: Path, books: BooksTable) -> list[Mistake]:
    """Secrets and authorities of hooks that cannot be read, or that others can read."""
    path, wrong = folder / "books.toml", list[Mistake]()
    for key, hook in books.hooks.items():
        told: list[tuple[str, str]] = []
        try:
            told += [("secret", flaw)] if (flaw := exposed(hook.secret)) else []
            if len(hook.secret.read_bytes().strip()) < SECRET_MIN:
                told.append(("secret", f"{hook.secret}: {SECRET_MIN} bytes at least"))
        except OSError as error:
            told.append(("secret", f"it cannot be read: {error}"))
        if hook.ca is not None and not hook.ca.is_file():
            told.append(("ca", f"there is no file {hook.ca}"))
        text = path.read_text(encoding="utf-8") if told else ""
        for name, what in told:
            wrong += located(what, path, text, f"hooks.{key}.{name}")
    return wrong


def _missing_ca(path: Path, main: _Main) -> list[Mistake]:
    folder = main.documents.ca_folder
    if folder is None or (path.parent / folder).is_dir():
        return []
    text = path.read_text(encoding="utf-8")
    return list(located("there is no such folder", path, text, "documents.ca_folder"))


def _with_ca(table: DocumentsTable, folder: Path) -> DocumentsTable:
    if table.ca_folder is None:
        return table
    return table.model_copy(update={"ca_folder": folder / table.ca_folder})


def _ungated(
    path: Path, main: _Main, chains: Mapping[str, Chain], people: Tables | None
) -> list[Mistake]:
    """Listeners where mail can leave without approval that the directory asks for."""
    boxes = people.mailboxes.values() if people else ()
    if all(box.approval is ApprovalPolicy.NONE for box in boxes):
        return []
    text = path.read_text(encoding="utf-8")
    wrong: list[Mistake] = []
    for name, table in main.listeners.items():
        chain = chains.get(table.chain)
        lets_out = table.purpose != "inbound" or bool(table.relay_from)
        links = [link for step in chain.steps for link in step] if chain else []
        if lets_out and links and not any(link.filter.gates for link in links):
            what = (
                f"mail can leave here, directory.toml has mailboxes that need approval, and chain "
                f"{table.chain!r} lacks the filter approval"
            )
            wrong += located(what, path, text, f"listeners.{name}.chain")
    return wrong


def _nested(spam: SpamSettings, data: Path) -> SpamSettings:
    return spam.model_copy(update={"folder": data / spam.folder})
