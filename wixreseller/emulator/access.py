"""Decide who is calling: the raw key in ``Authorization``, the account in ``wix-account-id``.

Guesses: the code of each refusal; 400 for a missing or malformed account; 403 for an account that
is unknown, or not the key's or a child of the key's. Create answers ``ACCOUNT_NOT_FOUND`` for an
unknown one, as documented.
"""

from collections.abc import Mapping

import attrs

from wixreseller.emulator.core import Core
from wixreseller.emulator.guid import is_guid
from wixreseller.emulator.replies import Refusal, Violation, refuse, refuse_fields

_HEADER = "wix-account-id"
_SITE_HEADER = "wix-site-id"
_CREATES = ("createPackageV2", "createPackage")


@attrs.frozen
class Caller:
    """Hold who is calling, on behalf of which account, of which parent."""

    key: str
    account_id: str
    root_id: str


def identify(core: Core, headers: Mapping[str, str], operation: str) -> Caller:
    """Return the caller, or refuse."""
    key = headers.get("Authorization", "").strip()
    if not key:
        raise _unauthenticated("the Authorization header is missing: send the raw API key in it")
    if key.lower().startswith("bearer "):
        raise _unauthenticated("send the raw API key in Authorization, without 'Bearer'")
    account = headers.get(_HEADER, "").strip()
    if not core.world.accepts_key(key):
        raise _unauthenticated("the API key is not known")
    if not account:
        raise refuse_fields([Violation(_HEADER, "must not be empty", "REQUIRED_FIELD")])
    if core.settings.both_ids == "refused" and headers.get(_SITE_HEADER, "").strip():
        text = f"cannot be combined with {_HEADER}"
        raise refuse_fields([Violation(_SITE_HEADER, text, "ONE_OF_ALIGNMENT")])
    if not is_guid(account):
        raise refuse_fields([Violation(_HEADER, "is not a valid GUID", "FORMAT")])
    account_id = account.lower()
    key_account = core.world.account_of_key(key, account_id)
    root_id = core.world.root_of(account_id)
    if root_id is None:
        root_id = core.world.adopt_account(account_id, key_account)
    if root_id is None:
        raise _unknown_account(account_id, operation)
    if not core.world.may_serve(key_account, account_id):
        raise _denied(account_id)
    return Caller(key, account_id, root_id)


def _unauthenticated(text: str) -> Refusal:
    return refuse(401, "UNAUTHENTICATED", text)


def _unknown_account(account_id: str, operation: str) -> Refusal:
    if operation in _CREATES:
        return refuse(
            404,
            "ACCOUNT_NOT_FOUND",
            f"account {account_id} was not found",
            {"accountId": account_id},
        )
    return _denied(account_id)


def _denied(account_id: str) -> Refusal:
    return refuse(
        403,
        "PERMISSION_DENIED",
        f"this API key does not serve account {account_id}",
        {"accountId": account_id},
    )
