"""Pacing, attempts and waits of a call end with its deadline, by the injected clock."""

from __future__ import annotations

import pytest
from safety_client import world
from safety_time import in_jumping_time

from wixreseller import Product, RateLimit, RetryPolicy
from wixreseller.errors import RequestTimeoutError, ServerError, WixResellerError

SLOW_RETRIES = RetryPolicy(max_attempts=9, first_delay=4.0, max_delay=60.0)


@in_jumping_time
async def test_a_retry_that_does_not_fit_is_not_begun(product: Product) -> None:
    async with world() as here, here.client(retry=SLOW_RETRIES, deadline=10.0) as client:
        await here.fault("status", status=503, times=None)
        began = here.loop.time()

        with pytest.raises(ServerError) as caught:
            await client.packages.query().first()

        # After four seconds more, eight would be too many: it ends at once.
        assert (2, 4.0) == (caught.value.attempts, here.loop.time() - began)


@pytest.mark.parametrize("deadline", [0.5, 7.0, 31.0, 64.0])
@in_jumping_time
async def test_attempts_and_waits_together_keep_to_the_deadline(deadline: float) -> None:
    async with world() as here, here.client(retry=SLOW_RETRIES, deadline=deadline) as client:
        await here.fault("delay", seconds=600.0, times=None)
        began = here.loop.time()

        with pytest.raises(WixResellerError):
            await client.packages.query().first()

        assert here.loop.time() - began <= deadline + 1e-6


@in_jumping_time
async def test_waiting_for_the_limiter_counts(product: Product) -> None:
    limit = RateLimit(1, per=60.0)
    async with world() as here, here.client(rate_limit=limit, deadline=20.0) as client:
        await client.packages.query().first()
        began = here.loop.time()

        with pytest.raises(RequestTimeoutError) as caught:
            await client.packages.create([product], external_id="sub-1")

        assert (0, 20.0) == (caught.value.attempts, round(here.loop.time() - began, 6))
        assert [] == await here.writes()
