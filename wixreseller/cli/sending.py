"""Hold what the options of the commands that send say: ``provision apply``, ``run``, ``resume``."""

from __future__ import annotations

from pathlib import Path

import attrs

from wixreseller.bulk.execution import ExecutionOptions
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.cli.carrying_out import Carrying
from wixreseller.cli.limits import Limit

__all__ = ["SendOptions"]


@attrs.frozen(kw_only=True)
class SendOptions:
    """Hold the options of :func:`~wixreseller.cli.provision_options.send_options`."""

    yes: bool
    expect: int | None
    results: Path | None
    overwrite: bool
    concurrency: int
    max_failures: int | None
    limit: Limit
    as_json: bool

    def carrying(
        self,
        plan: PlanFile,
        *,
        is_new: bool,
        resend_absent: bool = False,
        retry_failed: bool = False,
    ) -> Carrying:
        """Say how a plan is to be carried out, whose cancels somebody has just agreed to."""
        return Carrying(
            limit=self.limit,
            results=self.results,
            overwrite=self.overwrite,
            as_json=self.as_json,
            is_new=is_new,
            options=ExecutionOptions(
                resend_absent=resend_absent,
                retry_failed=retry_failed,
                max_concurrency=self.concurrency,
                max_failures=self.max_failures,
            ),
            confirmed_cancels=plan.counts.cancel,
        )
