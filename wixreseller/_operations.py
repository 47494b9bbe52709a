"""Describe the nine operations, and any other call, without any I/O: operation → request.

Paths, names and statuses are those of the wire reference; where Wix's documents disagree the
comment says what was chosen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, cast
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import attrs

from wixreseller import _wire
from wixreseller._frozen import frozen
from wixreseller.errors import ConfigurationError
from wixreseller.models import BillingInfo, JSONObject, JSONValue, Product

__all__ = [
    "Operation",
    "Request",
    "adjust_product_instance_specifications",
    "assign_product_instance_to_site",
    "cancel_package",
    "cancel_product_instance",
    "create_package",
    "get_package",
    "other_call",
    "query_packages",
    "unassign_product_instance_from_site",
    "update_package_external_id",
]

_V1: Final = "/resellers/v1/packages"
_INSTANCES: Final = f"{_V1}/product-instances"


@frozen(kw_only=True)
class Operation:
    """Name an operation of the API, and say whether it changes anything."""

    name: str
    method: str
    is_write: bool


CREATE: Final = Operation(name="create_package", method="POST", is_write=True)
GET: Final = Operation(name="get_package", method="GET", is_write=False)
CANCEL: Final = Operation(name="cancel_package", method="DELETE", is_write=True)
QUERY: Final = Operation(name="query_packages", method="POST", is_write=False)
UPDATE_EXTERNAL_ID: Final = Operation(
    name="update_package_external_id", method="PATCH", is_write=True
)
ASSIGN: Final = Operation(name="assign_product_instance_to_site", method="PATCH", is_write=True)
UNASSIGN: Final = Operation(
    name="unassign_product_instance_from_site", method="PATCH", is_write=True
)
CANCEL_INSTANCE: Final = Operation(name="cancel_product_instance", method="DELETE", is_write=True)
ADJUST: Final = Operation(
    name="adjust_product_instance_specifications", method="PATCH", is_write=True
)


@frozen(kw_only=True)
class Request:
    """Hold one request, ready but for its authentication."""

    operation: Operation
    account_id: str
    target: str
    """Path and query, percent-encoded."""
    body: bytes | None = attrs.field(default=None, repr=False)
    idempotency_key: str | None = None
    intent: JSONObject = attrs.field(factory=dict[str, JSONValue])
    """What it asks for, in Wix's words; of a write, enough to see later whether it happened."""

    @property
    def external_id(self) -> str | None:
        """The external id that it gives, or looks for, if there is one."""
        return self._named("externalId")

    @property
    def package_id(self) -> str | None:
        """The package that it names, if it names one."""
        return self._named("packageId")

    @property
    def instance_id(self) -> str | None:
        """The instance that it names, if it names one."""
        return self._named("instanceId")

    def told_intent(self) -> JSONObject:
        """Give the intent for an error, as JSON and nothing more.

        Products and the JSON of callers may hold text of classes of their own, which another
        process that unpickles the error may not know.
        """
        try:
            return cast("JSONObject", _wire.loads(_wire.dumps(self.intent)))
        except ConfigurationError:  # it was changed since; nothing may hide the error itself
            return self.intent

    def _named(self, field: str) -> str | None:
        name = self.intent.get(field)
        return name if isinstance(name, str) else None


def _path(*segments: str) -> str:
    # `safe=""`: an external id may hold a slash, which must not become a path separator.
    # A segment of dots would be resolved away by proxies, so dots are encoded where alone.
    return "".join(
        "/" + (segment.replace(".", "%2E") if segment in (".", "..") else quote(segment, safe=""))
        for segment in segments
    )


def _write(
    operation: Operation,
    account_id: str,
    target: str,
    key: str,
    fields: JSONObject | None = None,
    **path: str,
) -> Request:
    """Make the request of a write; the one place that decides how its idempotency key travels.

    ``fields`` go into the body; ``path`` names what the path says, for the intent.
    """
    fields = fields or {}
    if operation is UPDATE_EXTERNAL_ID:
        # The only write whose schema has no key; sent all the same it might be refused.
        body = None
    elif operation.method == "DELETE":
        # The schema has the key in the body, Wix's own JavaScript client in the query string.
        # Proxies may drop a DELETE's body, or refuse it, so the query string it is.
        target, body = f"{target}?{urlencode({'idempotencyKey': key})}", None
    else:
        body = _wire.dumps({"idempotencyKey": key, **fields})
    return Request(
        operation=operation,
        account_id=account_id,
        target=target,
        body=body,
        idempotency_key=key,
        intent={**path, **fields},
    )


