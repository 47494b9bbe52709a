"""The report of a run: its numbers are the journal's, it needs nothing and trusts nobody."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
import sqlite3
import statistics
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest
from bulk_orders import ACCOUNT, BASIC, YEARLY, cancel, new_client, order, orders
from bulk_plans import applied, plan_of, reading
from html_tree import Tag, facts_of, read_page, rows_of, section_of
from hypothesis import given
from hypothesis import strategies as st

from wixreseller import AsyncClient, RateLimit, errors
from wixreseller.bulk import Failed, Ok, Order, Outcome, Unknown
from wixreseller.bulk.catalogue import EMPTY, Catalogue, CatalogueEntry
from wixreseller.bulk.journal import Change, Transition, entry_of, outcome_state
from wixreseller.bulk.journal_rows import SCHEMA
from wixreseller.bulk.journal_sqlite import SqliteJournal
from wixreseller.bulk.plan_file import PlanFile
from wixreseller.bulk.report import write_report
from wixreseller.bulk.report_html import Html, element
from wixreseller.bulk.report_numbers import MOST_LISTED
from wixreseller.bulk.report_windows import MOST_BARS, pace_of, pause_from
from wixreseller.bulk.report_words import duration, share
from wixreseller.emulator import Emulator, Settings
from wixreseller.emulator.default_seed import BUSINESS_EMAIL, SUB_ACCOUNTS
from wixreseller.testing import AsyncEmulatorControl, FastTime

NOWHERE = attrs.evolve(BASIC, catalog_product_id="c0000000-0000-4000-8000-00000000dead")
START = datetime(2026, 3, 1, 22, 0, tzinfo=UTC).timestamp()
MADE_AT = datetime(2026, 3, 2, 8, 15, tzinfo=UTC)
STYLE = Path("wixreseller/bulk/report.css")


@pytest.fixture
async def emulator() -> AsyncIterator[Emulator]:
    async with Emulator(rate_limit="off", settings=Settings(delivery_seconds=0.0)) as running:
        yield running


@pytest.fixture
def control(emulator: Emulator) -> AsyncEmulatorControl:
    return AsyncEmulatorControl(emulator.url)


@pytest.fixture
def fast(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> FastTime:
    """Remove the waits of the clients of this test."""
    time = FastTime(emulator.clock)
    time.install(monkeypatch)
    return time


@pytest.fixture
async def client(emulator: Emulator, fast: FastTime) -> AsyncIterator[AsyncClient]:
    async with new_client(emulator) as made:
        yield made


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    async with SqliteJournal(tmp_path / "orders.journal") as opened:
        yield opened


async def report_of(
    journal: SqliteJournal,
    *,
    plan: PlanFile | None = None,
    catalogue: Catalogue = EMPTY,
    limit: RateLimit | None = RateLimit(),  # noqa: B008  # a frozen value
) -> Tag:
    """Write the report of a journal, and read it."""
    out = journal.path.with_name("report.html")
    await write_report(plan, journal, out, catalogue=catalogue, limit=limit, made_at=MADE_AT)
    return read_page(out.read_text(encoding="utf-8"))


def tiles(page: Tag) -> dict[str, int]:
    """Give the counts at the top of a report."""
    found: dict[str, int] = {}
    for tile in page.one("ul", "tiles").all("li"):
        label = next(tile.all("span")).text
        found[label] = int(tile.one("strong").text.replace(",", ""))
    return found


async def fill(
    journal: SqliteJournal,
    asked: Sequence[Order],
    outcomes: Iterable[Outcome | None],
    *,
    every: float = 1.0,
    takes: float = 0.25,
) -> None:
    """Write orders down as sent, one after the other, with these outcomes."""
    records = await journal.add([entry_of(order, n) for n, order in enumerate(asked)], START)
    changes: list[Change] = []
    for place, (record, outcome) in enumerate(zip(records, outcomes, strict=True)):
        at, number = START + place * every, record.entry.number
        changes.append(Change(number=number, at=at, state="intent", server_ahead=0.0))
        if outcome is not None:
            state = outcome_state(outcome)
            changes.append(Change(number=number, at=at + takes, state=state, outcome=outcome))
    await journal.note(changes)


def created(external_id: str) -> Ok:
    return Ok(external_id=external_id, account_id=ACCOUNT, outcome="created", package_id="p")


def failed(external_id: str, code: str = "NOPE", message: str = "no") -> Failed:
    return Failed(external_id=external_id, account_id=ACCOUNT, code=code, message=message)


def unknown(external_id: str) -> Unknown:
    return Unknown(
        external_id=external_id,
        account_id=ACCOUNT,
        code="NOT_SEEN",
        message="it may have been sent",
        request_id=f"request-of-{external_id}",
    )


# --- the numbers --------------------------------------------------------------------------------


async def test_the_counts_are_the_journals_of_a_run_with_every_outcome(
    client: AsyncClient, control: AsyncEmulatorControl, tmp_path: Path
) -> None:
    for existing in ("old", "older"):
        await client.packages.create([BASIC], external_id=existing)
    asked = [*orders(20), order("old"), cancel("older"), order("bad", NOWHERE), order("lost")]
    plan = await plan_of(client, tmp_path, asked)
    await control.add_fault(
        "drop_before_commit", operation="createPackageV2", external_id="lost", times=None
    )
    outcomes = await applied(client, plan)
    async with reading(plan) as journal:
        page = await report_of(journal, plan=plan)
        counts = await journal.counts()
    words = Counter(outcome.outcome for outcome in outcomes)
    assert {
        "Created": 20,
        "Existing": 1,
        "Canceled": 1,
        "Failed": 1,
        "Unknown": 1,
        "Under way": 0,
        "Not sent": 0,
    } == tiles(page)
    assert sum(counts.values()) == sum(tiles(page).values()) == len(asked)
    assert dict(words) == {label.lower(): count for label, count in tiles(page).items() if count}
    assert "1 of 24 orders ended unknown: packages may exist that no result names." == (
        page.one("p", "verdict").text
    )


async def test_the_pace_is_that_of_the_transitions_window_by_window(
    emulator: Emulator, tmp_path: Path
) -> None:
    limit = RateLimit(20, per=0.25)
    async with new_client(emulator, rate_limit=limit) as client:
        plan = await plan_of(client, tmp_path, orders(95))
        await applied(client, plan)
    async with reading(plan) as journal:
        page = await report_of(journal, plan=plan, limit=limit)
        steps = [step async for step in journal.transitions()]
    expected = windows_of(steps, limit.per)
    section = section_of(page, "Throughput")
    told = [tuple(map(int, row[1:3])) for row in rows_of(section.one("table"))]
    assert expected == told
    assert 95 == sum(sent for sent, _ in told)
    assert "95" == facts_of(section)["Requests sent"]
    assert (
        f"{max(sent for sent, _ in told)} in 250 ms, of 20 that the limit allows"
        == (facts_of(section)["Busiest"])
    )
    # Every bar is as high as what it counts, on the scale that the limit's line is on.
    chart, _ = section.all("svg")
    line = chart.one("line", "limit").attributes
    limit_height = 100 - float(line["y1"])
    heights = [float(bar.attributes["height"]) for bar in chart.all("rect", "sends")]
    assert [sent for sent, _ in told] == [round(limit.requests * h / limit_height) for h in heights]


def windows_of(steps: Iterable[Transition], window: float) -> list[tuple[int, int]]:
    """Count what was sent and done in each window, from the first step on."""
    taken = [step for step in steps if step.state != "planned"]
    start = min(step.at for step in taken)
    count = int((max(step.at for step in taken) - start) / window) + 1
    sent, done = [0] * count, [0] * count
    for step in taken:
        place = int((step.at - start) / window)
        sent[place] += step.state == "intent"
        done[place] += step.state == "done"
    return list(zip(sent, done, strict=True))


async def test_median_and_95_of_100_are_of_the_time_from_the_last_intent_to_done(
    journal: SqliteJournal,
) -> None:
    asked = orders(101)
    records = await journal.add([entry_of(order, n) for n, order in enumerate(asked)], START)
    seconds = [1.0 + (37 * n % 101) for n in range(101)]
    for record, takes in zip(records, seconds, strict=True):
        number = record.entry.number
        done = created(record.entry.external_id)
        await journal.note(
            [
                Change(number=number, at=START - 500.0, state="intent"),
                Change(number=number, at=START - 400.0, state="planned", note="CONNECT_FAILED"),
                Change(number=number, at=START, state="intent"),
                Change(number=number, at=START + takes, state="done", outcome=done),
            ]
        )
    page = await report_of(journal)
    told = facts_of(section_of(page, "Times"))
    assert duration(statistics.median(seconds)) == told["From intent to done, median"] == "51.0 s"
    assert "1 min 36 s" == told["95 of 100 within"]
    assert "1 min 41 s (of 101 orders)" == told["Longest"]
    assert "2026-03-01 21:51:40 UTC" == told["First request"]
    assert "2026-03-01 22:00:00 UTC" == told["Last request"]
    assert "2026-03-01 22:01:41 UTC" == told["Last outcome"]
    put_back = list(section_of(page, "Times").all("table"))[-1]
    assert [["CONNECT_FAILED", "101"]] == rows_of(put_back)
    assert "101 orders" == facts_of(section_of(page, "Throughput"))["Sent more than once"]


async def test_failures_are_counted_by_code_with_their_commonest_messages_and_examples(
    journal: SqliteJournal,
) -> None:
    outcomes: list[Outcome] = [created("sub-0"), failed("sub-1", "TAKEN", "taken by p9")]
    outcomes += [failed(f"sub-{n}", "NO_PRODUCT", "product p1 was not found") for n in range(2, 7)]
    outcomes += [failed(f"sub-{n}", "NO_PRODUCT", f"product p{n} was not found") for n in (7, 8)]
    outcomes += [failed(f"sub-{n}", "NO_PRODUCT", f"product p{n} was not found") for n in (9, 10)]
    await fill(journal, orders(11), outcomes)
    page = await report_of(journal)
    assert [
        ["NO_PRODUCT", "5", "product p1 was not found", "sub-2 sub-3 sub-4"],
        ["NO_PRODUCT", "1", "product p7 was not found", "sub-7"],
        ["NO_PRODUCT", "1", "product p8 was not found", "sub-8"],
        ["NO_PRODUCT", "2", "other messages", ""],
        ["TAKEN", "1", "taken by p9", "sub-1"],
    ] == rows_of(section_of(page, "Failures").one("table"))
    assert "10 of 11 orders failed; all others are done." == page.one("p", "verdict").text


async def test_unknown_orders_are_listed_with_their_requests_and_the_command_that_resumes(
    client: AsyncClient, tmp_path: Path, journal: SqliteJournal
) -> None:
    plan = await plan_of(client, tmp_path, [], name="my orders")
    await fill(journal, orders(3), [created("sub-0"), unknown("sub-1"), None])
    page = await report_of(journal, plan=plan)
    section = section_of(page, "Unknown and under way")
    assert [
        [
            f"create sub-1 {ACCOUNT}",
            "unknown",
            "2026-03-01 22:00:01 UTC",
            "NOT_SEEN it may have been sent request request-of-sub-1",
        ],
        [
            f"create sub-2 {ACCOUNT}",
            "under way",
            "2026-03-01 22:00:02 UTC",
            "No outcome was written down.",
        ],
    ] == rows_of(section.one("table"))
    todo = page.one("ul", "todo").text
    assert "wixreseller provision resume 'my orders.json'" in todo
    assert "--resend-absent" in todo


async def test_what_is_not_finished_is_told_as_such(journal: SqliteJournal) -> None:
    await journal.add([entry_of(order, n) for n, order in enumerate(orders(7))], START)
    page = await report_of(journal)
    assert "Not finished: 7 of 7 orders have no outcome yet." == page.one("p", "verdict").text
    assert "7 orders not sent yet: wixreseller provision resume PLAN goes on." == (
        page.one("ul", "todo").text
    )
    assert 7 == tiles(page)["Not sent"]


async def test_of_many_unknown_orders_the_first_are_listed_and_the_others_counted(
    journal: SqliteJournal,
) -> None:
    asked = orders(MOST_LISTED + 25)
    await fill(journal, asked, [unknown(order.external_id) for order in asked])
    section = section_of(await report_of(journal), "Unknown and under way")
    assert MOST_LISTED == len(rows_of(section.one("table")))
    assert "And 25 more." == list(section.all("p"))[-1].text


async def test_products_have_the_names_of_the_catalogue_and_accounts_their_orders(
    journal: SqliteJournal,
) -> None:
    email = attrs.evolve(BASIC, catalog_product_id=BUSINESS_EMAIL, billing_info=None)
    there = SUB_ACCOUNTS[1]
    asked = [*orders(3), order("duo", BASIC, email), order("a", email, account_id=there)]
    await fill(journal, asked, [created("x"), created("x"), failed("x"), created("x"), None])
    catalogue = Catalogue(
        (
            CatalogueEntry(
                name="basic-yearly",
                catalog_product_id=BASIC.catalog_product_id,
                billing_info=YEARLY,
            ),
        )
    )
    page = await report_of(journal, catalogue=catalogue)
    basic, mail = BASIC.catalog_product_id, BUSINESS_EMAIL
    assert [
        [f"basic-yearly {basic} RECURRING every 1 YEAR", "4", "3", "1", "0"],
        [f"{mail} as Wix has it", "2", "1", "0", "1"],
    ] == rows_of(section_of(page, "Products").one("table"))
    assert [[ACCOUNT, "4", "3", "1", "0"], [there, "1", "0", "0", "1"]] == rows_of(
        section_of(page, "Accounts").one("table")
    )


async def test_a_time_without_any_step_is_a_pause_and_is_left_out_of_the_pace(
    journal: SqliteJournal,
) -> None:
    records = await journal.add([entry_of(order, n) for n, order in enumerate(orders(4))], START)
    changes: list[Change] = []
    for record, after in zip(records, (0.0, 70.0, 36_070.0, 36_130.0), strict=True):
        number, at = record.entry.number, START + after
        changes.append(Change(number=number, at=at, state="intent"))
        changes.append(Change(number=number, at=at + 1, state="done", outcome=created("x")))
    await journal.note(changes)
    page = await report_of(journal)
    times = section_of(page, "Times")
    assert "2 min 12 s, and 10 h of pauses" == facts_of(times)["Took"]
    assert [["2026-03-01 22:01:11 UTC", "2026-03-02 08:01:10 UTC", "10 h"]] == rows_of(
        times.one("table")
    )
    throughput = section_of(page, "Throughput")
    assert ["1", "1", "1", "1"] == [row[1] for row in rows_of(throughput.one("table"))]
    assert [1, 1] == [len(list(svg.all("line", "pause"))) for svg in throughput.all("svg")]


async def test_the_throughput_is_compared_with_the_best_that_the_limit_allows(
    journal: SqliteJournal,
) -> None:
    asked = orders(39)  # and one look before
    await fill(journal, asked, [created("x") for _ in asked], every=10.0, takes=20.0)
    page = await report_of(journal, limit=RateLimit(10, per=60.0))
    assert (
        "3 min at best, with 1 look before; it took 6 min 40 s (45 % of the limit)"
        == facts_of(section_of(page, "Throughput"))["Against the limit"]
    )


async def test_without_a_limit_there_is_no_line_of_one(journal: SqliteJournal) -> None:
    asked = orders(5)
    await fill(journal, asked, [created("x") for _ in asked], every=60.0)
    section = section_of(await report_of(journal, limit=None), "Throughput")
    assert [] == list(section.all("line", "limit"))
    assert "1 a minute" == facts_of(section)["Busiest"]


async def test_the_page_says_which_plan_and_order_file_it_is_about(
    client: AsyncClient, tmp_path: Path
) -> None:
    plan = await plan_of(client, tmp_path, orders(2))
    await applied(client, plan)
    async with reading(plan) as journal:
        page = await report_of(journal, plan=plan)
        without_plan = await report_of(journal)
    told = facts_of(section_of(page, "Plan and journal"))
    digest = hashlib.sha256((tmp_path / "orders.csv").read_bytes()).hexdigest()
    assert ["orders.csv", digest, "orders.json", "orders.journal"] == [
        told[name] for name in ("Order file", "Its SHA-256", "Plan", "Journal")
    ]
    assert "2026-03-01 09:30:00 UTC" == told["Planned"]
    assert "2 to create, 0 to cancel, 0 done already, 0 in conflict" == told["What was planned"]
    assert "2026-03-02 08:15:00 UTC" in page.one("footer").text
    for found in (page, without_plan):
        assert "orders.csv" == found.one("h1").text
        assert "All 2 orders are done." == found.one("p", "verdict").text


async def test_a_journal_without_orders_makes_a_page_that_says_so(journal: SqliteJournal) -> None:
    page = await report_of(journal)
    assert "No order was taken in yet: the journal is empty." == page.one("p", "verdict").text
    assert {0} == set(tiles(page).values())
    assert [
        "No request was sent.",
        "No order failed.",
        "No outcome is unknown, and nothing is under way.",
        "No order sells a product.",
        "There is no order of any account.",
    ] == [empty.text for empty in page.all("p", "empty")]
    assert [] == list(page.all("svg"))


async def test_a_run_may_go_on_while_its_report_is_written(journal: SqliteJournal) -> None:
    await fill(journal, orders(2), [created("sub-0"), None])
    async with SqliteJournal(journal.path, is_reader=True) as reader:
        page = await report_of(reader)
    assert (1, 1) == (tiles(page)["Created"], tiles(page)["Under way"])


# --- a page that needs nothing ------------------------------------------------------------------


@pytest.fixture
async def page(journal: SqliteJournal) -> Tag:
    """Give a report with something in every part."""
    asked = orders(6)
    outcomes: list[Outcome | None] = [created("a"), failed("b"), unknown("c"), None]
    outcomes += [created("d"), created("e")]
    await fill(journal, asked, outcomes, every=300.0)
    return await report_of(journal)


def test_the_page_asks_for_nothing_from_outside(page: Tag) -> None:
    names = {"src", "href", "srcset", "action", "data", "poster", "xlink:href", "background"}
    asked = {
        (tag.name, value)
        for tag in page.all()
        for name, value in tag.attributes.items()
        if name in names
    }
    assert {("link", "data:,")} == asked
    style = page.one("style").text
    assert re.findall(r"url\(|@import|https?:", style) == []


def test_the_page_has_no_script_and_its_policy_allows_its_own_style_only(page: Tag) -> None:
    assert set() == {tag.name for tag in page.all()} & {"script", "iframe", "object", "embed"}
    assert [] == [
        name
        for tag in page.all()
        for name in tag.attributes
        if name.startswith("on") or name == "style"
    ]
    (policy,) = (
        tag.attributes["content"]
        for tag in page.all("meta")
        if tag.attributes.get("http-equiv") == "Content-Security-Policy"
    )
    (style,) = page.one("style").children
    assert isinstance(style, str)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert (
        f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'" == policy
    )


def test_every_drawing_says_what_it_shows(page: Tag) -> None:
    told = [svg.attributes["aria-label"] for svg in page.all("svg")]
    assert [
        "Orders by outcome: Created 3, Failed 1, Unknown 1, Under way 1",
        "Requests sent a minute: at most 1, the limit is 200",
        "6 requests sent and 3 orders done in all",
    ] == told


def test_texts_and_drawings_have_the_contrast_that_wcag_aa_asks_for() -> None:
    themes = re.findall(r":root \{([^}]*--page[^}]*)\}", STYLE.read_text())
    assert 2 == len(themes)
    for theme in themes:
        colours = dict(re.findall(r"--([\w-]+): (#\w{6})", theme))
        panels = [name for name in colours if name in ("page", "panel") or name.endswith("-panel")]
        texts = {
            (t, p): contrast(colours[t], colours[p]) for t in ("text", "muted") for p in panels
        }
        assert {} == {pair: ratio for pair, ratio in texts.items() if ratio < 4.5}
        drawn = set(colours) - {*panels, "edge", "track"}
        shapes = {name: contrast(colours[name], colours["page"]) for name in drawn}
        assert {} == {name: ratio for name, ratio in shapes.items() if ratio < 3.0}


def contrast(one: str, other: str) -> float:
    """Give the contrast ratio of two colours as WCAG 2 defines it."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


