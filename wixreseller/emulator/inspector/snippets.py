"""Write a request of the journal as something to run: curl, or Python with the client library.

The key is in neither: both take it from ``WIX_API_KEY``. The emulator knows the library by name
only; a test runs what is written here. A request that the library cannot send has no Python.
"""

import shlex
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, unquote, urlsplit

import attrs

from wixreseller.emulator.guid import is_guid
from wixreseller.emulator.jsonvalue import Json, JsonObject, dumps

# What curl or the connection brings along by itself, and what is nobody's business.
_LEFT_OUT = (
    "authorization",
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "proxy-authorization",
    "user-agent",
)


def as_curl(entry: Mapping[str, Json], address: str) -> str:
    """Write an entry of the journal as a command for a shell; ``address`` is the emulator's."""
    lines = [f"curl -X {entry['method']} {shlex.quote(address + str(entry['path']))}"]
    headers = entry["requestHeaders"]
    given = headers if isinstance(headers, dict) else {}
    if any(name.lower() == "authorization" for name in given):
        lines.append('-H "Authorization: $WIX_API_KEY"')
    for name, value in given.items():
        if name.lower() not in _LEFT_OUT:
            lines.append(f"-H {shlex.quote(f'{name}: {value}')}")
    body = entry["requestBody"]
    if body is not None:
        lines.append("-H 'Content-Type: application/json'")
        text = body if isinstance(body, str) else dumps(body).decode()
        lines.append(f"--data-raw {shlex.quote(text)}")
    return " \\\n  ".join(lines)


def as_python(entry: Mapping[str, Json], address: str) -> str | None:
    """Write an entry of the journal as a program, or return ``None`` where there is none."""
    asked = _Asked.of(entry)
    write = _WRITERS.get(str(entry["operation"]))
    if asked is None or write is None:
        return None
    try:
        code = write(asked)
    except _UnfitError:
        return None
    client = [f"base_url={_text(address)}"]
    if asked.account_id is not None:
        client.append(f"account_id={_text(asked.account_id)}")
    imports = ", ".join(["Client", *sorted(code.names)])
    return (
        f"from wixreseller import {imports}\n\n"
        f"with Client({', '.join(client)}) as client:  # the key is that of WIX_API_KEY\n"
        f"{code.lines}"
    )


class _UnfitError(Exception):
    """Say that the library has no way to send this."""


@attrs.frozen(kw_only=True)
class _Asked:
    """Hold what a request asks for, decoded."""

    segments: list[str]
    body: JsonObject
    key: str | None
    account_id: str | None

    @classmethod
    def of(cls, entry: Mapping[str, Json]) -> "_Asked | None":
        parts = urlsplit(str(entry["path"]))
        body = entry["requestBody"]
        if not isinstance(body, dict | None) or entry["cut"]:
            return None
        account = entry["account"]
        given = (body or {}).get("idempotencyKey")
        queried = parse_qs(parts.query).get("idempotencyKey", [None])[0]
        return cls(
            segments=[unquote(part) for part in parts.path.split("/")[1:]],
            body=body or {},
            key=given if isinstance(given, str) and given else queried,
            account_id=account if isinstance(account, str) else None,
        )

    @property
    def key_argument(self) -> list[str]:
        return [] if self.key is None else [f"idempotency_key={_text(self.key)}"]


@attrs.frozen
class _Code:
    """Hold lines of code and the names that they need."""

    lines: str
    names: frozenset[str] = frozenset()


def _result(call: str, arguments: list[str]) -> _Code:
    """Write a call that returns a package, on one line if it fits."""
    line = f"    package = client.{call}({', '.join(arguments)})"
    if len(line) > 100:
        inside = "".join(f"        {argument},\n" for argument in arguments)
        line = f"    package = client.{call}(\n{inside}    )"
    return _Code(f"{line}\n    print(package)\n")


def _create(asked: _Asked) -> _Code:
    body = asked.body
    wanted = body.get("products")
    if not isinstance(wanted, list) or not wanted:
        raise _UnfitError
    _only(body, "idempotencyKey", "externalId", "external_id", "products")
    names = {"Product"}
    products = "".join(f"            {_product(product, names)},\n" for product in wanted)
    lines = [f"        [\n{products}        ],\n"]
    external_id = body.get("externalId") or body.get("external_id")
    if external_id is not None:
        lines.append(f"        external_id={_text(external_id)},\n")
    lines += [f"        {argument},\n" for argument in asked.key_argument]
    code = f"    package = client.packages.create(\n{''.join(lines)}    )\n    print(package)\n"
    return _Code(code, frozenset(names))


