"""Make the parts of a report that are tables and lists."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Iterable, Sequence
from typing import Final

from wixreseller.bulk.catalogue import Catalogue
from wixreseller.bulk.report_html import Html, Node, element, joined
from wixreseller.bulk.report_numbers import FailureCode, OpenOrder, RunNumbers, Sold
from wixreseller.bulk.report_windows import Pace
from wixreseller.bulk.report_words import billing, duration, many, moment, number

__all__ = [
    "accounts_section",
    "facts",
    "failures_section",
    "open_section",
    "pace_table",
    "pauses_part",
    "products_section",
    "put_back_part",
    "table",
    "todo_list",
]

_GUID_LENGTH: Final = 36


def facts(told: Iterable[tuple[str, Node]]) -> Html:
    """List facts by their names."""
    return element(
        "dl",
        *(part for name, value in told for part in (element("dt", name), element("dd", value))),
    )


def table(
    columns: Sequence[str], rows: Iterable[Sequence[Node]], *, figures: Collection[int] = ()
) -> Html:
    """Make a table, whose rows become cards on a narrow page; ``figures`` are set to the right."""

    def kind(place: int) -> str | None:
        return "figure" if place in figures else None

    head = [
        element("th", name, scope="col", class_=kind(place)) for place, name in enumerate(columns)
    ]
    body = [
        element(
            "tr",
            *(
                element("td", element("div", cell), data_label=columns[place], class_=kind(place))
                for place, cell in enumerate(row)
            ),
        )
        for row in rows
    ]
    return element(
        "table",
        element("thead", element("tr", *head)),
        element("tbody", *body),
        class_="cards",
    )


def todo_list(numbers: RunNumbers, plan_name: str | None) -> Html | None:
    """Say what to do about what is not done; nothing where all is."""
    resume = _resume(plan_name)
    told: list[Html] = []
    if count := numbers.outcomes["unknown"]:
        told.append(
            element(
                "li",
                f"{many(count, 'order')} may have been carried out. ",
                resume,
                " looks for them again; those that are still not there it sends again, with the "
                "keys that they had, only with ",
                element("code", "--resend-absent", class_="word"),
                ".",
            )
        )
    if count := numbers.outcomes["intent"]:
        told.append(
            element(
                "li",
                f"{many(count, 'order')} were under way when this was written. If no run is at "
                f"work any more, ",
                resume,
                " looks for them before it sends anything.",
            )
        )
    if count := numbers.outcomes["planned"]:
        told.append(element("li", f"{many(count, 'order')} not sent yet: ", resume, " goes on."))
    if count := numbers.outcomes["failed"]:
        told.append(
            element(
                "li",
                f"For {many(count, 'order')} that failed, nothing was created or canceled. Correct "
                f"them, and plan them again.",
            )
        )
    return element("ul", *told, class_="todo") if told else None


def _resume(plan_name: str | None) -> Html:
    plan = "PLAN" if plan_name is None else shlex.quote(plan_name)
    return element("code", f"wixreseller provision resume {plan}")


def pace_table(pace: Pace) -> Html:
    """List the numbers behind the charts, to be opened."""
    rows = [
        (moment(bar.start), *map(number, (bar.sent, bar.done, bar.failed, bar.unknown)))
        for bar in pace.bars
    ]
    columns = ("From", "Sent", "Done", "Failed", "Unknown")
    return element(
        "details",
        element("summary", "Window by window"),
        table(columns, rows, figures=(1, 2, 3, 4)),
    )


def pauses_part(pace: Pace) -> Html | None:
    """List the pauses of a run; nothing where there are none."""
    if not pace.pause_count:
        return None
    rows = [
        (moment(pause.start), moment(pause.end), duration(pause.seconds)) for pause in pace.pauses
    ]
    left = pace.pause_count - len(rows)
    return joined(
        [
            element("h3", many(pace.pause_count, "pause")),
            element(
                "p",
                "Nothing was sent and no answer came: the run was interrupted and resumed, the "
                "machine slept, or Wix could not be reached.",
                class_="muted",
            ),
            table(("From", "To", "Length"), rows, figures=(2,)),
            element("p", f"And {number(left)} shorter ones.", class_="muted") if left else None,
        ]
    )


def put_back_part(numbers: RunNumbers) -> Html | None:
    """Count the requests that certainly came to nothing; nothing where there are none."""
    if not numbers.put_back:
        return None
    rows = [(code, number(count)) for code, count in numbers.put_back.items()]
    return joined(
        [
            element("h3", "Came to nothing on the way, and was tried again"),
            table(("Why", "Requests"), rows, figures=(1,)),
        ]
    )


def failures_section(numbers: RunNumbers) -> Html:
    """List failures by code, with their commonest messages and who for example."""
    title = element("h2", "Failures")
    if not numbers.failures:
        return element("section", title, element("p", "No order failed.", class_="empty"))
    left = numbers.failure_codes - len(numbers.failures)
    return element(
        "section",
        title,
        table(
            ("Code", "Orders", "Messages", "For example"),
            (_failure_row(code, place) for code in numbers.failures for place in _places(code)),
            figures=(1,),
        ),
        element("p", f"And {many(left, 'other code')}.", class_="muted") if left else None,
    )


def _places(code: FailureCode) -> Iterable[int]:
    """Give the places of the messages of a code, and one more where there are others."""
    rest = code.count - sum(message.count for message in code.messages)
    return range(len(code.messages) + (1 if rest else 0))


def _failure_row(code: FailureCode, place: int) -> tuple[Node, Node, Node, Node]:
    name = _guid(code.code or "no code")
    if place == len(code.messages):
        rest = code.count - sum(message.count for message in code.messages)
        return name, number(rest), element("span", "other messages", class_="muted"), None
    message = code.messages[place]
    examples = element("ul", *(element("li", _id(text)) for text in message.examples))
    return name, number(message.count), element("span", message.message, class_="message"), examples


def open_section(numbers: RunNumbers, plan_name: str | None) -> Html:
    """List the orders that may have been carried out, and say what to do."""
    count = numbers.outcomes["unknown"] + numbers.outcomes["intent"]
    title = element("h2", "Unknown and under way")
    if not count:
        nothing = "No outcome is unknown, and nothing is under way."
        return element("section", title, element("p", nothing, class_="empty"))
    left = count - len(numbers.open_orders)
    return element(
        "section",
        title,
        element(
            "p",
            "Do not order these again by other means: each may exist. ",
            _resume(plan_name),
            " looks for them; Wix support finds a request by its id.",
        ),
        table(("Order", "State", "First sent", "Why"), map(_open_row, numbers.open_orders)),
        element("p", f"And {number(left)} more.", class_="muted") if left else None,
    )


def _open_row(order: OpenOrder) -> tuple[Node, Node, Node, Node]:
    name = element(
        "div",
        element("div", f"{order.operation} ", _id(order.external_id or order.package_id or "")),
        element("div", _guid(order.account_id), class_="muted"),
    )
    if order.state == "intent":
        return (
            name,
            _word("under way"),
            _word(moment(order.first_sent)),
            "No outcome was written down.",
        )
    request = None
    if order.request_id is not None:
        request = element("div", "request ", _id(order.request_id), class_="muted")
    why = element("div", _id(order.code or ""), element("div", order.message), request)
    return name, _word("unknown"), _word(moment(order.first_sent)), why


def products_section(numbers: RunNumbers, catalogue: Catalogue) -> Html:
    """Count what was sold by product; a package of several counts for each."""
    rows = [(_product(sold, catalogue), *_counts(sold)) for sold in numbers.products]
    left = numbers.product_count - len(rows)
    return _sold_section("Products", "Product", rows, left, "No order sells a product.")


def accounts_section(numbers: RunNumbers) -> Html:
    """Count orders by account."""
    rows = [(_guid(sold.name), *_counts(sold)) for sold in numbers.accounts]
    left = numbers.account_count - len(rows)
    return _sold_section("Accounts", "Account", rows, left, "There is no order of any account.")


def _sold_section(
    title: str, column: str, rows: Sequence[Sequence[Node]], left: int, nothing: str
) -> Html:
    if not rows:
        empty = element("p", nothing, class_="empty")
        return element("section", element("h2", title), empty)
    columns = (column, "Ordered", "Done", "Failed", "Open")
    return element(
        "section",
        element("h2", title),
        table(columns, rows, figures=(1, 2, 3, 4)),
        element("p", f"And {number(left)} more.", class_="muted") if left else None,
    )


def _counts(sold: Sold) -> tuple[str, str, str, str]:
    return number(sold.ordered), number(sold.done), number(sold.failed), number(sold.open)


def _product(sold: Sold, catalogue: Catalogue) -> Html:
    name = catalogue.name_of(sold.name, sold.billing_info)
    guid = element("div", _guid(sold.name), class_=None if name is None else "muted")
    return element(
        "div",
        None if name is None else element("div", element("bdi", name)),
        guid,
        element("div", billing(sold.billing_info), class_="muted"),
    )


def _guid(text: str) -> Html:
    """Show a GUID, or another id as short, in one piece where there is room."""
    return element("bdi", text, class_="id guid" if len(text) <= _GUID_LENGTH else "id")


def _word(text: str) -> Html:
    return element("span", text, class_="word")


def _id(text: str) -> Html:
    return element("bdi", text, class_="id")
