"""Name the tables that a read looks at: packages as they are, or as they were.

Every change of a package leaves the package as it was behind, as a version with the time until
which it held. So what a query showed at some moment is the packages that have not changed since,
and the versions that held then: two sets that never overlap, searched with the same conditions.
"""

from typing import TypeAlias

import attrs

SqlValue: TypeAlias = int | float | str | bytes | None


@attrs.frozen
class Sql:
    """Hold a condition and its parameters."""

    text: str
    values: tuple[SqlValue, ...] = ()


@attrs.frozen(kw_only=True)
class View:
    """Name two tables and the columns that tie them; ``p`` is the package in ``condition``."""

    packages: str
    instances: str
    package_key: str
    instance_key: str
    condition: Sql


NOW = View(
    packages="packages",
    instances="instances",
    package_key="seq",
    instance_key="package_seq",
    condition=Sql("1"),
)


def unchanged_since(moment_ms: int) -> View:
    """Return the packages that are now as they were then."""
    # No package changed before it was created; saying so lets the index on the creation help.
    condition = Sql("(p.created_ms <= ? AND p.updated_ms <= ?)", (moment_ms, moment_ms))
    return attrs.evolve(NOW, condition=condition)


def changed_since(moment_ms: int) -> View:
    """Return the packages that have changed since, as they were then."""
    return View(
        packages="past_packages",
        instances="past_instances",
        package_key="version",
        instance_key="version",
        condition=Sql("(p.until_ms > ? AND p.updated_ms <= ?)", (moment_ms, moment_ms)),
    )