def create_package(
    account_id: str, key: str, products: Sequence[Product], external_id: str | None
) -> Request:
    """Order products as one package: Create Package V2."""
    fields: dict[str, JSONValue] = {"products": [_wire.encode(product) for product in products]}
    if external_id is not None:
        fields["externalId"] = external_id
    return _write(CREATE, account_id, "/resellers/v2/packages", key, fields)


def get_package(account_id: str, package_id: str) -> Request:
    """Read one package."""
    return Request(
        operation=GET,
        account_id=account_id,
        target=_V1 + _path(package_id),
        intent={"packageId": package_id},
    )


def cancel_package(account_id: str, key: str, package_id: str) -> Request:
    """Cancel every instance of a package."""
    return _write(CANCEL, account_id, _V1 + _path(package_id), key, packageId=package_id)


def query_packages(
    account_id: str,
    *,
    limit: int,
    filter: JSONObject | None = None,  # noqa: A002  # Wix's own word
    sort: Sequence[JSONObject] = (),
    cursor: str | None = None,
) -> Request:
    """Read a page of packages. A request with a cursor carries neither filter nor sort."""
    query: dict[str, JSONValue] = {"cursorPaging": {"limit": limit}}
    if cursor is not None:
        query["cursorPaging"] = {"limit": limit, "cursor": cursor}
    else:
        if filter:
            query["filter"] = filter
        if sort:
            query["sort"] = sort
    return Request(
        operation=QUERY,
        account_id=account_id,
        target=f"{_V1}/query",
        body=_wire.dumps({"query": query}),
        intent={} if filter is None else {"externalId": filter.get("externalId")},
    )


def update_package_external_id(
    account_id: str, key: str, package_id: str, external_id: str
) -> Request:
    """Give a package another external id."""
    return _write(
        UPDATE_EXTERNAL_ID,
        account_id,
        f"{_V1}/update" + _path(package_id, external_id),
        key,
        packageId=package_id,
        externalId=external_id,
    )


def assign_product_instance_to_site(
    account_id: str, key: str, instance_id: str, site_id: str
) -> Request:
    """Put an instance on a site, or move it there."""
    target = _INSTANCES + _path(instance_id, site_id)
    return _write(ASSIGN, account_id, target, key, instanceId=instance_id, siteId=site_id)


def unassign_product_instance_from_site(account_id: str, key: str, instance_id: str) -> Request:
    """Take an instance off its site: it floats."""
    target = _INSTANCES + _path(instance_id, "unassign")
    return _write(UNASSIGN, account_id, target, key, instanceId=instance_id)


def cancel_product_instance(account_id: str, key: str, instance_id: str) -> Request:
    """Cancel one instance."""
    target = _INSTANCES + _path(instance_id)
    return _write(CANCEL_INSTANCE, account_id, target, key, instanceId=instance_id)


def adjust_product_instance_specifications(
    account_id: str,
    key: str,
    instance_id: str,
    *,
    catalog_product_id: str | None,
    billing_info: BillingInfo | None,
    discount_code: str | None,
) -> Request:
    """Change an instance's product or billing."""
    fields: dict[str, JSONValue] = {}
    if catalog_product_id is not None:
        fields["catalogProductId"] = catalog_product_id
    if billing_info is not None:
        fields["billingInfo"] = _wire.encode(billing_info)
    if discount_code is not None:
        fields["discountCode"] = discount_code
    target = _INSTANCES + _path(instance_id)
    return _write(ADJUST, account_id, target, key, fields, instanceId=instance_id)


def other_call(
    account_id: str, method: str, target: str, json: JSONValue, *, is_write: bool
) -> Request:
    """Make a call that is none of the nine.

    Where its idempotency key goes, if it takes one, only the caller knows; where they have put it
    under the name that Wix uses elsewhere, errors and hooks tell it.
    """
    told = parse_qs(urlsplit(target).query).get("idempotencyKey", [None])[0]
    if isinstance(json, Mapping) and isinstance(key := json.get("idempotencyKey"), str):
        told = key
    intent: dict[str, JSONValue] = {"method": method, "path": target}
    return Request(
        # One name for all: paths hold ids, and telemetry counts by name.
        operation=Operation(name="request", method=method, is_write=is_write),
        account_id=account_id,
        target=target,
        body=None if json is None else _wire.dumps(json),
        idempotency_key=told,
        intent=intent if json is None else {**intent, "json": json},
    )
