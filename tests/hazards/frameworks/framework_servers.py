"""Blocking clients work in the web servers that people run, pre-forked, threaded and async."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from services import Serve

GetMany = Callable[[str, int], list[str]]

WSGI = """\
import os
from wixreseller import Client, Hooks

told = []
client = Client(api_key=lambda: os.environ["WIX_API_KEY"], hooks=Hooks(before_attempt=told.append))
client.packages.query().collect()  # before the server forks

def app(environ, start_response):
    found = client.packages.query().collect()
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{len(found)} {os.getpid() != PARENT} {len(told) > 1}".encode()]

PARENT = os.getpid()
"""

DJANGO = """\
import asyncio, os
import django
from django.conf import settings
from django.http import HttpResponse
from django.urls import path
from wixreseller import AsyncClient, Client

settings.configure(
    SECRET_KEY="none", ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], DEBUG=False,
    MIDDLEWARE=["django.middleware.common.CommonMiddleware"],
)
django.setup()
client = Client()
async_client = AsyncClient()

def blocking(request):
    return HttpResponse(str(len(client.packages.query().collect())))

async def awaited(request):
    return HttpResponse(str(len(await async_client.packages.query().collect())))

urlpatterns = [path("blocking", blocking), path("awaited", awaited)]

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application
asgi = get_asgi_application()
wsgi = get_wsgi_application()
"""

FASTAPI = """\
import threading
from contextlib import asynccontextmanager
from fastapi import FastAPI
from wixreseller import AsyncClient, Client

client = Client()
async_client = AsyncClient()

@asynccontextmanager
async def lifespan(app):
    async with async_client:
        yield
    client.close()

app = FastAPI(lifespan=lifespan)

@app.get("/blocking")
def blocking() -> str:
    return str(len(client.packages.query().collect()))

@app.get("/awaited")
async def awaited() -> str:
    return str(len(await async_client.packages.query().collect()))
"""


@pytest.mark.parametrize(
    "workers",
    [("sync", "--workers", "2"), ("gthread", "--workers", "2", "--threads", "8")],
    ids=lambda workers: workers[0],
)
def test_gunicorn_that_loads_before_it_forks(
    serve: Serve, get_many: GetMany, workers: tuple[str, ...]
) -> None:
    command = (
        "gunicorn",
        "--preload",
        "--bind",
        "127.0.0.1:0",
        "--worker-class",
        *workers,
        "app:app",
    )
    with serve(WSGI, *command) as service:
        url = service.wait_for(r"Listening at: (http://[\d.:]+)").group(1)

        assert ["0 True True"] * 64 == get_many(url, 64)


def test_django_under_wsgi(serve: Serve, get_many: GetMany) -> None:
    with serve(DJANGO, "gunicorn", "--preload", "--bind", "127.0.0.1:0", "app:wsgi") as service:
        url = service.wait_for(r"Listening at: (http://[\d.:]+)").group(1)

        assert ["0"] * 32 == get_many(f"{url}/blocking", 32)


@pytest.mark.parametrize("view", ["blocking", "awaited"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_django_under_asgi(serve: Serve, get_many: GetMany, view: str, loop: str) -> None:
    with serve(
        DJANGO, "uvicorn", "--port", "0", "--loop", loop, "--lifespan", "off", "app:asgi"
    ) as service:
        url = service.wait_for(r"running on (http://[\d.:]+)").group(1)

        assert ["0"] * 32 == get_many(f"{url}/{view}", 32)


@pytest.mark.parametrize("view", ["blocking", "awaited"])
@pytest.mark.parametrize("loop", ["asyncio", "uvloop"])
def test_fastapi_under_uvicorn(serve: Serve, get_many: GetMany, view: str, loop: str) -> None:
    with serve(FASTAPI, "uvicorn", "--port", "0", "--loop", loop, "app:app") as service:
        url = service.wait_for(r"running on (http://[\d.:]+)").group(1)

        assert ['"0"'] * 64 == get_many(f"{url}/{view}", 64)
