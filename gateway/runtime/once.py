"""A property that is computed when it is first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator, beside ``property``.
    """``functools.cached_property`` without the lock that Python 3.11 takes each time.

    That lock is one for all objects of a class and costs more than most views of a message do.
    Two threads that ask at the same time both compute; the views are pure, so nobody can tell.
    """

    def __init__(self, make: Callable[[Any], T]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, _owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, thing: None, owner: type) -> once[T]: ...

    @overload
    def __get__(self, thing: object, owner: type) -> T: ...

    def __get__(self, thing: object | None, owner: type) -> once[T] | T:
        if thing is None:
            return self
        # From now on the value stands in the way of this descriptor, and is found without a call.
        value = thing.__dict__[self._name] = self._make(thing)
        return value
