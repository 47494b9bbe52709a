"""Serve the control plane under ``/_emulator/``: for tests and their authors, not part of Wix.

It takes no key, so a web page that the developer happens to visit must not be able to use it: what
a browser sends from another site is refused.
"""

from collections.abc import Callable
from urllib.parse import urlsplit

import attrs

from wixreseller._version import __version__
from wixreseller.emulator.backend import Answer, Backend, Request
from wixreseller.emulator.core import Core
from wixreseller.emulator.jsonvalue import Json, JsonObject, loads
from wixreseller.emulator.ratelimit import RateLimiter
from wixreseller.emulator.replies import refuse
from wixreseller.emulator.seed import Seed, SeedError, parse_seed

PREFIX = "/_emulator/"

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@attrs.define
class Control:
    """Do what the control plane offers; ``seed`` is what a reset goes back to."""

    core: Core
    limiter: RateLimiter
    backend: Backend
    seed: Seed
    host: str

    def answer(self, request: Request) -> Answer:
        """Answer a request of the control plane."""
        return self.backend.respond(request, self._handle)

    def _handle(self, request: Request, _: dict[str, str]) -> JsonObject:
        self._refuse_strangers(request)
        routes: dict[str, Callable[[Request], JsonObject]] = {
            f"GET {PREFIX}health": self._health,
            f"POST {PREFIX}reset": self._reset,
            f"POST {PREFIX}seed": self._replace_seed,
        }
        name = f"{request.method} {request.path}"
        if name not in routes:
            known: list[Json] = list(routes)
            raise refuse(501, "UNIMPLEMENTED", f"{name} is not a known route", {"routes": known})
        return routes[name](request)

    def _health(self, _: Request) -> JsonObject:
        now = self.core.clock.now().isoformat()
        return {"status": "ok", "version": __version__, "now": now}

    def _reset(self, _: Request) -> JsonObject:
        self._restart(self.seed)
        return {"status": "ok"}

    def _replace_seed(self, request: Request) -> JsonObject:
        try:
            seed = parse_seed(loads(request.body))
        except SeedError as error:
            raise refuse(400, "INVALID_SEED", str(error)) from error
        except ValueError as error:
            raise refuse(400, "INVALID_SEED", f"the seed is not JSON: {error}") from error
        self._restart(seed)
        return {
            "status": "ok",
            "accounts": len(seed.accounts),
            "apiKeys": len(seed.api_keys),
            "sites": len(seed.sites),
            "products": len(seed.products),
        }

    def _restart(self, seed: Seed) -> None:
        with self.core.store.transaction():
            self.core.world.replace(seed)
        self.limiter.reset()
        self.seed = seed

    def _refuse_strangers(self, request: Request) -> None:
        """Refuse what a browser sends from a page of another site, or under a borrowed name."""
        origin = request.headers.get("Origin")
        host = request.headers.get("Host", "")
        foreign = origin is not None and origin != f"http://{host}"
        cross_site = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
        # A name that an attacker points at 127.0.0.1 makes their page "same origin".
        borrowed = self.host in _LOOPBACK and _hostname(host) not in _LOOPBACK
        if foreign or cross_site or borrowed:
            raise refuse(
                403, "PERMISSION_DENIED", "the control plane answers no pages of other sites"
            )


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
