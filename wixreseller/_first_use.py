"""Load and make what is heavy when it is first used: at once for all threads, and whole.

A client is made where a program starts, and often for nothing: aiohttp and all that stands on it is
loaded by its first call. Three things could go wrong in the middle of that, and must not:

* a fork: the child would wait for ever for the thread that was importing. So forks wait.
* Ctrl-C, or a signal handler that raises or makes a call itself: a module would stay half loaded,
  and some crash when they are loaded again. Python runs handlers on the main thread only. So while
  that loads, signals wait; or if another thread could hear them, that is what loads, and it waits.
* an error, no file descriptor being left, say, between a request and its own error, which it would
  hide. So what may follow a request is loaded before the first one leaves.
"""

from __future__ import annotations

import gc
import importlib
import os
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

from wixreseller.errors import ClientClosedError

if TYPE_CHECKING:
    from typing import Self

__all__ = ["LateModule", "at_first_use", "loading", "shut_down"]

_FROZEN_BY_PYTHON: Final = 1_000
"""More than Python 3.12 has frozen from the start, and freezes again if they are thawed: 375."""

S = TypeVar("S")
T = TypeVar("T")


def shut_down() -> ClientClosedError:
    """Make the error of a call that comes too late."""
    return ClientClosedError("the interpreter is shutting down; nothing was sent")


class _Loading:
    """Let one thread at a time load or make something; others, and forks, wait for it."""

    def __init__(self) -> None:
        self._lock = threading.RLock()
        self._thread: int | None = None
        if hasattr(os, "register_at_fork"):
            os.register_at_fork(
                before=self._lock.acquire,
                after_in_parent=self._lock.release,
                after_in_child=self._lock.release,
            )

    def is_here(self) -> bool:
        """Tell whether the caller is on the thread that is loading."""
        return self._thread == threading.get_ident()

    def run(self, make: Callable[[], T], *, begins_threads: bool = False) -> T:
        """Run a function that loads or makes something, and give what it gives.

        ``begins_threads``: they would inherit from this one that signals wait, and so would the
        processes that they start.

        Raises:
            ClientClosedError: the interpreter is shutting down.
        """
        if self.is_here():  # it makes a part of what is being made
            return make()
        if sys.is_finalizing():
            raise shut_down()
        if threading.current_thread() is not threading.main_thread():
            return self._alone(make)
        if begins_threads or not _is_only_thread():
            return self._beside(make)
        with _signals_waiting():
            return self._alone(make)

    def _alone(self, make: Callable[[], T], *, may_be_interrupted: bool = False) -> T:
        with self._lock:  # itself, for no interrupt comes between it and what it guards
            self._thread = threading.get_ident()
            try:
                # An interrupt could strike where the collector is off, and nothing turns it on.
                with nullcontext() if may_be_interrupted else _no_search_for_garbage():
                    return make()
            finally:
                self._thread = None

    def _beside(self, make: Callable[[], T]) -> T:
        made: list[T] = []
        errors: list[BaseException] = []

        def work() -> None:
            try:
                made.append(self._alone(make))
            except BaseException as error:  # noqa: BLE001  # it is raised where it was asked for
                errors.append(error)

        thread = threading.Thread(target=work, name="wixreseller-loading")
        try:
            thread.start()
        except RuntimeError:  # there are too many already
            return self._alone(make, may_be_interrupted=True)
        thread.join()
        if errors:
            raise errors.pop()
        return made.pop()


def _is_only_thread() -> bool:
    """Say whether this thread is surely the only one, those of C libraries included."""
    try:
        return len(os.listdir("/proc/self/task")) == 1  # noqa: PTH208  # pathlib is not loaded
    except OSError:
        return False


@contextmanager
def _signals_waiting() -> Generator[None, None, None]:
    """Let signals that have a handler wait, in a process that has no other thread.

    To load beside a thread that only waits takes a thirtieth longer: two share their memory.
    """
    import signal  # whoever loads anything loads this

    handled = [number for number in range(1, signal.NSIG) if callable(signal.getsignal(number))]
    # Each of these calls first does what it is to do, and then runs the handlers that are due.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    try:
        signal.pthread_sigmask(signal.SIG_BLOCK, handled)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _has_someone_frozen() -> bool:
    """Say whether somebody froze all objects that there were: they are thousands, with Python's."""
    return gc.get_freeze_count() > _FROZEN_BY_PYTHON


@contextmanager
def _no_search_for_garbage() -> Generator[None, None, None]:
    """Spare the garbage collector what modules make: it stays, and there is much of it.

    To look through it again and again was a twentieth of the way to the first answer.
    """
    if not gc.isenabled() or _has_someone_frozen():  # someone has plans of their own
        yield
        return
    known = len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > known and not _has_someone_frozen():  # who may have meanwhile
            # Together they count all as old without looking at it. What else was young is looked
            # at when the old is. But they also begin to count anew until the next search: where
            # clients are made again and again, it would never come.
            gc.freeze()
            gc.unfreeze()
        gc.enable()


# What is loaded asks for loggers, so a fork that waits for it must not hold the lock of logging. Of
# two handlers the one that was registered last is run first.
importlib.import_module("logging")
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

        def make() -> None:
            if self._name not in attributes:
                value = self.make(instance)
                # What made it may have asked for it, and it stays what it was then.
                attributes.setdefault(self._name, value)

        if self._name not in attributes:
            loading.run(make)
        return attributes[self._name]


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
        module = loading.run(lambda: importlib.import_module(self._module))
        self._names[self._module.rpartition(".")[2]] = module
        return getattr(module, name)
