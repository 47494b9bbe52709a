"""A blocking write that is interrupted just as it is done leaves word of what it gave."""

# The moment is that between the end of a call on the loop and its caller's waking up.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import logging
from collections.abc import Callable

import pytest

from wixreseller import Client, Package, Product
from wixreseller.sync import _loop_thread

ACCOUNT = "a0000000-0000-4000-8000-000000000001"
Call = Callable[[Client, Product], object]
WRITES: dict[str, Call] = {
    "create": lambda client, product: client.packages.create(
        [product], external_id="sub-1", idempotency_key="my-key"
    ),
    "ensure": lambda client, product: client.packages.ensure(
        [product], external_id="sub-1", idempotency_key="my-key"
    ),
}
READS: dict[str, Call] = {
    "find": lambda client, _: client.packages.find("sub-1"),
    "query": lambda client, _: client.packages.query().collect(),
}


@pytest.fixture
def client(emulator_url: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Give a client all of whose calls are interrupted as they are done."""
    client = Client(api_key="EMU.demo", account_id=ACCOUNT, base_url=emulator_url)
    wait = _loop_thread._Call[object].wait

    def wait_and_interrupt(call: _loop_thread._Call[object], seconds: float = -1) -> None:
        wait(call, seconds)
        if seconds < 0:
            raise KeyboardInterrupt

    monkeypatch.setattr(_loop_thread._Call, "wait", wait_and_interrupt)
    return client


def _word_of(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == logging.ERROR]


@pytest.mark.parametrize("write", [*WRITES])
def test_what_a_write_gave_and_its_key_are_in_the_log(
    client: Client,
    product: Product,
    write: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        WRITES[write](client, product)
    monkeypatch.undo()

    made = client.packages.find("sub-1")
    client.close()
    (word,) = _word_of(caplog)
    assert isinstance(made, Package)
    assert (True, True) == (made.id in word, "idempotency key my-key" in word)


@pytest.mark.parametrize("read", [*READS])
def test_of_what_a_read_gave_there_is_no_word(
    client: Client,
    product: Product,
    read: str,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(KeyboardInterrupt):
        READS[read](client, product)
    monkeypatch.undo()
    client.close()

    assert [] == _word_of(caplog)
