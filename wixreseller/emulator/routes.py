"""Know every route of the API, and split paths without losing what was percent-encoded."""

from collections.abc import Callable
from urllib.parse import unquote

import attrs

from wixreseller.emulator import changes, purchase, query, reading
from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.replies import Refusal, refuse

Handler = Callable[[Core, Call], JsonObject]


@attrs.frozen
class Route:
    """Tie a method and a path to an operation; ``{name}`` in the path is a parameter."""

    method: str
    path: str
    operation: str
    handler: Handler
    writes: bool = True
    deprecated: bool = False

    @property
    def parts(self) -> list[str]:
        """Return the segments of the path."""
        return self.path.split("/")[1:]


@attrs.frozen
class Match:
    """Hold a route and the decoded values of its path parameters."""

    route: Route
    path: dict[str, str]


_PACKAGES = "/resellers/v1/packages"
_INSTANCES = f"{_PACKAGES}/product-instances"

# A literal segment comes before a parameter in the same place: the first match wins.
ROUTES = (
    Route("POST", "/resellers/v2/packages", "createPackageV2", purchase.create_package),
    Route("POST", _PACKAGES, "createPackage", purchase.create_package_v1, deprecated=True),
    Route("POST", f"{_PACKAGES}/query", "queryPackages", query.query_packages, writes=False),
    Route("GET", f"{_PACKAGES}/{{id}}", "getPackage", reading.get_package, writes=False),
    Route("DELETE", f"{_PACKAGES}/{{id}}", "cancelPackage", changes.cancel_package),
    Route(
        "PATCH",
        f"{_PACKAGES}/update/{{packageId}}/{{externalId}}",
        "updatePackageExternalId",
        changes.update_external_id,
    ),
    Route(
        "PATCH",
        f"{_INSTANCES}/{{instanceId}}/unassign",
        "unassignProductInstanceFromSite",
        changes.unassign_from_site,
    ),
    Route(
        "PATCH",
        f"{_INSTANCES}/{{instanceId}}/{{siteId}}",
        "assignProductInstanceToSite",
        changes.assign_to_site,
    ),
    Route(
        "PATCH",
        f"{_INSTANCES}/{{instanceId}}",
        "adjustProductInstanceSpecifications",
        changes.adjust,
    ),
    Route(
        "DELETE", f"{_INSTANCES}/{{instanceId}}", "cancelProductInstance", changes.cancel_instance
    ),
)


def find_route(method: str, raw_path: str) -> Match:
    """Return the route of a request; refuse with 501 and the list of known routes."""
    segments = _segments(raw_path)
    for route in ROUTES:
        parts = route.parts
        if method != route.method or len(parts) != len(segments):
            continue
        path: dict[str, str] = {}
        for part, segment in zip(parts, segments, strict=True):
            if part.startswith("{") and segment:
                path[part[1:-1]] = segment
            elif part != segment:
                break
        else:
            return Match(route, path)
    raise unknown_route(method, raw_path)


def unknown_route(method: str, raw_path: str) -> Refusal:
    """Make the refusal for a route that is not there: it lists those that are."""
    known: list[Json] = [f"{route.method} {route.path}" for route in ROUTES]
    return refuse(
        501, "UNIMPLEMENTED", f"{method} {raw_path} is not a known route", {"routes": known}
    )


def _segments(raw_path: str) -> list[str]:
    try:
        # Split first, decode afterwards: %2F inside a segment is data.
        return [unquote(part, errors="strict") for part in raw_path.split("/")[1:]]
    except UnicodeDecodeError:
        raise _not_text(raw_path) from None


def _not_text(raw_path: str) -> Refusal:
    return refuse(400, "INVALID_ARGUMENT", f"the path {raw_path} does not decode as UTF-8")
