"""Tell what went wrong at Wix since the last time; say nothing while all is well.

For cron, which mails what is printed. Exit codes: 0 nothing to tell, 1 somebody must
look, 75 not now (the next run tells it), 78 key or settings are wrong.
"""

import fcntl
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from wixreseller import Changes, Client, Status, errors

STATE = Path(os.environ.get("STATE_DIRECTORY", "."))  # as systemd names it
TOKEN = STATE / "changes.token"

NEEDS_SOMEBODY = {Status.FAILED, Status.AWAITING_ACTION}
WRONG_SETTINGS = (
    errors.ConfigurationError,
    errors.AuthenticationError,
    errors.PermissionDeniedError,
)


def main() -> int:
    """Look, unless the run before is still at it."""
    with (STATE / "watch.lock").open("w") as lock:
        try:
            # The system lets go of this lock when the process ends, however it ends.
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("the run before is still at it", file=sys.stderr)
            return os.EX_TEMPFAIL
        try:
            return watch()
        except WRONG_SETTINGS as error:
            print(error, file=sys.stderr)
            return os.EX_CONFIG
        except errors.WixResellerError as error:
            print(error.support_text(), file=sys.stderr)
            return os.EX_TEMPFAIL


def watch() -> int:
    """Tell of everything since the token, and only then store the next one.

    So a run that is killed tells some things again, and never keeps one to itself.
    """
    since = TOKEN.read_text() if TOKEN.exists() else None
    told = 0
    # Nobody waits for a cron job, but it must not hang: two minutes for each request.
    with Client(deadline=120.0) as client:
        changes = client.packages.changes(since=since)
        for line in problems(changes):
            print(line, flush=True)
            told += 1
        token = changes.token
    if token is not None:
        keep(token)
    return 1 if told else 0


def problems(changes: Changes) -> Iterator[str]:
    """Name every instance that changed and now needs somebody."""
    for change in changes:
        for instance in change.instances:
            if instance.status in NEEDS_SOMEBODY:
                name = change.package.external_id or change.package.id
                failure = instance.failure
                why = failure.code if failure else "see the Wix account"
                yield f"{name}: {instance.status} ({why})"


def keep(token: str) -> None:
    """Replace the token in one step: a half-written one would be no token."""
    new = TOKEN.with_suffix(".new")
    new.write_text(token)
    new.replace(TOKEN)


if __name__ == "__main__":
    sys.exit(main())
