"""Keep what a seed brings: accounts, keys, sites and the catalogue.

In a loose world, whatever is unknown comes into being at first use: a key belongs to the account it
was first used with, an account is a sub-account of its key's, a site belongs to the account that
names it first, and a product takes any cycle and has no limit.
"""

from wixreseller.emulator.jsonvalue import Json, canonical, loads
from wixreseller.emulator.records import Cycle, Product
from wixreseller.emulator.seed import Seed
from wixreseller.emulator.store import Store

LOOSE_TYPE = "LOOSE"

_CONTENT = ("instances", "packages", "past_instances", "past_packages", "events", "timeline")
_COUNTS = ("idempotency", "counters")
_WORLD = ("accounts", "api_keys", "sites", "products", "meta")


class World:
    """Answer who is who and what is for sale."""

    def __init__(self, store: Store, *, loose: bool) -> None:
        self._store = store
        self._loose = loose

    def replace(self, seed: Seed) -> None:
        """Forget everything and start from ``seed``."""
        store = self._store
        for table in (*_CONTENT, *_COUNTS, *_WORLD):
            store.execute(f"DELETE FROM {table}")  # noqa: S608
        store.remember("seed", seed.fingerprint)
        for account_id, parent_id in seed.accounts.items():
            store.execute("INSERT INTO accounts VALUES (?, ?)", (account_id, parent_id))
        for key, account_id in seed.api_keys.items():
            store.execute("INSERT INTO api_keys VALUES (?, ?)", (key, account_id))
        for site_id, account_id in seed.sites.items():
            store.execute("INSERT INTO sites VALUES (?, ?)", (site_id, account_id))
        for product in seed.products.values():
            self._add_product(product)

    def accepts_key(self, key: str) -> bool:
        """Tell whether a key opens anything."""
        known = self._store.exists("SELECT 1 FROM api_keys WHERE key = ?", (key,))
        return known or self._loose

    def account_of_key(self, key: str, account_id: str) -> str:
        """Return the account that an accepted key belongs to; the call names ``account_id``."""
        rows = self._store.rows("SELECT account_id FROM api_keys WHERE key = ?", (key,))
        if rows:
            return str(rows[0][0])
        # The first account that a new key names becomes the parent of those it names later, unless
        # it is known as somebody's child already.
        owner = self.root_of(account_id)
        if owner is None:
            owner = account_id
            self._store.execute("INSERT INTO accounts VALUES (?, NULL)", (account_id,))
        self._store.execute("INSERT INTO api_keys VALUES (?, ?)", (key, owner))
        return owner

    def root_of(self, account_id: str) -> str | None:
        """Return the parent of an account, or itself if it has none, or ``None`` if unknown."""
        rows = self._store.rows(
            "SELECT coalesce(parent_id, id) FROM accounts WHERE id = ?", (account_id,)
        )
        return str(rows[0][0]) if rows else None

    def adopt_account(self, account_id: str, key_account: str) -> str | None:
        """Bring an unknown account into being, in a loose world, and return its parent."""
        if not self._loose:
            return None
        parent = self.root_of(key_account)
        self._store.execute("INSERT INTO accounts VALUES (?, ?)", (account_id, parent))
        return parent

    def may_serve(self, key_account: str, account_id: str) -> bool:
        """Tell whether a key of one account may act for another: itself or its child."""
        return self._loose or account_id == key_account or self.root_of(account_id) == key_account

    def has_site(self, site_id: str, account_id: str) -> bool:
        """Tell whether a site belongs to an account."""
        rows = self._store.rows("SELECT account_id FROM sites WHERE id = ?", (site_id,))
        if not rows and self._loose:
            self._store.execute("INSERT INTO sites VALUES (?, ?)", (site_id, account_id))
            return True
        return bool(rows) and rows[0][0] == account_id

    def product(self, product_id: str) -> Product | None:
        """Return a product of the catalogue."""
        rows = self._store.rows("SELECT * FROM products WHERE id = ?", (product_id,))
        if rows:
            return _to_product(rows[0])
        if not self._loose:
            return None
        product = Product(
            id=product_id, name=product_id, type=LOOSE_TYPE, one_time=True, takes_any_cycle=True
        )
        self._add_product(product)
        return product

    def knows_cycle(self, cycle: Cycle) -> bool:
        """Tell whether any product of the catalogue has this cycle."""
        rows = self._store.rows("SELECT * FROM products")
        return any(p.takes_any_cycle or cycle in p.cycles for p in map(_to_product, rows))

    def _add_product(self, product: Product) -> None:
        cycles: list[Json] = [[cycle.unit, cycle.count] for cycle in product.cycles]
        self._store.execute(
            "INSERT INTO products VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                product.id,
                product.name,
                product.type,
                canonical(cycles).decode(),
                product.one_time,
                product.limit,
                product.one_per_site,
                product.requires_type,
                product.outcome,
                product.takes_any_cycle,
                product.failure_code,
            ),
        )


def _to_product(row: tuple[int | float | str | bytes | None, ...]) -> Product:
    cycles = loads(str(row[3]))
    assert isinstance(cycles, list)  # noqa: S101 # written above
    return Product(
        id=str(row[0]),
        name=str(row[1]),
        type=str(row[2]),
        cycles=tuple(Cycle(str(c[0]), int(str(c[1]))) for c in cycles if isinstance(c, list)),
        one_time=bool(row[4]),
        limit=row[5] if isinstance(row[5], int) else None,
        one_per_site=bool(row[6]),
        requires_type=None if row[7] is None else str(row[7]),
        outcome=str(row[8]),
        takes_any_cycle=bool(row[9]),
        failure_code=None if row[10] is None else str(row[10]),
    )