# --- a page that trusts nobody ------------------------------------------------------------------

HOSTILE = "</td><script>alert('1')</script>\"&amp;<img src=x onerror=alert(1)>"


async def test_whatever_people_and_servers_wrote_is_text(
    client: AsyncClient, tmp_path: Path, journal: SqliteJournal
) -> None:
    plan = await plan_of(client, tmp_path, [])
    plan.head = attrs.evolve(plan.head, orders_name=HOSTILE, base_url=HOSTILE, program=HOSTILE)
    asked = [order(HOSTILE), order(f"{HOSTILE}2")]
    lost = attrs.evolve(unknown("x"), message=HOSTILE, code=HOSTILE, request_id=HOSTILE)
    await fill(journal, asked, [failed("x", HOSTILE, HOSTILE), lost])
    entry = CatalogueEntry(name=HOSTILE, catalog_product_id=BASIC.catalog_product_id)
    page = await report_of(journal, plan=plan, catalogue=Catalogue((entry,)))
    assert set() == {tag.name for tag in page.all()} & {"script", "img"}
    assert [[HOSTILE, "1", HOSTILE, HOSTILE]] == rows_of(section_of(page, "Failures").one("table"))
    (unknown_row,) = rows_of(section_of(page, "Unknown and under way").one("table"))
    assert f"{HOSTILE} {HOSTILE} request {HOSTILE}" == unknown_row[3]
    assert HOSTILE == page.one("h1").text
    assert f"{HOSTILE} · provisioning report" == page.one("title").text
    assert HOSTILE in rows_of(section_of(page, "Products").one("table"))[0][0]


