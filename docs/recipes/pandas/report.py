"""What is sold, and how it is: from a query to a data frame. It only reads."""

from collections.abc import Iterable, Iterator

import pandas as pd
from wixreseller import Client, Package

# The names of your catalogue; Wix answers with ids.
PRODUCTS = {
    "c0000000-0000-4000-8000-000000000001": "Premium Basic",
    "c0000000-0000-4000-8000-000000000005": "Mailbox",
    "c0000000-0000-4000-8000-000000000006": "Domain",
    "c0000000-0000-4000-8000-000000000008": "Add-on",
}


def rows(packages: Iterable[Package]) -> Iterator[dict[str, object]]:
    """Give a row for each product that was sold; a package may hold several."""
    for package in packages:
        for instance in package.product_instances:
            product = instance.catalog_product_id or ""
            yield {
                "external_id": package.external_id,
                "account": package.account_id,
                "product": PRODUCTS.get(product, product),
                "status": str(instance.status),
                "country": instance.country_code,
                "floating": instance.is_floating,
                "created": instance.created_date,  # aware, in UTC
            }


def main() -> None:
    """Print how many there are of each product by status, and what nobody uses."""
    with Client() as client:
        # Oldest first, each once, even while others are selling. Pages are read one by
        # one: of 100,000 packages, only the rows are ever in memory together.
        sold = pd.DataFrame(rows(client.packages.scan()))
    if sold.empty:
        print("nothing sold yet")
        return
    print(sold.groupby(["product", "status"]).size().unstack(fill_value=0))
    print()
    print("Paid for, and on no site:")
    floating = sold.loc[sold["floating"], ["external_id", "product", "country"]]
    print(floating.to_string(index=False))


if __name__ == "__main__":
    main()
