"""Keep web pages of other sites out of the control plane.

It takes no key, so a page that the developer happens to visit must not be able to use it. Three
things give such a page away: the browser says where a request comes from (``Origin``,
``Sec-Fetch-Site``); a name that the page's owner points at this machine, so as to look like its own
site, is not one of ours (``Host``); and what a page may send anywhere without asking is no JSON.
Programs say none of this about themselves, and are let in.
"""

import ipaddress
import socket
from functools import cache
from urllib.parse import urlsplit

from wixreseller.emulator.messages import Request
from wixreseller.emulator.replies import refuse

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_JSON = "application/json"


def refuse_strangers(request: Request, host: str) -> None:
    """Refuse what a browser sends from a page of another site; ``host`` is what we listen on."""
    origin = request.headers.get("Origin")
    foreign = origin is not None and origin != f"http://{request.headers.get('Host', '')}"
    cross_site = request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin")
    # Following a link is no use of the control plane: what opens is a page of ours.
    if foreign or (cross_site and not _opens_a_page(request)) or not _is_ours(request, host):
        raise refuse(403, "PERMISSION_DENIED", "the control plane answers no pages of other sites")
    sent = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if origin is not None and request.body and sent != _JSON:
        raise refuse(415, "UNSUPPORTED_MEDIA_TYPE", f"a page must send its body as {_JSON}")


def _opens_a_page(request: Request) -> bool:
    is_navigation = request.headers.get("Sec-Fetch-Mode") == "navigate"
    into_a_window = request.headers.get("Sec-Fetch-Dest") == "document"
    return request.method == "GET" and is_navigation and into_a_window


def _is_ours(request: Request, host: str) -> bool:
    """Tell whether the name in ``Host`` can be one of ours rather than one that is borrowed."""
    name = _hostname(request.headers.get("Host", ""))
    if host in _LOOPBACK:
        return name in _LOOPBACK
    if name == host.lower() or _is_address(name) or "." not in name:
        # Nobody can register an address, or a name without a dot (as containers have).
        return True
    return "Origin" not in request.headers or name in _names_of_this_machine()


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


@cache
def _names_of_this_machine() -> frozenset[str]:
    return frozenset(name.lower() for name in (socket.gethostname(), socket.getfqdn()))