@given(st.text())
def test_any_text_comes_through_as_text_and_any_attribute_as_one(text: str) -> None:
    tag = read_page(element("b", text, element("i", "x"), data_label=text).text).one("b")
    assert ["i"] == [found.name for found in tag.all()]
    assert ["data-label"] == list(tag.attributes)


def test_texts_that_turn_others_about_are_shown_as_unprintable_and_long_ones_cut() -> None:
    assert Html("<b>a\ufffdb\ufffdc</b>") == element("b", "a\u202eb\x00c")
    assert Html(f"<b>{'a' * 600}…</b>") == element("b", "a" * 10_000)


# --- whole or not at all ------------------------------------------------------------------------


async def test_the_journal_of_another_plan_is_refused_and_an_older_report_stays(
    client: AsyncClient, tmp_path: Path
) -> None:
    one = await plan_of(client, tmp_path, [order("a")])
    await applied(client, one)
    other = await plan_of(client, tmp_path, [order("b")], name="other")
    out = tmp_path / "report.html"
    out.write_text("older")
    async with reading(one) as journal:
        with pytest.raises(errors.JournalError, match="is of another plan than"):
            await write_report(other, journal, out)
    assert "older" == out.read_text()


async def test_a_report_that_cannot_be_written_leaves_nothing_behind(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    folder = tmp_path / "reports"
    (folder / "report.html").mkdir(parents=True)
    with pytest.raises(OSError, match=r"report\.html"):
        await write_report(None, journal, folder / "report.html")
    assert [folder / "report.html"] == contents(folder)


def contents(folder: Path) -> list[Path]:
    return list(folder.iterdir())


# --- any number of orders -----------------------------------------------------------------------


@given(
    silences=st.lists(
        st.one_of(st.floats(0, 30), st.floats(30, 3600), st.integers(0, 10_000_000)), max_size=400
    ),
    window=st.sampled_from([1.0, 10.0, 60.0]),
)
def test_bars_have_a_bound_and_lose_no_step_and_pauses_no_second(
    silences: list[float], window: float
) -> None:
    moments = [START]
    for silence in silences:
        moments.append(moments[-1] + silence)
    with sqlite3.connect(":memory:") as connection:
        connection.executescript(SCHEMA)
        connection.executemany(
            "INSERT INTO transitions (number, at, state) VALUES (0, ?, 'intent')",
            [(moment,) for moment in moments],
        )
        pace = pace_of(connection, window)
    connection.close()
    long = [b - a for a, b in itertools.pairwise(moments) if b - a > pause_from(window)]
    assert len(moments) == sum(bar.sent for bar in pace.bars)
    assert len(pace.bars) <= MOST_BARS
    assert len(long) == pace.pause_count
    assert pytest.approx(sum(long)) == pace.paused
    assert all(a.end <= b.start + 1e-6 for a, b in itertools.pairwise(pace.bars))


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.0, "0 ms"),
        (0.34, "340 ms"),
        (0.9999, "1.0 s"),
        (59.96, "1 min"),
        (3012.0, "50 min 12 s"),
        (3600.0, "1 h"),
        (36_180.0, "10 h 3 min"),
        (187_200.0, "2 d 4 h"),
    ],
)
def test_a_duration_is_said_in_two_units_at_most(seconds: float, said: str) -> None:
    assert said == duration(seconds)


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 0, "0 %"),
        (0, 5, "0 %"),
        (5, 5, "100 %"),
        (1, 1_000_000, "0.1 %"),
        (999_999, 1_000_000, "99.9 %"),
        (1, 3, "33 %"),
        (1, 30, "3.3 %"),
    ],
)
def test_a_share_is_nothing_or_all_only_where_it_is(part: int, whole: int, said: str) -> None:
    assert said == share(part, whole)
