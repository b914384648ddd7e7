"""Real documents beside the project: their text layers are read as well as was promised."""

import json
from collections import defaultdict

import pytest

from gateway.mail.number import parse
from gateway.registry.document import read_document
from tests.load.fields import GOALS, drawn, marks
from tests.shared import shared


@pytest.mark.shared
def test_text_layers_are_read_right() -> None:
    folder = shared("data/vn/labels.jsonl").parent
    lines = (folder / "labels.jsonl").read_text(encoding="utf-8").splitlines()
    labels = [label for label in map(json.loads, lines) if label["text_file"]]
    found: dict[str, list[float]] = defaultdict(list)
    for label in labels:
        text = (folder / label["text_file"]).read_text(encoding="utf-8")
        said = read_document(drawn(text))
        for field, right in marks(said, label).items():
            found[field].append(right)
        wanted = parse(label["number_symbol"])
        if said.number.is_certain:
            assert said.number.best
            assert wanted
            assert said.number.best.key == wanted.key, label["id"]
    for field, goal in {**GOALS, "signer": 0.99, "recipients": 0.95}.items():
        assert sum(found[field]) >= goal * len(found[field]), field
