"""Measure decoding a page: 100 packages with three instances each, against parsing its JSON.

``python benchmarks/bench_decode.py`` measures all ways side by side, in turns, and prints ratios;
``nox -s bench`` measures each by itself. What is promised: at most 3 times ``orjson.loads`` of the
same bytes, and at most 0.75 of pydantic, which is left out where it is not installed.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import attrs
import cattrs
import orjson
import pytest
from cattrs.gen import make_dict_structure_fn, override
from pytest_benchmark.fixture import BenchmarkFixture

from wixreseller import (
    BillingInfo,
    BillingType,
    CycleDuration,
    CycleUnit,
    Failure,
    FailureCode,
    Package,
    Page,
    PagingMetadata,
    ProductInstance,
    Status,
    _wire,
)

try:
    from pydantic import AwareDatetime, BaseModel, ConfigDict
    from pydantic.alias_generators import to_camel
except ImportError:  # it is compared with where it is there, and needed nowhere
    pydantic_page = None
else:
    # As one would write it: a model for each object, camelCase, extras kept, unknown enum values
    # tolerated.
    class _Model(BaseModel):
        model_config = ConfigDict(alias_generator=to_camel, extra="allow", frozen=True)

    class _Cycle(_Model):
        unit: CycleUnit | str
        count: int

    class _Billing(_Model):
        type: BillingType | str | None = None
        cycle_duration: _Cycle | None = None

    class _Failure(_Model):
        code: FailureCode | str | None = None
        message: str | None = None

    class _Instance(_Model):
        instance_id: str
        catalog_product_id: str | None = None
        site_id: str | None = None
        status: Status | str | None = None
        failure: _Failure | None = None
        billing_info: _Billing | None = None
        country_code: str | None = None
        discount_code: str | None = None
        reference_product_instance_id: str | None = None
        expiration_date: AwareDatetime | None = None
        created_date: AwareDatetime | None = None
        updated_date: AwareDatetime | None = None

    class _Package(_Model):
        id: str
        account_id: str | None = None
        external_id: str | None = None
        product_instances: tuple[_Instance, ...] = ()
        created_date: AwareDatetime | None = None
        updated_date: AwareDatetime | None = None
        parent_account_id: str | None = None

    class _Page(_Model):
        packages: tuple[_Package, ...] = ()
        metadata: dict[str, Any]

    pydantic_page = _Page

Decode = Callable[[bytes], object]
ROUNDS = 200


def page_of(packages: int, instances: int, *, extra: bool = False) -> bytes:
    """Make a page as Wix answers it, every id and date another; the same at each run."""
    chance = random.Random(5)  # noqa: S311  # nothing secret
    more = {"newKey": {"a": 1}} if extra else {}

    def guid() -> str:
        return str(uuid.UUID(int=chance.getrandbits(128)))

    def date() -> str:
        moment = datetime(2024, 1, 1, tzinfo=UTC) + timedelta(milliseconds=chance.getrandbits(36))
        return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def cycle() -> dict[str, object]:
        return {"unit": chance.choice(["YEAR", "MONTH"]), "count": chance.choice([1, 1, 2])}

    def instance(number: int) -> dict[str, object]:
        return {
            "instanceId": guid(),
            # A third of them float.
            **({"siteId": guid()} if number % 3 else {}),
            "catalogProductId": guid(),
            "status": chance.choice(["ENABLED", "ENABLED", "PENDING", "CANCELED"]),
            "billingInfo": {"type": "RECURRING", "cycleDuration": cycle()},
            "countryCode": chance.choice(["BR", "DE", "US"]),
            "createdDate": date(),
            "updatedDate": date(),
            **more,
        }

    def package(number: int) -> dict[str, object]:
        return {
            "id": guid(),
            "accountId": guid(),
            "externalId": f"subscription-{number}",
            "productInstances": [instance(index) for index in range(instances)],
            "createdDate": date(),
            "updatedDate": date(),
            "parentAccountId": guid(),
            **more,
        }

    metadata = {"count": packages, "cursors": {"next": "c" * 80}, "hasNext": True}
    listed = [package(number) for number in range(packages)]
    return orjson.dumps({"packages": listed, "metadata": metadata})


def ours(body: bytes) -> Page:
    """Decode as the client does."""
    return _wire.decode(_wire.loads(body), Page)


def with_pydantic(body: bytes) -> object:
    """Decode with pydantic, straight from the bytes: its faster way."""
    return cast("Any", pydantic_page).model_validate_json(body)


def plain_cattrs() -> Decode:
    """Decode with cattrs as it comes, into the same classes."""
    converter = cattrs.Converter()
    make_hook = cast("Any", make_dict_structure_fn)  # its overrides are keywords of any name
    converter.register_structure_hook(datetime, lambda text, _: datetime.fromisoformat(text))
    for enum in (Status, FailureCode, BillingType, CycleUnit):
        converter.register_structure_hook(enum, lambda text, kind: kind(text))
    for cls in (
        CycleDuration,
        BillingInfo,
        Failure,
        ProductInstance,
        Package,
        PagingMetadata,
        Page,
    ):
        renamed = {
            field.name: override(rename=_camel(field.name))
            for field in attrs.fields(cast("Any", cls))
            if field.name not in ("extra", "meta")
        }
        left_out = {name: override(omit=True) for name in ("extra", "meta")}
        converter.register_structure_hook(cls, make_hook(cls, converter, **renamed, **left_out))
    return lambda body: converter.structure(orjson.loads(body), Page)


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


WAYS: dict[str, Decode] = {
    "orjson.loads": orjson.loads,
    "wixreseller": ours,
    **({} if pydantic_page is None else {"pydantic": with_pydantic}),
    "plain cattrs": plain_cattrs(),
}


@pytest.mark.benchmark(group="a page of 100 packages with 3 instances each")
@pytest.mark.parametrize("way", WAYS)
def test_decoding_a_page(benchmark: BenchmarkFixture, way: str) -> None:
    """Measure one way by itself."""
    benchmark(WAYS[way], page_of(100, 3))


def measure(ways: dict[str, Decode], body: bytes, rounds: int = ROUNDS) -> dict[str, list[float]]:
    """Measure in turns, so that whatever else the machine does hits all ways alike. Seconds."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for decode in ways.values():
        decode(body)
    for _ in range(rounds):
        for name, decode in ways.items():
            begin = time.perf_counter()
            decode(body)
            times[name].append(time.perf_counter() - begin)
    return times


def compare(title: str, body: bytes) -> None:
    """Print the median of each way, and the ratios of medians and of the best times."""
    times = measure(WAYS, body)
    base = times["orjson.loads"]
    print(f"{title}: {len(body) / 1000:.0f} kB, Python {sys.version.split()[0]}")
    for name, seconds in times.items():
        print(
            f"  {name:14} {statistics.median(seconds) * 1e6:7.0f} µs"
            f"  {statistics.median(seconds) / statistics.median(base):6.2f} of orjson.loads"
            f"  (best against best {min(seconds) / min(base):.2f})"
        )
    if "pydantic" in times:
        mine, theirs = times["wixreseller"], times["pydantic"]
        print(
            f"  wixreseller / pydantic: {statistics.median(mine) / statistics.median(theirs):.2f}"
            f"  (best against best {min(mine) / min(theirs):.2f})"
        )


if __name__ == "__main__":
    compare("a page of 100 packages with 3 instances each", page_of(100, 3))
    compare("the same, with a new key in each of them", page_of(100, 3, extra=True))
