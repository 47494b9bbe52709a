"""Hold how to reach the API and what products are called: what the user said, and what counts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

import attrs

from wixreseller.cli.failures import InputError
from wixreseller.cli.limits import Limit, shared_limit

if TYPE_CHECKING:
    from wixreseller.bulk.catalogue import Catalogue
    from wixreseller.cli.settings import Settings
    from wixreseller.client import AsyncClient
    from wixreseller.config import APIKey
    from wixreseller.hooks import Hooks
    from wixreseller.models import BillingInfo

__all__ = ["Connection", "InputError"]

T = TypeVar("T")


# Without slots, for properties that are reckoned once.
@attrs.frozen(kw_only=True, slots=False)
class Connection:
    """Make clients of what the global options say; ``None``: nothing.

    Environment, profiles and keys are read when something asks for them, and then once.
    """

    profile: str | None = None
    base_url: str | None = None
    account_id: str | None = None
    """What ``--account`` says; what else may name one is left to :attr:`default_account`."""
    api_key_file: str | None = None
    catalogue_file: str | None = None
    """What ``--catalogue`` says."""

    @cached_property
    def settings(self) -> Settings:
        """What counts, of options, profile and environment.

        Raises:
            InputError: there is no such profile, its file is wrong, or two places contradict.
        """
        import os

        from wixreseller.cli.settings import Options, resolve_settings

        options = Options(
            profile=self.profile,
            base_url=self.base_url,
            account_id=self.account_id,
            api_key_file=self.api_key_file,
            catalogue=self.catalogue_file,
        )
        return resolve_settings(options, os.environ)

    @property
    def default_account(self) -> str | None:
        """The account of whatever names none: ``--account``, else the profile's or variable's."""
        account = self.settings.account
        return None if account is None else account.value

    @property
    def server(self) -> str:
        """The address as clients, and so plans and journals, have it.

        Raises:
            ConfigurationError: it cannot work.
        """
        from wixreseller.config import ClientConfig

        # A stand-in: the key is not asked for.
        given = self.settings.base_url.value
        return ClientConfig.resolve(environment={}, api_key="none", base_url=given).base_url

    @property
    def default_limit(self) -> Limit:
        """The limit where ``--rate-limit`` says none: the profile's, else Wix's."""
        return self.settings.limit

    @cached_property
    def catalogue(self) -> Catalogue:
        """The names of products: from option, profile or variable, else none.

        Raises:
            InputError: the file cannot be read, or is no catalogue.
        """
        from wixreseller.bulk.catalogue import EMPTY, load_catalogue
        from wixreseller.errors import ConfigurationError

        given = self.settings.catalogue
        if given is None:
            return EMPTY
        try:
            return load_catalogue(given.value)
        except OSError as error:
            raise InputError(
                f"cannot read the catalogue: {error}",
                then=f"mend what {given.by} names, or give another with --catalogue FILE",
            ) from error
        except ConfigurationError as error:
            problems = str(error).splitlines()
            if len(problems) == 1:
                raise InputError(problems[0]) from None
            raise InputError(
                "\n  ".join((f"the catalogue has {len(problems)} problems:", *problems))
            ) from None

    @cached_property
    def key(self) -> APIKey:
        """The key, which never prints itself.

        Raises:
            InputError: there is none, or it cannot be had.
            ConfigurationError: it cannot be one, or is not for this address.
        """
        from wixreseller.config import APIKey

        place = self.settings.key
        if place is None:
            raise InputError(self._no_key())
        return APIKey(place.read(), self.settings.base_url.value, f"the API key ({place.by})")

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

    def client(self, limit: Limit | None = None, hooks: Hooks | None = None) -> AsyncClient:
        """Make a client; all of one key on this machine keep to the limit together.

        Raises:
            InputError: there is no key.
            ConfigurationError: the key, the account or the address cannot work.
        """
        from wixreseller import AsyncClient, Hooks

        key = self.key.reveal()
        base_url = self.settings.base_url.value
        return AsyncClient(
            api_key=key,
            account_id=self.default_account,
            base_url=base_url,
            rate_limit=shared_limit(
                limit or self.default_limit, key=key, base_url=base_url.rstrip("/")
            ),
            hooks=hooks or Hooks(),
        )

    def run(self, call: Callable[[AsyncClient], Awaitable[T]], *, limit: Limit | None = None) -> T:
        """Run a call on a client, in an event loop of its own.

        Raises:
            InputError: there is no account or no key, or the catalogue is wrong.
        """
        import asyncio

        if self.default_account is None:
            raise InputError(self._no_account())
        # Now, because a catalogue that is wrong must not come to light after a write.
        _ = self.catalogue
        client = self.client(limit)

        async def run() -> T:
            async with client:
                return await call(client)

        return asyncio.run(run())

    def _no_key(self) -> str:
        profile = self.settings.profile
        if profile is not None:
            return (
                f"no API key: the profile {profile.name} names none; add api_key_command, "
                f"api_key_file or api_key_env to it in {profile.source}"
            )
        if self.settings.account is not None and self.account_id is None:
            return (
                f"no API key: set WIX_API_KEY too, beside {self.settings.account.by}, or name a "
                f"profile with --profile NAME"
            )
        return (
            "no API key: set WIX_API_KEY, give --api-key-file FILE, or name a profile with "
            "--profile NAME"
        )

    def _no_account(self) -> str:
        profile = self.settings.profile
        if profile is not None:
            return (
                f"no account: give --account GUID, or add account_id to the profile "
                f"{profile.name} in {profile.source}"
            )
        return "no account: give --account GUID, or set WIX_ACCOUNT_ID"
