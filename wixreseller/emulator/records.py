"""Name the rows that the emulator keeps: catalogue products, packages and their instances."""

from typing import Literal, TypeAlias

import attrs

Status: TypeAlias = Literal["PENDING", "ENABLED", "CANCELED", "FAILED", "AWAITING_ACTION"]

LIVE: tuple[Status, ...] = ("PENDING", "ENABLED", "AWAITING_ACTION")
"""The statuses of an instance that still occupies its site and counts towards limits."""


@attrs.frozen
class Cycle:
    """Say how often a subscription renews."""

    unit: str
    count: int


@attrs.frozen
class Billing:
    """Say how an instance is paid for; ``cycle`` only for ``RECURRING``."""

    type: str
    cycle: Cycle | None = None


@attrs.frozen(kw_only=True)
class Product:
    """Describe a catalogue product and the rules that it brings.

    ``takes_any_cycle`` is for products that came into being at first use (``--loose``);
    ``failure_code`` is for those whose delivery fails.
    """

    id: str
    name: str
    type: str
    cycles: tuple[Cycle, ...] = ()
    one_time: bool = False
    limit: int | None = None
    one_per_site: bool = False
    requires_type: str | None = None
    outcome: str = "ENABLED"
    takes_any_cycle: bool = False
    failure_code: str | None = None


@attrs.frozen(kw_only=True)
class Instance:
    """Hold one product instance; times are epoch milliseconds.

    ``due_ms`` is when ``due_status`` takes effect by itself: a delivery, a slow cancel, an expiry.
    """

    id: str
    package_seq: int
    position: int
    site_id: str | None
    product_id: str
    status: str
    failure_code: str | None
    failure_message: str | None
    billing_type: str
    cycle_unit: str | None
    cycle_count: int | None
    country_code: str | None
    discount_code: str | None
    reference_id: str | None
    expires_ms: int | None
    created_ms: int
    updated_ms: int
    due_ms: int | None
    due_status: str | None
    due_failure_code: str | None

    @property
    def is_live(self) -> bool:
        """Tell whether the instance still occupies its site and counts towards limits."""
        return self.status in LIVE

    @property
    def billing(self) -> Billing:
        """Return how the instance is paid for."""
        if self.cycle_unit is None or self.cycle_count is None:
            return Billing(self.billing_type)
        return Billing(self.billing_type, Cycle(self.cycle_unit, self.cycle_count))


@attrs.frozen(kw_only=True)
class Package:
    """Hold one package with its instances; ``root_id`` is the parent account, or the account."""

    seq: int
    id: str
    account_id: str
    root_id: str
    external_id: str | None
    created_ms: int
    updated_ms: int
    instances: tuple[Instance, ...] = ()
