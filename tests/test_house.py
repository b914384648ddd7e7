"""The house itself: short functions, one subject a file, and nothing that is not explained."""

import ast
import importlib.util
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from gateway.chain import registry
from gateway.cli.main import main
from gateway.mail.limits import Limits
from gateway.mail.message import Message

HOME = Path(__file__).parents[1]
CODE = sorted([*(HOME / "gateway").rglob("*.py"), *(HOME / "filters").rglob("*.py")])
FILTERS = sorted(p.stem for p in (HOME / "filters").glob("*.py") if p.stem != "__init__")

LINES_OF_A_FUNCTION = 60
LINES_OF_A_FILE = 400

CATCH_ALL = {
    "gateway/approval/rounds.py": 1,  # The desk's loop, over one message.
    "gateway/archive/indexer.py": 1,  # The indexer, over strangers' bytes.
    "gateway/archive/writers.py": 1,  # Those who wait for the journal's writer must be told.
    "gateway/chain/inspection.py": 1,  # A filter's call.
    "gateway/delivery/worker.py": 1,  # The postman's loop.
    "gateway/documents/guard.py": 1,  # A jailed reader, over a stranger's file.
    "gateway/smtp/wire.py": 2,  # A door's top: what came in, and what was waited for.
}
"""Where everything may be caught, how often: nowhere else, so that bugs are seen."""


def name(path: Path) -> str:
    return path.relative_to(HOME).as_posix()


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def catches_all(handler: ast.ExceptHandler) -> bool:
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    names = {kind.id for kind in kinds if isinstance(kind, ast.Name)}
    return handler.type is None or bool(names & {"Exception", "BaseException"})


@pytest.mark.parametrize("path", CODE, ids=name)
def test_a_file_has_one_subject_and_its_functions_fit_a_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LINES_OF_A_FILE
    tree = ast.parse(text)
    if path.name != "__init__.py" or tree.body:
        assert ast.get_docstring(tree), "a module begins with a sentence that says what it is for"
    long = {
        node.name: lines
        for node in functions(tree)
        if (lines := (node.end_lineno or 0) - node.lineno + 1) > LINES_OF_A_FUNCTION
    }
    assert long == {}


def test_everything_is_caught_in_few_places_only() -> None:
    found: dict[str, int] = {}
    for path in CODE:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ExceptHandler) and catches_all(node):
                found[name(path)] = found.get(name(path), 0) + 1
    assert found == CATCH_ALL


def test_no_unfinished_words() -> None:
    marks = re.compile(r"\b(TODO|FIXME|XXX|raise NotImplementedError)\b")
    found = [name(p) for p in CODE if marks.search(p.read_text(encoding="utf-8"))]
    assert found == []


@pytest.mark.parametrize("filter_", FILTERS)
def test_a_filter_and_each_of_its_settings_are_explained(filter_: str) -> None:
    kind = registry.load(filter_)
    assert kind.__doc__
    assert kind.__doc__.strip()
    told = _documented(HOME / "filters" / f"{filter_}.py", kind.__name__)
    own = {field for field in kind.model_fields if field in kind.__annotations__}
    assert own <= told, "a text behind a field says what it is for"


def _documented(path: Path, kind: str) -> set[str]:
    """The fields of a class that have a text behind them."""
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ClassDef) and node.name == kind:
            pairs = zip(node.body, node.body[1:], strict=False)
            return {
                field.target.id
                for field, text in pairs
                if isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(text, ast.Expr)
                and isinstance(text.value, ast.Constant)
            }
    return set()


@pytest.mark.parametrize("filter_", FILTERS)
def test_the_shipped_chains_show_how_a_filter_is_set(filter_: str) -> None:
    text = (HOME / "config" / "chains.toml").read_text(encoding="utf-8")
    assert re.search(rf"^#? ?\[filters\.{filter_}\]", text, re.MULTILINE)


def test_every_limit_has_its_reason() -> None:
    tree = ast.parse((HOME / "gateway" / "mail" / "limits.py").read_text(encoding="utf-8"))
    (limits,) = [n for n in tree.body if isinstance(n, ast.ClassDef)]
    told = sum(isinstance(n, ast.Expr) for n in limits.body) - 1  # The class's own.
    assert told == len(Limits.__slots__)


def test_the_shipped_settings_are_in_order(tmp_path: Path) -> None:
    """``vanthu demo`` makes what git does not keep; here it is made without being started."""
    from gateway.cli.demo import make

    folder = make(HOME / "config", tmp_path)
    assert main(["--config", str(folder), "check"]) == 0


def test_the_readmes_commands_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    text = (HOME / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `vanthu ([^`]+)` \|", text, re.MULTILINE)
    commands = {word for row in rows for word in row.split()[0].split("\\|") if word.isalpha()}
    assert commands
    for command in sorted(commands):
        with pytest.raises(SystemExit) as ended:
            main([command, "--help"])
        assert ended.value.code == 0, f"the README names `vanthu {command}`"
        assert capsys.readouterr().out


def test_imports_point_one_way() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    if not program.exists() and not shutil.which("lint-imports"):
        pytest.fail("import-linter is not installed; run `make test`, which installs it")
    done = subprocess.run([program], cwd=HOME, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


def test_the_filter_in_the_filters_guide_works(tmp_path: Path) -> None:
    """What a newcomer copies from ``filters/README.md`` is a filter as it stands there."""
    text = (HOME / "filters" / "README.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    file = tmp_path / "shouting.py"
    file.write_text(code, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("shouting", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.Shouting().stages() == {"message"}
    for subject, points in ((b"HOP GAP", 1), (b"Hop", 0)):
        message = Message(b"Subject: " + subject + b"\r\n\r\nx\r\n")
        said = module.Shouting().message(SimpleNamespace(message=message))
        assert len(said.points if said else ()) == points
