"""Hold how to reach the API and what products are called: global options and environment."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import attrs
import click

from wixreseller.cli.limits import WIX_LIMIT, Limit, shared_limit

if TYPE_CHECKING:
    from wixreseller.bulk.catalogue import Catalogue
    from wixreseller.client import AsyncClient
    from wixreseller.hooks import Hooks
    from wixreseller.models import BillingInfo

__all__ = ["Connection", "InputError"]

T = TypeVar("T")


class InputError(click.ClickException):
    """Refuse options or input of the user's: exit code 2, nothing was sent."""

    exit_code = 2


@attrs.frozen(kw_only=True)
class Connection:
    """Make clients. Holds no key: it is read when a client is made."""

    base_url: str | None
    account_id: str | None
    """What ``--account`` says; the environment is left to :attr:`default_account`."""
    api_key_file: str | None
    catalogue_file: str | None = None
    """What ``--catalogue`` says."""
    _catalogue: list[Catalogue] = attrs.field(
        factory=list["Catalogue"], init=False, eq=False, repr=False
    )
    """The catalogue once it was read: one command reads it once."""

    @property
    def default_account(self) -> str | None:
        """The account of whatever names none: ``--account``, else ``WIX_ACCOUNT_ID``."""
        return self.account_id or os.environ.get("WIX_ACCOUNT_ID") or None

    @property
    def catalogue(self) -> Catalogue:
        """The names of products: from ``--catalogue``, else ``WIXRESELLER_CATALOGUE``, else none.

        Raises:
            InputError: the file cannot be read, or is no catalogue.
        """
        if not self._catalogue:
            self._catalogue.append(self._read_catalogue())
        return self._catalogue[0]

    def product(self, text: str) -> tuple[str, BillingInfo | None]:
        """Give the id of a product by its name or GUID, and the billing that a name comes with.

        Raises:
            InputError: it is neither.
        """
        from wixreseller.errors import ConfigurationError

        try:
            return self.catalogue.resolve(text, "--product")
        except ConfigurationError as error:
            raise InputError(str(error)) from None

    def client(self, limit: Limit = WIX_LIMIT, hooks: Hooks | None = None) -> AsyncClient:
        """Make a client; all of one key on this machine keep to the limit together.

        Raises:
            InputError: there is no key.
            ConfigurationError: the key, the account or the address cannot work.
        """
        from wixreseller import AsyncClient, Hooks
        from wixreseller.config import BASE_URL_VARIABLE, WIX_BASE_URL

        key = self._key()
        base_url = self.base_url or os.environ.get(BASE_URL_VARIABLE) or WIX_BASE_URL
        return AsyncClient(
            api_key=key,
            account_id=self.default_account,
            base_url=base_url,
            rate_limit=shared_limit(limit, key=key, base_url=base_url.rstrip("/")),
            hooks=hooks or Hooks(),
        )

    def run(self, call: Callable[[AsyncClient], Awaitable[T]]) -> T:
        """Run a call on a client, in an event loop of its own."""
        import asyncio

        if self.default_account is None:
            raise InputError("no account: give --account GUID, or set WIX_ACCOUNT_ID")
        # Now, because a catalogue that is wrong must not come to light after a write.
        _ = self.catalogue
        client = self.client()

        async def run() -> T:
            async with client:
                return await call(client)

        return asyncio.run(run())

    def _read_catalogue(self) -> Catalogue:
        from wixreseller.bulk.catalogue import EMPTY, load_catalogue
        from wixreseller.errors import ConfigurationError

        path = self.catalogue_file or os.environ.get("WIXRESELLER_CATALOGUE")
        if not path:
            return EMPTY
        try:
            return load_catalogue(path)
        except OSError as error:
            raise InputError(f"cannot read the catalogue: {error}") from error
        except ConfigurationError as error:
            problems = str(error).splitlines()
            if len(problems) == 1:
                raise InputError(problems[0]) from None
            raise InputError(
                "\n  ".join((f"the catalogue has {len(problems)} problems:", *problems))
            ) from None

    def _key(self) -> str:
        if self.api_key_file is None:
            key = os.environ.get("WIX_API_KEY", "")
        else:
            try:
                key = Path(self.api_key_file).read_text(encoding="utf-8-sig").strip()
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"cannot read the file of the API key: {error}") from error
            if not key:
                raise InputError(f"the file of the API key is empty: {self.api_key_file}")
        if not key:
            raise InputError("no API key: set WIX_API_KEY, or give --api-key-file FILE")
        return key
