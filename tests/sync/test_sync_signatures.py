"""What blocks has the members and signatures of what is async, and no others."""

from __future__ import annotations

import inspect
import re
import types

import pytest

from wixreseller import AsyncChanges, AsyncClient, AsyncPager, Changes, Client, Pager, bulk
from wixreseller._first_use import at_first_use
from wixreseller.pagination import AsyncItemIterator, AsyncPageIterator
from wixreseller.resources.packages import AsyncPackages
from wixreseller.resources.product_instances import AsyncProductInstances
from wixreseller.sync import Packages, ProductInstances
from wixreseller.sync import bulk as blocking_bulk
from wixreseller.sync._pager import ItemIterator, PageIterator

PAIRS = [
    (AsyncClient, Client),
    (AsyncPackages, Packages),
    (AsyncProductInstances, ProductInstances),
    (AsyncPager, Pager),
    (AsyncPageIterator, PageIterator),
    (AsyncItemIterator, ItemIterator),
    (AsyncChanges, Changes),
    (bulk.Audit, blocking_bulk.Audit),
]
RENAMED = {
    "aclose": "close",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
}


def members(cls: type) -> dict[str, object]:
    """Give what a class itself defines for its users; only the client's constructor is theirs."""
    defined: dict[str, object] = {
        name: value
        for name, value in vars(cls).items()
        if not name.startswith("_") or (name.startswith("__") and inspect.isfunction(value))
    }
    if cls not in (AsyncClient, Client):
        defined.pop("__init__")
    return defined


def renamed(annotation: object) -> object:
    if not isinstance(annotation, str):
        return annotation
    without = re.sub(r" \| AsyncIterable\[.*?\]", "", annotation)
    batched = re.sub(r"\bAsync(?:Iterator|Generator)\[(\w+)(?:, None)?\]", r"Batches[\1]", without)
    return re.sub(r"\bAsync(?=[A-Z])", "", batched)


def comparable(default: object) -> object:
    """Compare functions by what they do: each module has a default of its own."""
    return default.__code__.co_code if isinstance(default, types.FunctionType) else default


def signature(function: object) -> list[tuple[object, ...]]:
    assert callable(function)
    given = inspect.signature(function)
    shown = [
        (p.name, p.kind, comparable(p.default), renamed(p.annotation))
        for p in given.parameters.values()
    ]
    return [*shown, ("return", renamed(given.return_annotation))]


@pytest.mark.parametrize(("async_class", "blocking_class"), PAIRS)
def test_each_member_has_its_twin_and_none_has_no_original(
    async_class: type, blocking_class: type
) -> None:
    expected = {RENAMED.get(name, name) for name in members(async_class)}
    # A plain attribute of one of the iterators is a property of its twin.
    instance_attributes = {"cursor"} if async_class is AsyncPageIterator else set[str]()

    assert expected | instance_attributes == members(blocking_class).keys()


@pytest.mark.parametrize(("async_class", "blocking_class"), PAIRS)
def test_signatures_agree_in_names_kinds_defaults_and_annotations(
    async_class: type, blocking_class: type
) -> None:
    twins = members(blocking_class)
    for name, original in members(async_class).items():
        twin = twins[RENAMED.get(name, name)]
        if isinstance(original, property):
            assert isinstance(twin, property)
            original, twin = original.fget, twin.fget
        if isinstance(original, at_first_use):
            assert isinstance(twin, at_first_use)
            original, twin = vars(original)["make"], vars(twin)["make"]
        assert signature(original) == signature(twin), name
        assert not inspect.iscoroutinefunction(twin), name


@pytest.mark.parametrize(("async_class", "blocking_class"), PAIRS)
def test_attributes_agree_and_every_public_member_is_documented(
    async_class: type, blocking_class: type
) -> None:
    expected = {name: renamed(kind) for name, kind in async_class.__annotations__.items()}

    assert expected == blocking_class.__annotations__
    for name, member in members(blocking_class).items():
        assert name.startswith("__") or inspect.getdoc(member), name


@pytest.mark.parametrize(("async_class", "blocking_class"), PAIRS)
def test_blocking_classes_hold_async_ones_and_do_not_inherit(
    async_class: type, blocking_class: type
) -> None:
    assert (object,) == blocking_class.__bases__


# --- functions ----------------------------------------------------------------------------------


def functions(module: types.ModuleType, client: str) -> dict[str, object]:
    """Give the public functions of a module that take a client."""
    public = {name: getattr(module, name) for name in module.__all__}
    return {
        name: value
        for name, value in public.items()
        if inspect.isfunction(value)
        and any(p.annotation == client for p in inspect.signature(value).parameters.values())
    }


ASYNC_FUNCTIONS = functions(bulk, "AsyncClient")


def test_each_function_that_takes_a_client_has_its_twin_and_none_has_no_original() -> None:
    offered = set(blocking_bulk.__all__)

    assert {"run", "apply", "resume", "verify", "audit"} <= ASYNC_FUNCTIONS.keys()
    assert ASYNC_FUNCTIONS.keys() == functions(blocking_bulk, "Client").keys()
    assert {"Audit", "Stop"} == offered - ASYNC_FUNCTIONS.keys()


@pytest.mark.parametrize("name", ASYNC_FUNCTIONS)
def test_signatures_of_functions_agree_and_docstrings_but_for_what_is_async(name: str) -> None:
    original, twin = ASYNC_FUNCTIONS[name], getattr(blocking_bulk, name)
    text = inspect.getdoc(original)

    assert text is not None
    assert signature(original) == signature(twin)
    assert text.replace("wixreseller.bulk.run", "wixreseller.sync.bulk.run") == inspect.getdoc(twin)
    assert not inspect.iscoroutinefunction(twin)
    assert not inspect.isasyncgenfunction(twin)


def test_a_blocking_stop_has_what_users_of_the_async_one_have() -> None:
    of_the_run_itself = {"on_request", "forget"}
    attributes = {"reason", "error"}
    public = {name for name in vars(bulk.Stop) if not name.startswith("_")}

    twins = {name for name in vars(blocking_bulk.Stop) if not name.startswith("_")}

    assert (public - of_the_run_itself) | attributes == twins
    assert signature(bulk.Stop.request) == signature(blocking_bulk.Stop.request)
