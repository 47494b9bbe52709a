"""Judge what runs that were killed did: by what the emulator knows, not by what they said."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

import attrs
from kills_journal import Row, left_behind
from kills_orders import Ordered
from separate_emulator import Json, everything

from wixreseller.testing import EmulatorControl, RecordedRequest

__all__ = ["Cell", "Judge", "KeyMode", "Visibility"]

KeyMode = Literal["replay", "conflict", "ignore"]
Visibility = Literal["at once", "within the window", "beyond the window"]

_WRITES: Final = ("createPackageV2", "cancelPackage")
_DONE: Final = ("created", "existing", "canceled")


@attrs.frozen
class Cell:
    """Say how a server treats known keys, and when it shows a write to queries."""

    key_mode: KeyMode
    visibility: Visibility

    @property
    def shows_in_time(self) -> bool:
        """Whether a write is visible when the settle window is over."""
        return self.visibility != "beyond the window"

    @property
    def is_promised_once(self) -> bool:
        """Whether an order that is sent again is promised to be carried out exactly once."""
        return self.key_mode == "replay" or self.shows_in_time


@attrs.define
class Judge:
    """Compare journal, results and requests with what is, order by order."""

    emulator: EmulatorControl
    cell: Cell
    orders: Sequence[Ordered]
    journal: Path
    _was_sent_again: bool = False

    def after_a_kill(self) -> Sequence[Row]:
        """Check what must hold at any moment; give the journal."""
        self.emulator.clear_faults()
        rows = left_behind(self.journal)
        self._check_requests(rows)
        self._check_packages(rows)
        return rows

    def sends_again(self) -> None:
        """Take note that from now on what cannot be seen is sent again."""
        self._was_sent_again = True

    def after_a_run(self, results: Path, code: int) -> Sequence[Row]:
        """Check each verdict of a run that came to its end."""
        rows = self.after_a_kill()
        packages = self._packages()
        told = self._told(results)
        counts = (len(rows), len(told))
        assert counts == (len(self.orders),) * 2, counts
        for order, row in self._by_order(rows).items():
            outcome, package_id = told[order.account, row.external_id or order.package_id or ""]
            assert (row.outcome, row.result_package or "") == (outcome, package_id), (row, outcome)
            assert (row.state == "done") == (outcome in _DONE), row
            self._check_verdict(order, row, packages[order.name])
        unknown = sum(row.state == "unknown" for row in rows)
        assert code == (4 if unknown else 0), (code, unknown)
        return rows

    # --- one order ------------------------------------------------------------------------------

    def _check_verdict(self, order: Ordered, row: Row, found: Sequence[Json]) -> None:
        is_there = bool(found) and (order.kind != "cancel" or _is_canceled(found[0]))
        if row.state == "done":
            words = ("canceled",) if order.kind == "cancel" else ("created", "existing")
            assert is_there, (order, row)
            assert row.outcome in words, row
            assert row.result_package in [package["id"] for package in found], (row, found)
        else:
            assert row.state == "unknown", (order, row)
            assert order.kind in ("create", "cancel"), (order, row)
            if self.cell.shows_in_time:
                # What can be seen is not left unknown.
                assert not is_there, (order, row, found)
        if order.kind != "create":
            assert order.kind == "rival" or [order.package_id] == [p["id"] for p in found]

    def check_promise(self, rows: Sequence[Row]) -> None:
        """Check that each order was done once, where that is promised if it is sent again."""
        if not self.cell.is_promised_once:
            return
        packages = self._packages()
        for order, row in self._by_order(rows).items():
            found = packages[order.name]
            assert (1, "done") == (len(found), row.state), (order, row, found)

    # --- all at once ----------------------------------------------------------------------------

    def _check_packages(self, rows: Sequence[Row]) -> None:
        packages = self._packages()
        strangers = set(packages) - {order.name for order in self.orders}
        assert not strangers, strangers
        most = {order.name: 1 for order in self.orders}
        if self._was_sent_again and not self._is_one_at_most:
            # A key that the server forgets does not help where the server does not show either.
            most |= {order.name: max(1, row.sends) for order, row in self._by_order(rows).items()}
        many = {name: found for name, found in packages.items() if len(found) > most[name]}
        assert {} == many, many

    @property
    def _is_one_at_most(self) -> bool:
        return self.cell.is_promised_once or self.cell.key_mode == "conflict"

    def _check_requests(self, rows: Sequence[Row]) -> None:
        """Compare what came over the wire with the intents in the journal."""
        intents = self._by_order(rows)
        requests = self._by_order_of_requests()
        for order, sent in requests.items():
            what = (order, intents.get(order), sent)
            assert order in intents, what
            # One that was throttled certainly did nothing, and is sent again.
            arrived = [request for request in sent if request.status != 429]
            assert len(sent) <= intents[order].sends, what
            assert len({request.idempotency_key for request in sent}) == 1, what
            assert len(arrived) <= 1 or self._was_sent_again, what
            if not self._was_sent_again or self._is_one_at_most:
                assert sum(request.is_committed for request in arrived) <= 1, what

    def _by_order(self, rows: Sequence[Row]) -> Mapping[Ordered, Row]:
        by_name = {(row.account, row.external_id): row for row in rows if row.external_id}
        by_package = {row.package_id: row for row in rows if not row.external_id}
        found = {
            order: by_package.get(order.package_id)
            if order.is_named_by_id
            else by_name.get(order.name)
            for order in self.orders
        }
        return {order: row for order, row in found.items() if row is not None}

    def _by_order_of_requests(self) -> Mapping[Ordered, Sequence[RecordedRequest]]:
        by_name = {order.name: order for order in self.orders if order.kind != "cancel"}
        by_package = {order.package_id: order for order in self.orders if order.kind == "cancel"}
        found: defaultdict[Ordered, list[RecordedRequest]] = defaultdict(list)
        for request in self.writes():
            if request.operation == "cancelPackage":
                package_id = request.path.partition("?")[0].rpartition("/")[2]
                found[by_package[package_id]].append(request)
            else:
                found[by_name[request.account or "", request.external_id or ""]].append(request)
        return found

    def writes(self) -> Sequence[RecordedRequest]:
        """Give the creates and cancels that came over the wire; those of the test have no key."""
        return [
            request
            for operation in _WRITES
            for request in self.emulator.requests(operation=operation)
            if request.idempotency_key is not None
        ]

    def _packages(self) -> Mapping[tuple[str, str], Sequence[Json]]:
        found: defaultdict[tuple[str, str], list[Json]] = defaultdict(list)
        for package in everything(self.emulator):
            found[package["accountId"], package["externalId"]].append(package)
        return found

    @staticmethod
    def _told(results: Path) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Give outcome and package of each order, by account and id."""
        with results.open(newline="") as file:
            rows = list(csv.DictReader(file))
        told = {
            (row["account_id"], row["external_id"] or row["package_id"]): (
                row["outcome"],
                row["package_id"],
            )
            for row in rows
        }
        assert len(told) == len(rows), "an order was told twice"
        return told


def _is_canceled(package: Json) -> bool:
    return {instance["status"] for instance in package["productInstances"]} == {"CANCELED"}
