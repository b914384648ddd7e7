"""What bears a secrecy stamp: encrypted before it is kept, opened by the officer alone."""

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import select

from filters.secrecy import SecrecyStamps
from gateway.archive.commands import Decide, Receive
from gateway.archive.journal import Entry
from gateway.archive.queries import Wanted
from gateway.archive.shelf import Shelf
from gateway.chain.chain import Chain, Link
from gateway.chain.inspection import Inspection
from gateway.cli.demo import make
from gateway.cli.main import main
from gateway.intake import entry
from gateway.mail.message import Message
from gateway.mail.session import Recipient, Transaction
from gateway.quarantine.envelope import BadEnvelope, Envelope, new_key
from gateway.registry.schema import views
from gateway.roles.chapters import chapters
from gateway.runtime.ids import new_id
from gateway.settings.errors import Mistakes
from gateway.settings.read import read_settings
from tests.documents.office import sent
from tests.papers import KnownDocuments
from tests.registry.office import CONFIG

PHRASE = "mot hai ba bon nam"
NOW = datetime(2026, 8, 10, 5, tzinfo=UTC)


def _received(envelope: Envelope | None, mode: str = "enforce") -> Entry:
    """A letter whose subject bears a stamp, as the door hands it to the journal."""
    return asyncio.run(_walked(envelope, mode))


async def _walked(envelope: Envelope | None, mode: str) -> Entry:
    mail = sent(KnownDocuments({}), "x.txt", b"doan khach sao dem", office="Sở",
                subject="[MẬT] ke hoach sao dem", user="")  # fmt: skip
    services = replace(mail.session.services, envelope=envelope)
    session = replace(mail.session, services=services)
    link = Link("secrecy", SecrecyStamps(), mode)  # type: ignore[arg-type]
    walk = Inspection(Chain("inbound", ((link,),)), session)
    await walk.mail(Transaction(session, new_id(), mail.transaction.sender))
    for recipient in mail.transaction.recipients:
        await walk.rcpt(Recipient(recipient.address))
    return entry(await walk.message(Message(bytes(mail.message))), NOW)


@dataclass
class Office:
    """A gateway that folds, with the officer's key, and a terminal."""

    config: Path
    data: Path
    key: Path
    phrase: Path
    shelf: Shelf
    capsys: pytest.CaptureFixture[str]

    def __call__(self, *words: str, fails: bool = False) -> str:
        self.capsys.readouterr()
        status = main(["--config", str(self.config), *words])
        out, err = self.capsys.readouterr()
        assert (status != 0) == fails, (words, out, err)
        return out + err

    def secrecy(self, *words: str, fails: bool = False) -> str:
        key = ("--key", str(self.key), "--passphrase-file", str(self.phrase))
        return self("secrecy", *words, *key, fails=fails)

    def keep(self, entry: Entry) -> str:
        (kept,) = self.shelf.journal.append_now([entry])
        assert self.shelf.applier is not None
        assert self.shelf.applier.wait_for(kept.seq), "the rows have not come"
        return str(kept.number)

    def bytes_kept(self) -> bytes:
        return b"".join(p.read_bytes() for p in (self.data / "journal").iterdir() if p.is_file())


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two officers' keys: they take a second each to make."""
    folder = tmp_path_factory.mktemp("keys")
    for name in "ab":
        new_key(folder / f"{name}.pem", folder / f"{name}.key", name, PHRASE, NOW)
    return folder


