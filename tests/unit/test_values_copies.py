"""Everything public pickles, copies and deep-copies, or refuses with a way out; never a secret."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import attrs
import pytest

import wixreseller
from wixreseller import (
    AsyncClient,
    AttemptEnded,
    AttemptStarting,
    BillingInfo,
    CallMeta,
    Change,
    Client,
    CycleDuration,
    CycleUnit,
    Ensured,
    ErrorCode,
    Failure,
    FailureCode,
    FieldViolation,
    Happened,
    Hooks,
    NotSeen,
    Package,
    Page,
    Pager,
    PagingMetadata,
    Product,
    ProductInstance,
    Q,
    RateLimit,
    Retrying,
    RetryPolicy,
    Status,
    UnknownOutcome,
    _wire,
    errors,
)
from wixreseller.config import ClientConfig

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
NOBODY = "http://127.0.0.1:1"
CANARY = "canary-key-that-must-not-leak"
META = CallMeta(status=200, request_id="r", attempts=2, waited=0.5, idempotency_key="k")
PACKAGE = Package(
    id=GUID,
    external_id="x",
    product_instances=(
        ProductInstance(
            instance_id=GUID,
            status=Status("BRAND_NEW"),
            failure=Failure(code=FailureCode.UNKNOWN),
            created_date=datetime(2026, 1, 2, tzinfo=UTC),
            extra={"deep": {"list": [1, None, "x"]}},
        ),
    ),
    meta=META,
)
FACTS: errors.CallFacts = {
    "operation": "create_package",
    "idempotency_key": "k",
    "request_id": "r",
    "attempts": 2,
}
UNKNOWN = errors.OutcomeUnknownError(
    "lost", sent_at=datetime(2026, 1, 2, tzinfo=UTC), external_id="x", intent={"a": [1]}, **FACTS
)
API_ERROR: dict[str, Any] = {
    "status": 428,
    "code": ErrorCode("NEW_CODE"),
    "details": {"a": 1},
    "field_violations": [FieldViolation(field="f", description="d", rule="r")],
    **FACTS,
}


def on_unknown(event: UnknownOutcome) -> None:
    """Be a hook that pickle finds by its name."""


EXAMPLES: dict[str, object] = {
    "NO_TIMEOUT": wixreseller.NO_TIMEOUT,
    "UNSET": wixreseller.UNSET,
    "AttemptEnded": AttemptEnded(
        operation="o",
        account_id=GUID,
        attempt=1,
        seconds=0.1,
        status=200,
        request_id="r",
        phase="done",
    ),
    "AttemptStarting": AttemptStarting(
        operation="o", account_id=GUID, attempt=1, idempotency_key="k", external_id="x"
    ),
    "BillingInfo": BillingInfo.recurring(1, CycleUnit.YEAR),
    "BillingType": wixreseller.BillingType.RECURRING,
    "CallMeta": META,
    "CycleDuration": CycleDuration(unit=CycleUnit("FORTNIGHT"), count=3),
    "CycleUnit": CycleUnit("FORTNIGHT"),
    "Ensured": Ensured(package=PACKAGE, outcome="created"),
    "ErrorCode": ErrorCode("NEW_CODE"),
    "Failure": Failure(code=FailureCode.DELIVERY_TIMEOUT, message="late"),
    "FailureCode": FailureCode("NEW_ONE"),
    "FieldViolation": FieldViolation(field="f"),
    "Filter": (Q.external_id == "x") & Q.id.in_([GUID]),
    "Happened": Happened(PACKAGE),
    "Hooks": Hooks(on_unknown=on_unknown),
    "NotSeen": NotSeen("why"),
    "Package": PACKAGE,
    "Page": Page(packages=(PACKAGE,), metadata=PagingMetadata(next_cursor="c"), meta=META),
    "PagingMetadata": PagingMetadata(count=1, has_next=True),
    "Product": Product(catalog_product_id=GUID, country_code="BR", extra={"newKey": [1]}),
    "ProductInstance": PACKAGE.product_instances[0],
    "Q": Q,
    "RateLimit": RateLimit(5, per=1.0, shared=Path("/tmp/limit")),  # noqa: S108  # never opened
    "RetryPolicy": RetryPolicy(max_attempts=7),
    "Retrying": Retrying(
        operation="o", account_id=GUID, attempts=1, delay=0.5, error=errors.TransportError("no")
    ),
    "Sort": Q.created_date.desc(),
    "Status": Status("BRAND_NEW"),
    "UnknownOutcome": UnknownOutcome(error=UNKNOWN, was_cancelled=True),
    "WixResellerError": errors.WixResellerError("bad", **FACTS),
    "Change": Change(package=PACKAGE, kind="created", instances=PACKAGE.product_instances),
    "ConfigurationError": errors.ConfigurationError("bad", field="api_key"),
    "TransportError": errors.TransportError("no", **FACTS),
    "ConnectFailedError": errors.ConnectFailedError("no", **FACTS),
    "RequestTimeoutError": errors.RequestTimeoutError("late", phase="sending", **FACTS),
    "PacingError": errors.PacingError("busy", retry_after=3.5, **FACTS),
    "OutcomeUnknownError": UNKNOWN,
    **{
        kind.__name__: kind("no", **API_ERROR)
        for kind in (
            errors.APIError,
            errors.BadRequestError,
            errors.AuthenticationError,
            errors.PermissionDeniedError,
            errors.NotFoundError,
            errors.ConflictError,
            errors.FailedPreconditionError,
            errors.RateLimitError,
            errors.ServerError,
        )
    },
    "DecodeError": errors.DecodeError("odd", **FACTS),
    "UnexpectedRedirectError": errors.UnexpectedRedirectError("moved", status=302, **FACTS),
    "ExternalIdConflictError": errors.ExternalIdConflictError(
        "two", matches=[PACKAGE], differences=["site"], **FACTS
    ),
    "PagingError": errors.PagingError("loop", cursor="c", **FACTS),
    "InstanceFailedError": errors.InstanceFailedError("failed", **FACTS),
    "StillPendingError": errors.StillPendingError("pending", **FACTS),
    "JournalError": errors.JournalError("full", path="night.journal"),
    "JournalHeldError": errors.JournalHeldError("held", path="night.journal", holder="process 7"),
    "ClientClosedError": errors.ClientClosedError("closed"),
    "SyncUsageError": errors.SyncUsageError("here", **FACTS),
}
# They hold connections and threads, or are the language's own.
REFUSING = {"AsyncClient", "Client", "AsyncPager", "Pager", "AsyncChanges", "Changes"}
NO_VALUES = {"__version__", "derive_idempotency_key", "errors"}


def pickled(value: object) -> object:
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # pickled a moment ago


def content(value: object) -> object:
    """Give all that a value holds: what takes no part in equality as well."""
    if isinstance(value, BaseException):
        return type(value), value.args, {key: content(item) for key, item in vars(value).items()}
    if isinstance(value, tuple):
        return [content(item) for item in cast("tuple[object, ...]", value)]
    kind = cast("type[Any]", value.__class__)
    if attrs.has(kind):
        return kind, [content(getattr(value, field.name)) for field in attrs.fields(kind)]
    return kind, repr(value)


def test_every_public_name_has_an_example_here() -> None:
    assert set(wixreseller.__all__) == set(EXAMPLES) | REFUSING | NO_VALUES


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_of_the_public_class(name: str) -> None:
    public: object = getattr(wixreseller, name)

    assert public is EXAMPLES[name] or type(EXAMPLES[name]) is public


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("name", EXAMPLES)
def test_everything_public_pickles_copies_and_deep_copies(
    name: str, duplicate: Callable[[object], object]
) -> None:
    value = EXAMPLES[name]

    assert content(value) == content(duplicate(value))


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize(
    "raw",
    [
        {"id": GUID, "productInstances": [{"instanceId": GUID, "status": "NEW"}], "new": [1]},
        {"id": GUID},
    ],
)
def test_what_was_decoded_pickles_copies_and_deep_copies(
    raw: dict[str, Any], duplicate: Callable[[object], object]
) -> None:
    package = _wire.decode(raw, Package)
    again = cast("Package", duplicate(package))

    assert content(package) == content(again)
    assert _wire.encode(package) == _wire.encode(again)


# --- the key ------------------------------------------------------------------------------------


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("kind", [AsyncClient, Client])
def test_a_client_refuses_and_names_what_pickles(
    kind: type[AsyncClient] | type[Client], duplicate: Callable[[object], object]
) -> None:
    client = kind(api_key=CANARY, account_id=GUID, base_url=NOBODY)

    with pytest.raises(TypeError, match=r"not pickled.*ClientConfig") as caught:
        duplicate(client)

    assert CANARY not in str(caught.value)


def resumable(kind: type[AsyncClient] | type[Client]) -> dict[str, tuple[object, str]]:
    """Give what holds a client, and the name of what can be taken along."""
    packages = kind(api_key=CANARY, account_id=GUID, base_url=NOBODY).packages
    pager = packages.query()
    items = pager.__iter__() if isinstance(pager, Pager) else pager.__aiter__()
    return {
        "pager": (pager, ".cursor"),
        "pages": (pager.pages(), ".cursor"),
        "items": (items, ".cursor"),
        "changes": (packages.changes(), ".token"),
    }


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickled])
@pytest.mark.parametrize("what", ["pager", "pages", "items", "changes"])
@pytest.mark.parametrize("kind", [AsyncClient, Client])
def test_what_holds_a_client_refuses_and_names_what_resumes(
    kind: type[AsyncClient] | type[Client], what: str, duplicate: Callable[[object], object]
) -> None:
    value, place = resumable(kind)[what]

    with pytest.raises(TypeError, match=rf"not pickled.*{place}.*ClientConfig") as caught:
        duplicate(value)

    assert CANARY not in str(caught.value)


def config(**settings: Any) -> ClientConfig:
    given: dict[str, Any] = {"api_key": CANARY, "account_id": GUID, "base_url": NOBODY, **settings}
    return ClientConfig.resolve(environment={}, **given)


KEYS: list[Any] = [CANARY, lambda: CANARY]


@pytest.mark.parametrize("key", KEYS, ids=["text", "function"])
def test_a_configuration_pickles_without_its_key(key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    ours = config(api_key=key, timeout=7.0, rate_limit=RateLimit(5, per=1.0))
    data = pickle.dumps(ours)
    monkeypatch.setenv("WIX_API_KEY", "the-other-key")
    again = pickle.loads(data)  # noqa: S301  # pickled a moment ago

    assert CANARY.encode() not in data
    assert "the-other-key" == again.keys.fixed.reveal()
    assert attrs.evolve(ours, keys=again.keys) == again


def test_a_process_without_a_key_says_which_variable_it_needs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data = pickle.dumps(config())
    monkeypatch.delenv("WIX_API_KEY", raising=False)

    with pytest.raises(errors.ConfigurationError, match="WIX_API_KEY") as caught:
        pickle.loads(data)  # noqa: S301  # pickled a moment ago

    assert "api_key" == caught.value.field


def test_a_configuration_keeps_its_key_when_it_is_copied() -> None:
    ours = config()

    assert ours is copy.copy(ours)
    assert ours is copy.deepcopy(ours)


def test_another_process_reads_a_configuration_with_its_own_key(tmp_path: Path) -> None:
    file = tmp_path / "config.pickle"
    file.write_bytes(pickle.dumps(config()))
    code = (
        "import pickle, sys; from pathlib import Path;"
        "config = pickle.loads(Path(sys.argv[1]).read_bytes());"
        "print(config.keys.fixed.reveal(), config.account_id)"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, str(file)],
        env={**os.environ, "WIX_API_KEY": "theirs"},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )

    assert f"theirs {GUID}\n" == done.stdout
