"""Which settings a table may have: what an unknown one is held against."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from pydantic import BaseModel


def known_beside(title: str, loc: Sequence[int | str]) -> set[str]:
    """The settings that may stand where pydantic says that something unknown does.

    ``title`` and ``loc`` are those of its error: the name of the model that was asked for, and the
    way from there. Empty where that way cannot be followed.
    """
    here: list[object] = [model for model in _below(BaseModel) if model.__name__ == title]
    for step in loc[:-1]:
        here = [inner for kind in here for inner in _into(kind, step)]
    return {name for kind in here for model in _models(kind) for name in _fields(model)}


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for one in model.__subclasses__():
        yield one
        yield from _below(one)


def _fields(model: type[BaseModel]) -> dict[str, object]:
    return {field.alias or name: field.annotation for name, field in model.model_fields.items()}


def _into(kind: object, step: int | str) -> Iterator[object]:
    """What lies behind one step: a setting, an element, a value, or the union's part of a tag."""
    for one in _parts(kind):
        if isinstance(one, type) and issubclass(one, BaseModel):
            fields = _fields(one)
            if step in fields:
                yield fields[str(step)]
            elif any(get_origin(f) is Literal and step in get_args(f) for f in fields.values()):
                yield one
        elif inner := [arg for arg in get_args(one) if arg is not Ellipsis]:
            yield inner[-1]


def _models(kind: object) -> Iterator[type[BaseModel]]:
    for one in _parts(kind):
        if isinstance(one, type) and issubclass(one, BaseModel):
            yield one


def _parts(kind: object) -> Iterator[object]:
    """The kind itself, or all that a union may be."""
    if get_origin(kind) is Annotated:
        yield from _parts(get_args(kind)[0])
    elif get_origin(kind) in {Union, UnionType}:
        for one in get_args(kind):
            yield from _parts(one)
    else:
        yield kind