@pytest.fixture(scope="module")
def config(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demonstration's settings, with one officer's certificate."""
    folder = make(CONFIG, tmp_path_factory.mktemp("made"))
    shutil.copy(keys / "a.pem", folder / "secrecy.pem")
    return folder


@pytest.fixture
def office(
    keys: Path,
    config: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Office]:
    monkeypatch.setenv("VANTHU_LANG", "en")
    config = shutil.copytree(config, tmp_path / "config")
    shelf = Shelf(tmp_path / "data", applies=True, chapters=chapters())
    shelf.start()
    phrase = tmp_path / "phrase"
    phrase.write_text(PHRASE + "\n", encoding="utf-8")
    made = Office(config, tmp_path / "data", keys / "a.key", phrase, shelf, capsys)
    text = (config / "vanthu.toml").read_text(encoding="utf-8")
    told = text.replace("certificates = [] ", 'certificates = ["secrecy.pem"] ')
    assert told != text
    (config / "vanthu.toml").write_text(told, encoding="utf-8")
    yield made
    shelf.close()


def test_contained_it_is_on_no_disk_in_clear_and_only_the_officer_opens_it(
    office: Office, tmp_path: Path
) -> None:
    entry_ = _received(read_settings(office.config).secrecy.envelope)
    number = office.keep(entry_)
    assert b"sao dem" not in office.bytes_kept()
    assert number in office("secrecy", "list")
    assert "secrecy release" in office("release", number, fails=True)
    assert "secrecy release" in office("quarantine", "release", number, fails=True)
    assert isinstance(entry_.command, Receive)
    office.keep(
        Entry(Decide(entry_.command.id, "quarantine", "release", "lan", 1))
    )  # By hand, past the terminal.
    (found,) = office.shelf.queries.find(Wanted())
    assert (found.state, found.subject, found.sealing) == ("held", "", "enclosed")
    opened = tmp_path / "opened.eml"
    office.secrecy("open", number, "--reason", "to see what came", "--out", str(opened))
    assert b"doan khach sao dem" in opened.read_bytes()
    assert office.shelf.applier is not None
    assert office.shelf.applier.wait_for(office.shelf.journal.last)
    with office.shelf.engine.connect() as connection:
        (seen,) = connection.execute(select(views)).all()
    assert (seen.object, seen.what, seen.query) == (found.id, "secret", "to see what came")
    office.phrase.write_text("not this one\n", encoding="utf-8")
    office.secrecy("open", number, "--reason", "guess", "--out", str(tmp_path / "x"), fails=True)
    assert not (tmp_path / "x").exists()
    assert all(not why for _, why in office.shelf.journal.verify())


def test_no_secret_it_goes_on_once_and_is_found(office: Office) -> None:
    entry_ = _received(read_settings(office.config).secrecy.envelope)
    number = office.keep(entry_)
    assert isinstance(entry_.command, Receive)
    office.secrecy("release", number, "--reason", "an old stamp, lifted in 2020")
    new, old = office.shelf.queries.find(Wanted())
    assert (old.state, new.state, new.direction) == ("withdrawn", "accepted", "in")
    assert new.subject == "[MẬT] ke hoach sao dem"
    assert {state for _, state in new.recipients} == {"owed"}
    record = office.shelf.queries.record(new)
    assert b"doan khach sao dem" in record.raw
    assert "lifted in 2020" in office("why", new.id)
    assert "is not held" in office.secrecy("release", number, "--reason", "again", fails=True)
    assert isinstance(record.command, Receive)
    office.keep(Entry(replace_id(record.command), (record.raw,), numbered=True))
    again = office.shelf.queries.find(Wanted())[0]
    assert (again.state, again.recipients[0][1]) == ("discarded", "discarded")
    assert office("archive", "verify", "--rows").endswith("in order\n")


def replace_id(command: Receive) -> Receive:
    """The same word of the officer, said a second time."""
    return msgspec.structs.replace(command, id=new_id())


def test_the_key_may_live_elsewhere(office: Office, tmp_path: Path) -> None:
    """What lies there is S/MIME: another program opens it, and it comes back unchanged."""
    entry_ = _received(read_settings(office.config).secrecy.envelope)
    number = office.keep(entry_)
    there, clear = tmp_path / "there.eml", tmp_path / "clear.eml"
    office("secrecy", "open", number, "--enclosed", "--reason", "to open it at home",
           "--out", str(there))  # fmt: skip
    assert b"sao dem" not in there.read_bytes()
    openssl = shutil.which("openssl")
    assert openssl, "openssl is not here"
    words = [openssl, "cms", "-decrypt", "-inform", "SMIME", "-binary", "-in", str(there)]
    words += ["-inkey", str(office.key), "-passin", f"pass:{PHRASE}", "-out", str(clear)]
    subprocess.run(words, check=True, timeout=30)
    whole = clear.read_bytes()
    clear.write_bytes(whole + b"x")
    differs = ("release", number, "--reason", "none", "--clear", str(clear))
    assert "hash differs" in office("secrecy", *differs, fails=True)
    clear.write_bytes(whole)
    office("secrecy", *differs)
    assert office.shelf.queries.find(Wanted())[0].state == "accepted"


def test_without_a_key_it_is_as_it_was_and_observed_it_goes_on(keys: Path) -> None:
    plain = _received(None)
    assert b"sao dem" in b"".join(plain.raw)
    watched = _received(Envelope.load([keys / "a.pem"]), "observe")
    assert isinstance(watched.command, Receive)
    assert (watched.command.state, watched.command.enclosed_for) == ("accepted", ())
    assert b"sao dem" in b"".join(watched.raw)


def test_each_of_several_keys_opens_it_and_no_other(keys: Path) -> None:
    first, second = (Envelope.load([keys / f"{name}.pem"]) for name in "ab")
    both = Envelope((*first.certificates, *second.certificates))
    letter = b"Subject: x\n\nlines\nof their own\r\n"
    for name in "ab":
        clear = both.disclose(both.enclose(letter), keys / f"{name}.key", PHRASE.encode())
        assert clear == letter
    for wrong in (first, both):
        with pytest.raises(BadEnvelope):
            wrong.disclose(first.enclose(letter), keys / "b.key", PHRASE.encode())
    assert both.ended(NOW) == []
    assert both.ended(NOW.replace(year=2037)) == ["CN=a", "CN=b"]


def test_a_key_is_made_once_and_its_file_is_its_owners(office: Office, tmp_path: Path) -> None:
    key, certificate = tmp_path / "new.key", tmp_path / "new.pem"
    words = ["secrecy", "new-key", "Binh", "--passphrase-file", str(office.phrase)]
    words += ["--key", str(key), "--certificate", str(certificate)]
    assert "new.pem" in office(*words)
    assert key.stat().st_mode & 0o077 == 0
    assert b"ENCRYPTED" in key.read_bytes()
    assert "is there already" in office(*words, fails=True)
    assert len(Envelope.load([certificate]).names) == 1


def test_a_certificate_that_is_none_is_a_mistake_with_its_line(
    config: Path, tmp_path: Path
) -> None:
    config = shutil.copytree(config, tmp_path / "config")
    file = config / "vanthu.toml"
    text = file.read_text(encoding="utf-8")
    file.write_text(
        text.replace("certificates = [] ", 'certificates = ["demo.key"] '), encoding="utf-8"
    )
    with pytest.raises(Mistakes, match=r"vanthu.toml:\d+: secrecy.certificates: .*no certificate"):
        read_settings(config)
