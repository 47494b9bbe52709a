"""The examples in docstrings run as printed, those of the blocking classes with plain calls."""

from __future__ import annotations

import ast
import asyncio
import inspect
import textwrap
import types
from collections.abc import Coroutine
from typing import Any, cast

import pytest

import wixreseller
from wixreseller import AsyncClient, BillingInfo, Client, CycleUnit, Product
from wixreseller.emulator.default_seed import API_KEY, PREMIUM_BASIC, SITES, SUB_ACCOUNTS
from wixreseller.resources.packages import AsyncPackages
from wixreseller.resources.product_instances import AsyncProductInstances
from wixreseller.sync import Packages, ProductInstances
from wixreseller.testing import EmulatorControl

ACCOUNT = SUB_ACCOUNTS[0]
SITE = SITES[ACCOUNT][0]
ORDER = Product(
    catalog_product_id=PREMIUM_BASIC,
    country_code="BR",
    billing_info=BillingInfo.recurring(1, CycleUnit.YEAR),
)
CLASSES: list[type] = [
    AsyncClient,
    AsyncPackages,
    AsyncProductInstances,
    Client,
    Packages,
    ProductInstances,
]
# Methods that show nothing: those of a context manager, one for APIs that are not here, one
# word's worth.
WITHOUT = {
    *("aclose", "close", "request"),
    *("AsyncPackages", "Packages", "AsyncProductInstances", "ProductInstances"),
    *("AsyncPackages.cancel", "Packages.cancel"),
}


def example_in(documented: object) -> str:
    """Give the code behind ``Example::`` in a docstring."""
    text = inspect.getdoc(documented) or ""
    _, _, rest = text.partition("Example::\n")
    lines: list[str] = []
    for line in rest.splitlines():
        if line and not line.startswith("    "):
            break
        lines.append(line)
    return textwrap.dedent("\n".join(lines)).strip()


def documented() -> dict[str, object]:
    """Give all public classes and methods."""
    found: dict[str, object] = {}
    for cls in CLASSES:
        found[cls.__name__] = cls
        for name, member in vars(cls).items():
            if inspect.isfunction(member) and not name.startswith("_"):
                found[f"{cls.__name__}.{name}"] = member
    return found


EXAMPLES = {name: code for name, item in documented().items() if (code := example_in(item))}


def test_every_method_has_an_example() -> None:
    expected = {
        name
        for name in documented()
        if name not in WITHOUT and name.rpartition(".")[2] not in WITHOUT
    }

    assert expected == set(EXAMPLES)


def test_blocking_examples_are_the_async_ones_without_await() -> None:
    for name, code in EXAMPLES.items():
        if name.startswith("Async"):
            plain = code.replace("await ", "").replace("async ", "").replace("Async", "")
            assert plain == EXAMPLES[name.removeprefix("Async")]
        else:
            assert "await" not in code
            assert "async" not in code


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_runs(
    name: str,
    emulator_url: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    EmulatorControl(emulator_url).change_settings(delivery_seconds=0.0)
    monkeypatch.setenv("WIXRESELLER_BASE_URL", emulator_url)
    settings: dict[str, Any] = {"api_key": API_KEY, "account_id": ACCOUNT, "rate_limit": None}
    with Client(**settings) as client:
        package = client.packages.create([ORDER], external_id="sub-42")
        if ".unassign" in name:
            instance_id = package.product_instances[0].instance_id
            package = client.product_instances.assign_to_site(instance_id, site_id=SITE)
    names: dict[str, object] = {
        **{public: getattr(wixreseller, public) for public in wixreseller.__all__},
        "api_key": API_KEY,
        "account_id": ACCOUNT,
        "order": ORDER,
        "package": package,
        "instance": package.product_instances[0],
        "site_id": SITE,
    }

    if ".resolve" in name:
        settings["if_unknown"] = "raise"
        EmulatorControl(emulator_url).add_fault("drop_after_commit", operation="createPackageV2")

    if name.startswith("Async"):
        asyncio.run(_await_example(EXAMPLES[name], names, settings))
    else:
        with Client(**settings) as client:
            exec(_compiled(EXAMPLES[name], 0), names | {"client": client})  # noqa: S102  # our own

    assert ("print(" in EXAMPLES[name]) == bool(capsys.readouterr().out)


def _compiled(code: str, flags: int) -> types.CodeType:
    return cast("types.CodeType", compile(code, "an example", "exec", flags))


async def _await_example(code: str, names: dict[str, object], settings: dict[str, Any]) -> None:
    async with AsyncClient(**settings) as client:
        compiled = _compiled(code, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        function = types.FunctionType(compiled, names | {"client": client})
        running = cast("Coroutine[Any, Any, None] | None", function())
        if running is not None:
            await running
