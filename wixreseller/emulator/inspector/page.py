"""Hand out the files of the page: read when they are first asked for, and kept."""

from functools import cache
from pathlib import Path

from wixreseller.emulator.messages import Answer
from wixreseller.emulator.replies import refuse

HOME = "/_emulator/"
PREFIX = f"{HOME}inspector/"
FILES = f"{PREFIX}static/"

_FOLDER = Path(__file__).parent / "static"
_TYPES = {
    ".html": "text/html",
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# Nothing but our own files and our own control plane; no inline code, and no markup from data.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
    "img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    # The next version of the package must not meet files of this one.
    "Cache-Control": "no-cache",
}


def is_page(path: str) -> bool:
    """Tell whether a path is that of the page or of one of its files."""
    return path == HOME or path.startswith(FILES)


def answer_page(path: str) -> Answer:
    """Return the page, or one of its files; refuse with 404 what is not there."""
    name = "index.html" if path == HOME else path.removeprefix(FILES)
    if name not in _names():
        raise refuse(404, "NOT_FOUND", f"there is no file {name}")
    body, content_type = _file(name)
    return Answer(status=200, body=body, headers=dict(_HEADERS), content_type=content_type)


def redirect_home() -> Answer:
    """Lead to the page."""
    return Answer(status=307, body=b"", headers={"Location": HOME}, content_type=None)


@cache
def _names() -> frozenset[str]:
    return frozenset(path.name for path in _FOLDER.iterdir() if path.suffix in _TYPES)


@cache
def _file(name: str) -> tuple[bytes, str]:
    path = _FOLDER / name
    return path.read_bytes(), _TYPES[path.suffix]
