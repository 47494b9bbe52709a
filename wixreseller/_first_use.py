"""Load and make what is heavy when it is first used: at once for all threads, and whole.

A client is made where a program starts, and often for nothing: aiohttp and all that stands on it is
loaded by its first call. A thread that loads holds one lock, and a fork waits for that lock: a
child that began in the middle of an import would wait for ever for the thread that was importing.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

if TYPE_CHECKING:
    from typing import Self

__all__ = ["LateModule", "at_first_use", "is_made", "loading"]

S = TypeVar("S")
T = TypeVar("T")


class _Loading:
    """Let other threads, and forks, wait while something is loaded or made.

    It may be entered again by the thread that is in it: signal handlers and destructors make calls.
    """

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._lets_forks_wait = not hasattr(os, "register_at_fork")

    def __enter__(self) -> None:
        if not self._lets_forks_wait:
            # What is loaded asks for loggers, so a fork that waits here must not hold the lock of
            # logging. Of two handlers the one that was registered last is run first.
            importlib.import_module("logging")
            # Two threads that come here at once would only have it locked twice.
            os.register_at_fork(
                before=self._lock.acquire,
                after_in_parent=self._go_on,
                after_in_child=self._go_on,
            )
            self._lets_forks_wait = True
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _go_on(self) -> None:
        with contextlib.suppress(RuntimeError):  # registered since the fork began
            self._lock.release()


loading: Final = _Loading()


class at_first_use(Generic[S, T]):  # noqa: N801  # a decorator, named like cached_property
    """Have an attribute made by a function when it is first asked for.

    As :class:`functools.cached_property` does, but once whichever threads ask, and never while a
    process forks.
    """

    def __init__(self, make: Callable[[S], T]) -> None:
        self.make = make
        self.__doc__ = make.__doc__
        self._name = make.__name__

    @overload
    def __get__(self, instance: None, owner: type[S], /) -> Self: ...
    @overload
    def __get__(self, instance: S, owner: type[S], /) -> T: ...
    def __get__(self, instance: S | None, owner: type[S], /) -> Self | T:
        if instance is None:
            return self
        attributes: dict[str, T] = vars(instance)
        with loading:
            if self._name not in attributes:
                value = self.make(instance)
                # What made it may have been interrupted by a signal handler that made it, too.
                attributes.setdefault(self._name, value)
            return attributes[self._name]


def is_made(instance: object, name: str) -> bool:
    """Say whether an attribute has been made; ask with ``loading`` held if that must stay so."""
    return name in vars(instance)


class LateModule:
    """Stand for a module in the names of another until something of it is asked for.

    Type checkers see the import that it replaces::

        if TYPE_CHECKING:
            from wixreseller import reconcile
        else:
            reconcile = LateModule("wixreseller.reconcile", globals())
    """

    def __init__(self, module: str, names: dict[str, Any]) -> None:
        self._module = module
        self._names = names

    def __getattr__(self, name: str) -> object:
        with loading:
            module = importlib.import_module(self._module)
        self._names[self._module.rpartition(".")[2]] = module
        return getattr(module, name)
