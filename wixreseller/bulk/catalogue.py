"""Give products names: a TOML file of the user's, so that nobody has to read GUIDs.

::

    premium-yearly = {product = "c0000000-0000-4000-8000-000000000001", billing = "RECURRING", every = "1 YEAR"}
    extra-storage = {product = "c0000000-0000-4000-8000-000000000007", billing = "ONE_TIME"}

    [business-email]                       # the same in several lines; billing may be left out
    product = "c0000000-0000-4000-8000-000000000004"

Upper and lower case make the same name. Several names may stand for one product, with different
billing. A GUID can stand wherever a name can.
"""  # noqa: E501  # a product is one line

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, cast

import attrs

from wixreseller.errors import ConfigurationError
from wixreseller.models import BillingInfo, BillingType, CycleUnit, checks

__all__ = ["EMPTY", "Catalogue", "CatalogueEntry", "load_catalogue", "read_catalogue"]

_KEYS: Final = ("product", "billing", "every")
_BILLING_TYPES: Final = (BillingType.ONE_TIME.value, BillingType.RECURRING.value)
_CYCLE_UNITS: Final = tuple(unit.value for unit in CycleUnit if unit is not CycleUnit.UNKNOWN)
_EVERY: Final = re.compile(r"([1-9][0-9]{0,8}) ([A-Z]+)")
_LIKE_A_GUID: Final = re.compile(r"[0-9a-fA-F-]{20,}")
"""A GUID with a slip in it: nobody gives a product such a name."""
_NEAR: Final = 3
_MOST_LISTED: Final = 10
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")


@attrs.frozen(kw_only=True)
class CatalogueEntry:
    """Hold one product of a catalogue."""

    name: str
    catalog_product_id: str
    billing_info: BillingInfo | None = None
    """How it is billed where an order does not say; ``None``: the catalogue says nothing."""


def _by_name_of(catalogue: Catalogue) -> Mapping[str, CatalogueEntry]:
    return {entry.name.casefold(): entry for entry in catalogue.entries}


def _by_product_of(catalogue: Catalogue) -> Mapping[str, tuple[CatalogueEntry, ...]]:
    found: dict[str, tuple[CatalogueEntry, ...]] = {}
    for entry in catalogue.entries:
        key = entry.catalog_product_id.lower()
        found[key] = (*found.get(key, ()), entry)
    return found


@attrs.frozen
class Catalogue:
    """Know the names of products. A frozen value; :func:`load_catalogue` reads one.

    ``source`` is the file that it came from, for messages; ``None`` says that there is none.
    """

    entries: tuple[CatalogueEntry, ...] = ()
    source: str | None = None
    _by_name: Mapping[str, CatalogueEntry] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_by_name_of, takes_self=True)
    )
    _by_product: Mapping[str, tuple[CatalogueEntry, ...]] = attrs.field(
        init=False, eq=False, repr=False, default=attrs.Factory(_by_product_of, takes_self=True)
    )

    def product_of(self, name: str) -> CatalogueEntry | None:
        """Give the product of a name, in upper or lower case; ``None`` if no product has it."""
        return self._by_name.get(name.casefold())

    def name_of(
        self, catalog_product_id: str | None, billing_info: BillingInfo | None = None
    ) -> str | None:
        """Give the name of a product, or ``None`` if it has none, or several and none fits.

        Of several names the one with this billing counts, then the one without any billing.
        """
        if catalog_product_id is None:
            return None
        entries = self._by_product.get(catalog_product_id.lower(), ())
        if billing_info is not None:
            for entry in entries:
                if entry.billing_info == billing_info:
                    return entry.name
        unbilled = [entry for entry in entries if entry.billing_info is None]
        for candidates in (entries, unbilled):
            if len(candidates) == 1:
                return candidates[0].name
        return None

    def resolve(
        self, text: str, field: str = "catalog_product_id"
    ) -> tuple[str, BillingInfo | None]:
        """Give the id of a product by its name or GUID, and the billing that a name comes with.

        Raises:
            ConfigurationError: it is neither; names those that were perhaps meant.
        """
        entry = self.product_of(text)
        if entry is not None:
            return entry.catalog_product_id, entry.billing_info
        try:
            return checks.guid(text, field), None
        except ConfigurationError as error:
            if _LIKE_A_GUID.fullmatch(text):
                raise
            raise ConfigurationError(f"{error}; {self._hint(text)}", field=field) from None

    def _hint(self, text: str) -> str:
        shown = checks.shorten(text)
        if self.source is None:
            return (
                "for names of products, give a catalogue: --catalogue FILE or WIXRESELLER_CATALOGUE"
            )
        near = difflib.get_close_matches(text.casefold(), self._by_name, n=_NEAR, cutoff=0.6)
        if near:
            meant = " or ".join(self._by_name[name].name for name in near)
            return f"no product {shown} in the catalogue {self.source}; did you mean {meant}?"
        names = ", ".join(entry.name for entry in self.entries[:_MOST_LISTED])
        more = ", …" if len(self.entries) > _MOST_LISTED else ""
        known = f"it has {names}{more}" if names else "it is empty"
        return f"no product {shown} in the catalogue {self.source}: {known}"


