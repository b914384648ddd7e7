"""``vanthu check``: where a mistake stands, and what was probably meant."""

import shutil
from pathlib import Path

import pytest

from gateway.settings.errors import Mistakes
from gateway.settings.read import read_settings

HOME = Path(__file__).parents[2]


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The shipped settings, to be spoilt."""
    folder = tmp_path / "config"
    shutil.copytree(HOME / "config", folder, ignore=shutil.ignore_patterns("*.pem", "*.key"))
    main = folder / "vanthu.toml"
    lines = main.read_text(encoding="utf-8").splitlines(keepends=True)
    bare = [line for line in lines if not line.startswith(("certificate", "key "))]
    main.write_text("".join(bare), encoding="utf-8")
    return folder


def told(config: Path) -> list[str]:
    with pytest.raises(Mistakes) as wrong:
        read_settings(config)
    return [str(mistake).rpartition("/")[2] for mistake in wrong.value.mistakes]


def spoil(path: Path, right: str, wrong: str) -> int:
    """The line that was spoilt."""
    text = path.read_text(encoding="utf-8")
    at = text.index("\n" + right) + 1
    path.write_text(text[:at] + wrong + text[at + len(right) :], encoding="utf-8")
    return text[:at].count("\n") + 1


UNKNOWN = "there is no such setting; did you mean"


@pytest.mark.parametrize(
    ("file", "right", "wrong", "said"),
    [
        ("vanthu.toml", "purpose =", "purpos =", f"inbound.purpos: {UNKNOWN} purpose?"),
        ("vanthu.toml", "[limits]", "[limits]\nrecipient = 3", "did you mean recipients?"),
        ("routes.toml", "folder =", "foldr =", f"routes.0.maildir.foldr: {UNKNOWN} folder?"),
        ("chains.toml", "hops =", "hop =", f"filters.limits.hop: {UNKNOWN} hops?"),
        ("chains.toml", "steps = [", 'steps = ["dmrac", ', "no [filters.dmrac] in this file; did"),
        ("directory.toml", "leader =", "leeder =", f"leeder: {UNKNOWN} leader?"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_what_was_meant(
    config: Path, file: str, right: str, wrong: str, said: str
) -> None:
    line = spoil(config / file, right, wrong) + wrong.count("\n")
    lines = [one for one in told(config) if one.startswith(f"{file}:{line}: ")]
    assert any(said in one for one in lines), told(config)


def test_the_second_of_two_tables_is_told_by_its_own_line(config: Path) -> None:
    more = '\n[[routes]]\nto = ["*"]\nkind = "lmtp"\nhost = "127.0.0.1"\nprot = 24\n'
    routes = config / "routes.toml"
    text = routes.read_text(encoding="utf-8")
    before = sum(line.startswith("[[routes]]") for line in text.splitlines())
    routes.write_text(text + more, encoding="utf-8")
    at = (text + more).count("\n")
    said = f"routes.toml:{at}: routes.{before}.lmtp.prot: {UNKNOWN} port?"
    assert told(config) == [said]


def test_a_file_that_nothing_reads_is_told_with_the_name_that_it_should_have(config: Path) -> None:
    (config / "rutes.toml").write_text("")
    assert told(config) == [
        "rutes.toml:0: nothing reads this file; move it away; did you mean routes.toml?"
    ]


def test_a_mistake_makes_no_stranger_of_a_file_that_is_named_beside_it(config: Path) -> None:
    spoil(config / "vanthu.toml", "purpose =", "purpos =")
    assert all(one.startswith("vanthu.toml:") for one in told(config))