def _product(product: Json, names: set[str]) -> str:
    if not isinstance(product, dict):
        raise _UnfitError
    _only(product, *_PRODUCT, "billingInfo")
    if not is_guid(str(product.get("catalogProductId"))) or not product.get("countryCode"):
        raise _UnfitError
    given = [
        f"{python}={_text(product[wire])}"
        for wire, python in _PRODUCT.items()
        if product.get(wire) is not None
    ]
    if product.get("billingInfo") is not None:
        given.append(f"billing_info={_billing(product['billingInfo'], names)}")
    return f"Product({', '.join(given)})"


def _billing(billing: Json, names: set[str]) -> str:
    if not isinstance(billing, dict):
        raise _UnfitError
    _only(billing, "type", "cycleDuration")
    names.add("BillingInfo")
    cycle = billing.get("cycleDuration")
    if billing.get("type") == "ONE_TIME" and cycle is None:
        return "BillingInfo.one_time()"
    if billing.get("type") != "RECURRING" or not isinstance(cycle, dict):
        raise _UnfitError
    _only(cycle, "unit", "count")
    count, unit = cycle.get("count"), cycle.get("unit")
    if unit not in ("DAY", "WEEK", "MONTH", "YEAR") or not isinstance(count, int):
        raise _UnfitError
    names.add("CycleUnit")
    return f"BillingInfo.recurring({count}, CycleUnit.{unit})"


def _query(asked: _Asked) -> _Code:
    _only(asked.body, "query")
    query = asked.body.get("query") or {}
    if not isinstance(query, dict):
        raise _UnfitError
    _only(query, "filter", "sort", "cursorPaging")
    paging = query.get("cursorPaging") or {}
    if not isinstance(paging, dict):
        raise _UnfitError
    _only(paging, "limit", "cursor")
    limit = paging.get("limit") or 100
    arguments: list[str] = []
    if query.get("filter"):
        arguments.append(repr(query["filter"]))
    if query.get("sort"):
        arguments.append(f"sort={query['sort']!r}")
    if limit != 100:
        arguments.append(f"page_size={limit!r}")
    if paging.get("cursor"):
        arguments.append(f"cursor={_text(paging['cursor'])}")
    # One page, as it was asked for; without max_items it would go on to the last.
    arguments.append(f"max_items={limit!r}")
    call = f"client.packages.query({', '.join(arguments)})"
    return _Code(f"    for package in {call}:\n        print(package)\n")


def _on_package(name: str) -> Callable[[_Asked], _Code]:
    def write(asked: _Asked) -> _Code:
        key = asked.key_argument if name == "cancel" else []
        return _result(f"packages.{name}", [_guid(asked.segments[3]), *key])

    return write


def _update(asked: _Asked) -> _Code:
    package_id, external_id = asked.segments[4:6]
    arguments = [_guid(package_id), f"external_id={_text(external_id)}"]
    return _result("packages.update_external_id", [*arguments, *asked.key_argument])


def _on_instance(name: str) -> Callable[[_Asked], _Code]:
    def write(asked: _Asked) -> _Code:
        arguments = [_guid(asked.segments[4])]
        if name == "assign_to_site":
            arguments.append(f"site_id={_guid(asked.segments[5])}")
        return _result(f"product_instances.{name}", [*arguments, *asked.key_argument])

    return write


def _adjust(asked: _Asked) -> _Code:
    body, names = asked.body, set[str]()
    arguments = [_guid(asked.segments[4])]
    if body.get("catalogProductId") is not None:
        arguments.append(f"catalog_product_id={_text(body['catalogProductId'])}")
    if body.get("billingInfo") is not None:
        arguments.append(f"billing_info={_billing(body['billingInfo'], names)}")
    if body.get("discountCode") is not None:
        arguments.append(f"discount_code={_text(body['discountCode'])}")
    code = _result("product_instances.adjust_specifications", [*arguments, *asked.key_argument])
    return attrs.evolve(code, names=frozenset(names))


def _text(value: Json) -> str:
    if not isinstance(value, str):
        raise _UnfitError
    return repr(value)


def _guid(text: str) -> str:
    if not is_guid(text):
        raise _UnfitError
    return repr(text)


def _only(given: JsonObject, *names: str) -> None:
    """Give up on a request that holds what the library never sends."""
    if set(given) - set(names):
        raise _UnfitError


_PRODUCT = {
    "catalogProductId": "catalog_product_id",
    "countryCode": "country_code",
    "siteId": "site_id",
    "discountCode": "discount_code",
    "referenceProductInstanceId": "reference_product_instance_id",
}
_WRITERS: dict[str, Callable[[_Asked], _Code]] = {
    "createPackageV2": _create,
    "createPackage": _create,
    "getPackage": _on_package("get"),
    "cancelPackage": _on_package("cancel"),
    "queryPackages": _query,
    "updatePackageExternalId": _update,
    "assignProductInstanceToSite": _on_instance("assign_to_site"),
    "unassignProductInstanceFromSite": _on_instance("unassign_from_site"),
    "cancelProductInstance": _on_instance("cancel"),
    "adjustProductInstanceSpecifications": _adjust,
}