EMPTY: Final = Catalogue()
"""The catalogue of whoever has none: only GUIDs are products."""


def load_catalogue(path: str | Path) -> Catalogue:
    """Read a catalogue file.

    Raises:
        OSError: the file cannot be read.
        ConfigurationError: it is no catalogue; the message has a line for each problem.
    """
    return read_catalogue(Path(path).read_bytes(), source=str(path))


def read_catalogue(data: bytes, *, source: str) -> Catalogue:
    """Read the bytes of a catalogue file; ``source`` is its name in messages.

    Raises:
        ConfigurationError: it is no catalogue; the message has a line for each problem.
    """
    gathering = _Gathering(source)
    for name, value in _parse(data, source).items():
        gathering.add(name, value)
    return gathering.finish()


def _parse(data: bytes, source: str) -> Mapping[str, object]:
    # Here, because whoever has no catalogue need not wait for it to be imported.
    import tomllib

    if data.startswith(_UTF16_MARKS):
        raise ConfigurationError(f"{source}: is UTF-16 text, must be UTF-8", field="catalogue")
    try:
        # Some editors put a mark at the beginning that TOML does not know.
        return cast("Mapping[str, object]", tomllib.loads(data.decode("utf-8-sig")))
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigurationError(
            f"{source}: line {line} has a byte that is not UTF-8 (0x{data[error.start]:02x})",
            field="catalogue",
        ) from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(
            f"{source}: is not TOML: {error}; a product is one line like "
            f'premium-yearly = {{product = "GUID", billing = "RECURRING", every = "1 YEAR"}}',
            field="catalogue",
        ) from error


