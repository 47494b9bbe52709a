"""Whatever happens, a query that lags shows exactly what there was to see at that moment."""

from typing import TYPE_CHECKING, Any

import attrs
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from wixreseller.emulator import default_seed as world

if TYPE_CHECKING:
    from tests.emulator.conftest import Machine, Machines

ACCOUNT = world.SUB_ACCOUNTS[0]
SITE = world.SITES[ACCOUNT][0]
PACKAGES, INSTANCES = "/resellers/v1/packages", "/resellers/v1/packages/product-instances"

ACTS = ("create", "cancel", "cancel one", "rename", "assign", "unassign", "wait")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(ACTS), st.integers(0, 5), st.sampled_from([0.0, 0.001, 1.0, 2.0, 10.0])
    ),
    min_size=1,
    max_size=12,
)
FILTERS: list[Any] = [
    {},
    {"externalId": "x1"},
    {"externalId": {"$ne": "x2"}},
    {"accountId": ACCOUNT},
    {"productInstances.status": {"$hasSome": ["ENABLED"]}},
    {"$not": {"productInstances.status": {"$hasAll": ["PENDING", "CANCELED"]}}},
    {"productInstances.siteId": {"$hasSome": [SITE]}},
    {"updatedDate": {"$gt": "2026-03-01T12:00:02.000Z"}},
]


@attrs.define
class Observer:
    """Do steps, and write down what there was to see before the clock moves on."""

    machine: "Machine"
    seen: dict[int, list[Any]] = attrs.field(factory=dict[int, list[Any]])
    packages: list[Any] = attrs.field(factory=list[Any])

    def step(self, act: str, number: int, seconds: float) -> None:
        if act == "create" or not self.packages:
            self.create(number)
        elif act != "wait":
            self.change(act, self.packages[number % len(self.packages)], number)
        self.look()
        self.machine.clock.advance(seconds)
        self.look()

    def create(self, number: int) -> None:
        lines = [self.machine.product(world.PREMIUM_BASIC, "1 YEAR")]
        lines += [self.machine.product(world.UNLUCKY_ADDON, "ONE_TIME")] * (number % 2)
        body = {"products": lines, "externalId": f"x{number}"}
        answer = self.machine.call("POST", "/resellers/v2/packages", body)
        self.packages.append(answer["package"])

    def change(self, act: str, package: Any, number: int) -> None:
        instance = package["productInstances"][-1]["instanceId"]
        method, path = {
            "cancel": ("DELETE", f"{PACKAGES}/{package['id']}"),
            "cancel one": ("DELETE", f"{INSTANCES}/{instance}"),
            "rename": ("PATCH", f"{PACKAGES}/update/{package['id']}/x{number + 1}"),
            "assign": ("PATCH", f"{INSTANCES}/{instance}/{SITE}"),
            "unassign": ("PATCH", f"{INSTANCES}/{instance}/unassign"),
        }[act]
        # Some are refused; what matters is what there is to see afterwards.
        self.machine.ask(method, path, {})

    def look(self) -> None:
        now_ms = self.machine.clock.milliseconds()
        self.seen[now_ms] = [self.machine.find(condition) for condition in FILTERS]

    def look_back(self, moment_ms: int) -> list[Any]:
        core = self.machine.core
        lag = (self.machine.clock.milliseconds() - moment_ms) / 1000
        core.settings = attrs.evolve(core.settings, visibility_lag_seconds=lag)
        return [self.machine.find(condition) for condition in FILTERS]


def test_a_lagging_query_shows_what_there_was_to_see(machines: "Machines") -> None:
    @settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(STEPS)
    def holds(steps: Any) -> None:
        observer = Observer(machines())
        for step in steps:
            observer.step(*step)

        looked_back = {moment_ms: observer.look_back(moment_ms) for moment_ms in observer.seen}
        assert observer.seen == looked_back

    holds()
