"""Hold together what every operation needs, and say who is calling."""

from collections.abc import Mapping

import attrs

from wixreseller.emulator.clock import Clock
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.settings import Settings
from wixreseller.emulator.store import Store
from wixreseller.emulator.world import World


@attrs.define
class Core:
    """Hold the state of one emulator; ``settings`` may be replaced while it runs."""

    store: Store
    world: World
    clock: Clock
    settings: Settings


@attrs.define
class Trace:
    """Collect what the journal tells about a request, while it is handled."""

    operation: str | None = None
    external_id: str | None = None
    is_deprecated: bool = False
    idempotency_key: str | None = None
    is_replayed: bool = False
    is_committed: bool = False
    request_id: str | None = None


@attrs.frozen(kw_only=True)
class Call:
    """Hold one authenticated request, split into what operations look at.

    ``path`` holds the decoded path parameters, ``body`` the JSON object that was sent (``{}`` for
    none), ``query`` the first value of every query parameter. ``root_id`` is the parent account.
    ``as_of_ms`` is the moment that a read sees, ``None`` for how things are.
    """

    operation: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: JsonObject
    key: str
    account_id: str
    root_id: str
    as_of_ms: int | None = None
    trace: Trace = attrs.field(factory=Trace)
