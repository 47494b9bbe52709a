"""Serve the shop under ASGI: `uvicorn shop.asgi:application`."""

import os
from typing import Any

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings")

django = get_asgi_application()


async def application(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """Serve Django, which is told nothing of the server's end, and close the client."""
    if scope["type"] != "lifespan":
        await django(scope, receive, send)
        return
    # Only now: importing it needs Django's settings.
    from shop.wix import async_client

    async with async_client:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
    await send({"type": "lifespan.shutdown.complete"})
