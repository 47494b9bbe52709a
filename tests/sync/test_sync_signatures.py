"""The blocking classes have the members and signatures of the async ones, and no others."""

from __future__ import annotations

import inspect
import re

import pytest

from wixreseller import AsyncChanges, AsyncClient, AsyncPager, Changes, Client, Pager
from wixreseller.pagination import AsyncItemIterator, AsyncPageIterator
from wixreseller.resources.packages import AsyncPackages
from wixreseller.resources.product_instances import AsyncProductInstances
from wixreseller.sync import Packages, ProductInstances
from wixreseller.sync._pager import ItemIterator, PageIterator

PAIRS = [
    (AsyncClient, Client),
    (AsyncPackages, Packages),
    (AsyncProductInstances, ProductInstances),
    (AsyncPager, Pager),
    (AsyncPageIterator, PageIterator),
    (AsyncItemIterator, ItemIterator),
    (AsyncChanges, Changes),
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
    return (
        re.sub(r"\bAsync(?=[A-Z])", "", annotation) if isinstance(annotation, str) else annotation
    )


def signature(function: object) -> list[tuple[object, ...]]:
    assert callable(function)
    given = inspect.signature(function)
    shown = [(p.name, p.kind, p.default, renamed(p.annotation)) for p in given.parameters.values()]
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
