"""Hexadecimal strings are read as pyHanko reads them, only at once."""

import importlib.util
import io
from types import ModuleType

import pytest
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfStreamError

from gateway.documents.hexadecimal import STEP, read_hex


def untouched() -> ModuleType:
    """pyHanko's module as it comes, whatever has been installed into the one in use."""
    assert generic.__spec__ is not None
    assert generic.__spec__.loader is not None
    fresh = importlib.util.module_from_spec(generic.__spec__)
    generic.__spec__.loader.exec_module(fresh)
    return fresh


@pytest.mark.parametrize(
    "data",
    [
        b"<>",
        b"<4>/Next",
        b"<41 42\n43\0>tail",
        b"<FEFF00C1>",
        b"<" + b"00" * STEP + b">>>",
        b"<" + b"41" * STEP + b"4>/x",
    ],
)
def test_as_pyhanko_does(data: bytes) -> None:
    ours, theirs = io.BytesIO(data), io.BytesIO(data)
    read, wanted = read_hex(ours), untouched().read_hex_string_from_stream(theirs)
    assert (type(read).__name__, read) == (type(wanted).__name__, wanted)
    assert ours.tell() == theirs.tell()


@pytest.mark.parametrize("data", [b"<4G>", b"<41", b"<"])
def test_what_is_none_is_refused(data: bytes) -> None:
    with pytest.raises(PdfStreamError):
        read_hex(io.BytesIO(data))