@attrs.define
class _Gathering:
    """Gather entries, and every problem of the file."""

    source: str
    _problems: list[str] = attrs.field(factory=list[str])
    _entries: list[CatalogueEntry] = attrs.field(factory=list[CatalogueEntry])
    _names: dict[str, str] = attrs.field(factory=dict[str, str])

    def add(self, name: str, value: object) -> None:
        """Take the next product of the file."""
        before = len(self._problems)
        for problem in self._problems_of_name(name):
            self._refuse(name, problem)
        if not isinstance(value, dict):
            self._refuse(
                name,
                f'must be a table like {{product = "GUID"}}, not {checks.shorten(value)}',
            )
            return
        entry = cast("Mapping[str, object]", value)
        self._check_keys(name, entry)
        product_id = self._read_product(name, entry)
        billing = self._read_billing(name, entry)
        if product_id is not None and len(self._problems) == before:
            self._entries.append(
                CatalogueEntry(name=name, catalog_product_id=product_id, billing_info=billing)
            )

    def finish(self) -> Catalogue:
        """Give the catalogue, or raise all problems."""
        if not self._problems:
            return Catalogue(tuple(self._entries), self.source)
        raise ConfigurationError("\n".join(self._problems), field="catalogue")

    def _refuse(self, key: str, message: str) -> None:
        is_plain = key.isprintable() and key == key.strip() != ""
        self._problems.append(f"{self.source}: {key if is_plain else repr(key)}: {message}")

    def _problems_of_name(self, name: str) -> Iterator[str]:
        if not name:
            yield "a product needs a name that is not empty"
        elif name != name.strip():
            yield "a name must not begin or end with white space"
        elif not name.isprintable():
            yield "a name must consist of characters that can be printed"
        elif _is_guid(name):
            yield "a name must not be a GUID, since GUIDs stand for themselves"
        other = self._names.setdefault(name.casefold(), name)
        if other != name:
            yield f"is {other} again: upper and lower case make the same name"

    def _check_keys(self, name: str, entry: Mapping[str, object]) -> None:
        for key, value in entry.items():
            if key in _KEYS:
                continue
            if isinstance(value, dict):
                # `a.b = {…}` is a table inside a table to TOML.
                quoted = f'"{name}.{key}"'
                hint = f"a name with a dot in it must stand in quotes: {quoted}"
            else:
                near = difflib.get_close_matches(key.lower(), _KEYS, n=1, cutoff=0.6)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_KEYS)}"
            self._refuse(f"{name}.{key}", f"is not a key of a product; {hint}")

    def _read_product(self, name: str, entry: Mapping[str, object]) -> str | None:
        if "product" not in entry:
            self._refuse(f"{name}.product", "is missing: the GUID of the product at Wix")
            return None
        try:
            return checks.guid(entry["product"], "product")
        except ConfigurationError as error:
            self._refuse(f"{name}.product", str(error).removeprefix("product "))
            return None

    def _read_billing(self, name: str, entry: Mapping[str, object]) -> BillingInfo | None:
        kind, every = entry.get("billing"), entry.get("every")
        if kind is None:
            if every is not None:
                self._refuse(f"{name}.billing", 'is missing: every needs billing = "RECURRING"')
            return None
        if kind not in _BILLING_TYPES:
            self._refuse(f"{name}.billing", _wrong_choice(kind, _BILLING_TYPES))
            return None
        if kind == BillingType.ONE_TIME:
            if every is not None:
                self._refuse(f"{name}.every", "must be left out where billing is ONE_TIME")
            return BillingInfo.one_time()
        return self._read_cycle(name, every)

    def _read_cycle(self, name: str, every: object) -> BillingInfo | None:
        match = _EVERY.fullmatch(every) if isinstance(every, str) else None
        if match is not None and match[2] in _CYCLE_UNITS:
            return BillingInfo.recurring(int(match[1]), CycleUnit(match[2]))
        allowed = f'a whole number from 1 and one of {", ".join(_CYCLE_UNITS)}, like "1 YEAR"'
        if every is None:
            self._refuse(f"{name}.every", f"is missing: RECURRING needs {allowed}")
            return None
        hint = f"; did you mean {meant}?" if (meant := _meant_cycle(every)) else ""
        self._refuse(f"{name}.every", f"must be {allowed}, not {checks.shorten(every)}{hint}")
        return None


def _is_guid(name: str) -> bool:
    try:
        checks.guid(name, "name")
    except ConfigurationError:
        return False
    return True


def _wrong_choice(value: object, allowed: tuple[str, ...]) -> str:
    message = f"must be {' or '.join(allowed)}, not {checks.shorten(value)}"
    capitals = re.sub(r"[\s\-]+", "_", str(value).strip().upper())
    near = difflib.get_close_matches(capitals, allowed, n=1, cutoff=0.6)
    return f"{message}; did you mean {near[0]}?" if near else message


def _meant_cycle(every: object) -> str | None:
    """Guess a cycle: ``1 years``, ``1year`` and ``year`` all mean ``1 YEAR``."""
    match = re.fullmatch(r"\s*([1-9][0-9]{0,8})?\s*([A-Za-z]+)\s*", str(every))
    if match is None:
        return None
    near = difflib.get_close_matches(match[2].upper(), _CYCLE_UNITS, n=1, cutoff=0.6)
    return f'"{match[1] or 1} {near[0]}"' if near else None
