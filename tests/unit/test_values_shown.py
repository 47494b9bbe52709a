"""Values say what resellers ask of them, in a line, as a table in a notebook, and as helpers."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from wixreseller import (
    BillingInfo,
    CycleDuration,
    CycleUnit,
    Failure,
    FailureCode,
    Package,
    Page,
    PagingMetadata,
    Product,
    ProductInstance,
    Status,
    _wire,
)
from wixreseller.models import JSONValue

GUID = "0a1b2c3d-0000-4000-8000-0123456789ab"
SITE = "5117e000-0000-4000-8000-000000000001"
SCRIPT = "<script>alert('x')</script>"


def instance(status: Status | None = Status.ENABLED, site: str | None = SITE) -> ProductInstance:
    return ProductInstance(instance_id=GUID, status=status, site_id=site)


# --- helpers ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "floats"),
    [
        (Status.PENDING, True),
        (Status.ENABLED, True),
        (Status.AWAITING_ACTION, True),
        (Status("BRAND_NEW"), True),
        (None, True),
        (Status.CANCELED, False),
        (Status.FAILED, False),
    ],
)
def test_an_instance_floats_while_it_is_on_no_site_and_not_over(
    status: Status | None, floats: bool
) -> None:
    assert floats == instance(status, site=None).is_floating
    assert not instance(status).is_floating


def test_a_site_id_that_cannot_be_read_is_a_site_all_the_same() -> None:
    raw: JSONValue = {"instanceId": GUID, "siteId": {"id": SITE}}

    assert not _wire.decode(raw, ProductInstance).is_floating


@pytest.mark.parametrize("status", [None, *Status, Status("BRAND_NEW")])
def test_an_instance_is_settled_unless_it_is_pending(status: Status | None) -> None:
    assert (status is not Status.PENDING) == instance(status).is_settled


def test_a_package_tells_its_enabled_floating_and_failed_instances() -> None:
    enabled, floating = instance(), instance(site=None)
    failed, over = instance(Status.FAILED, site=None), instance(Status.CANCELED, site=None)
    package = Package(id=GUID, product_instances=(enabled, floating, failed, over))

    assert (
        package.enabled_instances,
        package.floating_instances,
        package.failed_instances,
    ) == ((enabled, floating), (floating,), (failed,))


# --- repr ---------------------------------------------------------------------------------------

YEARLY = BillingInfo.recurring(1, CycleUnit.YEAR)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (
            Package(id=GUID, external_id="sub-42", product_instances=(instance(), instance())),
            f"<Package {GUID} 'sub-42' (2 ENABLED)>",
        ),
        (
            Package(id=GUID, product_instances=(instance(), instance(Status.PENDING))),
            f"<Package {GUID} (1 ENABLED, 1 PENDING)>",
        ),
        (Package(id=GUID), f"<Package {GUID} (no instances)>"),
        (
            ProductInstance(
                instance_id=GUID, catalog_product_id=GUID, site_id=SITE, status=Status.ENABLED
            ),
            f"<ProductInstance {GUID} ENABLED product=0a1b2c3d…89ab site=5117e000…0001>",
        ),
        (
            instance(Status.PENDING, site=None),
            f"<ProductInstance {GUID} PENDING floating>",
        ),
        (
            ProductInstance(
                instance_id=GUID,
                status=Status.FAILED,
                failure=Failure(code=FailureCode.DELIVERY_TIMEOUT),
            ),
            f"<ProductInstance {GUID} FAILED (DELIVERY_TIMEOUT)>",
        ),
        (instance(None), f"<ProductInstance {GUID} without status site=5117e000…0001>"),
        (
            Failure(code=FailureCode.EXTERNAL_FAILURE, message="out of\nstock"),
            "<Failure EXTERNAL_FAILURE 'out of\\nstock'>",
        ),
        (YEARLY, "<BillingInfo RECURRING every 1 YEAR>"),
        (BillingInfo.one_time(), "<BillingInfo ONE_TIME>"),
        (BillingInfo(), "<BillingInfo no type>"),
        (CycleDuration(unit=CycleUnit.MONTH, count=3), "<CycleDuration 3 MONTH>"),
        (
            Product(catalog_product_id=GUID, country_code="BR", site_id=SITE, billing_info=YEARLY),
            "<Product 0a1b2c3d…89ab BR site=5117e000…0001 RECURRING every 1 YEAR>",
        ),
        (
            Product(catalog_product_id=GUID, country_code="BR"),
            "<Product 0a1b2c3d…89ab BR floating>",
        ),
        (Page(), "<Page no packages>"),
        (
            Page(packages=(Package(id=GUID),), metadata=PagingMetadata(next_cursor="c")),
            "<Page 1 package (more follow)>",
        ),
        (PagingMetadata(count=2, next_cursor="c"), "<PagingMetadata count=2 next_cursor='c'>"),
        (PagingMetadata(), "<PagingMetadata>"),
    ],
)
def test_a_value_says_in_a_line_which_it_is_and_how_it_is_doing(
    value: object, expected: str
) -> None:
    assert expected == repr(value)


def test_a_repr_stays_one_short_line_whatever_the_server_sent() -> None:
    long = "\n" * 5000
    raw: JSONValue = {
        "id": long,
        "externalId": long,
        "productInstances": [
            {
                "instanceId": long,
                "status": long,
                "siteId": long,
                "catalogProductId": long,
                "failure": {"code": long, "message": long},
                "billingInfo": {"type": long, "cycleDuration": {"unit": long, "count": 1}},
            }
        ],
    }
    package = _wire.decode(raw, Package)
    (one,) = package.product_instances
    page = Page(packages=(package,), metadata=PagingMetadata(next_cursor=long))

    for value in (page, page.metadata, package, one, one.failure, one.billing_info):
        assert "\n" not in repr(value)
        assert len(repr(value)) < 250


# --- notebooks ----------------------------------------------------------------------------------


class Cells(HTMLParser):
    """Collect the tags of a document, and the text of each."""

    def __init__(self, document: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.texts: list[str] = []
        self.feed(document)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def html(value: Package | Page) -> str:
    return value._repr_html_()  # pyright: ignore[reportPrivateUsage]  # notebooks call it


TABLE_TAGS = {"table", "caption", "thead", "tbody", "tr", "th", "td"}


def test_a_notebook_shows_a_package_with_its_instances() -> None:
    failed = ProductInstance(
        instance_id=GUID,
        status=Status.FAILED,
        failure=Failure(code=FailureCode.DELIVERY_TIMEOUT),
        billing_info=YEARLY,
        country_code="BR",
    )
    package = Package(
        id=GUID, external_id="sub-42", product_instances=(instance(site=None), failed)
    )
    shown = Cells(html(package))

    assert TABLE_TAGS == set(shown.tags)
    assert 3 == shown.tags.count("tr")
    assert f"package {GUID} · external id sub-42" == shown.texts[0]
    assert {"floating", "FAILED (DELIVERY_TIMEOUT)", "RECURRING every 1 YEAR"} <= set(shown.texts)


def test_a_notebook_shows_a_page_with_its_packages() -> None:
    package = Package(id=GUID, external_id="sub-42", product_instances=(instance(),))
    page = Page(packages=(package, package), metadata=PagingMetadata(next_cursor="c"))
    shown = Cells(html(page))

    assert TABLE_TAGS == set(shown.tags)
    assert 3 == shown.tags.count("tr")
    assert "2 packages, more follow" == shown.texts[0]
    assert 2 == shown.texts.count("1 ENABLED")


def test_no_text_of_a_package_becomes_markup() -> None:
    raw: JSONValue = {
        "id": SCRIPT,
        "accountId": SCRIPT,
        "externalId": SCRIPT,
        "productInstances": [
            {
                "instanceId": SCRIPT,
                "siteId": SCRIPT,
                "catalogProductId": SCRIPT,
                "status": SCRIPT,
                "countryCode": SCRIPT,
                "failure": {"code": SCRIPT},
                "billingInfo": {
                    "type": SCRIPT,
                    "cycleDuration": {"unit": SCRIPT, "count": 1},
                },
            }
        ],
    }
    package = _wire.decode(raw, Package)

    for document in (html(package), html(Page(packages=(package,)))):
        assert TABLE_TAGS >= set(Cells(document).tags)
        assert SCRIPT in "".join(Cells(document).texts)


def test_a_large_package_shows_its_first_hundred_instances_and_counts_the_rest() -> None:
    shown = Cells(html(Package(id=GUID, product_instances=(instance(),) * 1000)))

    assert 102 == shown.tags.count("tr")
    assert "… and 900 more" in shown.texts
