"""What a command does not stand on is not imported for it."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from gateway.cli.commands import COMMANDS
from gateway.cli.demo import make
from gateway.cli.main import main

HOME = Path(__file__).parents[2]

HEAVY = {
    "aiosmtpd",
    "aiosmtplib",
    "cryptography",
    "dkim",
    "dns",
    "filters",
    "fpdf",
    "httpx",
    "numpy",
    "pikepdf",
    "pyhanko",
    "uvloop",
    "xlsxwriter",
}


def loaded(*argv: str) -> set[str]:
    """The packages that a process has loaded when ``vanthu`` with these words has ended."""
    code = (
        "import sys\n"
        "from contextlib import suppress\n"
        "from gateway.cli.main import main\n"
        "with suppress(SystemExit):\n"
        "    main(sys.argv[1:])\n"
        "print('\\n' + ' '.join(sys.modules), file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, *argv], capture_output=True, text=True, check=True, cwd=HOME
    )
    return set(done.stderr.splitlines()[-1].split())


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command.name)
def test_every_command_says_what_it_takes(
    command: object, capsys: pytest.CaptureFixture[str]
) -> None:
    name = getattr(command, "name", "")
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"vanthu {name}" in capsys.readouterr().out


def test_every_module_of_commands_is_named_by_one() -> None:
    """A page with ``add`` that no command names could never be called."""
    named = {(command.module, command.function) for command in COMMANDS}
    for path in (HOME / "gateway" / "cli").glob("*.py"):
        if path.stem in {"__init__", "__main__", "main", "commands"}:
            continue
        module = import_module(f"gateway.cli.{path.stem}")
        adds = {
            name
            for name, value in vars(module).items()
            if (name == "add" or name.startswith("add_"))
            and getattr(value, "__module__", "") == module.__name__
            and name != "add_asker"
        }
        assert {(path.stem, name) for name in adds} <= named


def test_help_imports_nothing_but_words() -> None:
    got = loaded("--help")
    assert not got & (HEAVY | {"sqlalchemy", "pydantic", "asyncio", "msgspec"})


def test_looking_up_imports_the_archive_alone(tmp_path: Path) -> None:
    config = make(HOME / "config", tmp_path)
    archive = {"sqlalchemy", "gateway.archive.queries"}
    loaded("--config", str(config), "queue", "list")  # The first one makes the rows.
    for words in (["queue", "list"], ["find", "50/QĐ-SNgV"], ["why", "2026-0000001"]):
        got = loaded("--config", str(config), *words)
        assert archive <= got
        assert not got & HEAVY, words
        assert not {name for name in got if name.startswith("sqlalchemy.dialects.postgresql")}
