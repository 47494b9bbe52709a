"""Blocking clients work in Celery's pre-forked workers, though the parent has made calls."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from scripts import WATCHDOG_SECONDS
from services import Serve

APP = """\
import os
from celery import Celery
from celery.signals import worker_init
from wixreseller import Client, Hooks, NotFoundError

for folder in ("queue", "control", "results"):
    os.makedirs(folder, exist_ok=True)
app = Celery("app", broker="filesystem://", backend="file://" + os.path.abspath("results"))
app.conf.broker_transport_options = {
    "data_folder_in": "queue", "data_folder_out": "queue", "control_folder": "control",
}
app.conf.update(result_serializer="pickle", accept_content=["json", "pickle"])
app.conf.worker_hijack_root_logger = False
told = []
client = Client(api_key=lambda: os.environ["WIX_API_KEY"], hooks=Hooks(before_attempt=told.append))
PARENT = os.getpid()

@worker_init.connect
def call_before_the_fork(**_):
    client.packages.query().collect()

@app.task
def count():
    return len(client.packages.query().collect()), os.getpid() != PARENT

@app.task(throws=(NotFoundError,))
def fail():
    client.packages.get("c0000000-0000-4000-8000-000000000009")
"""

ASK = """\
from app import count, fail
waiting = [count.delay() for _ in range(20)]
print({tuple(one.get(timeout=60)) for one in waiting})
try:
    fail.delay().get(timeout=60)
except Exception as error:
    print(type(error).__name__, error.status)
"""


def test_a_prefork_worker(serve: Serve, tmp_path: Path, emulator_url: str) -> None:
    command = ("celery", "--app", "app", "worker", "--pool", "prefork", "--concurrency", "3")
    with serve(APP, *command, "--loglevel", "ERROR", "--without-mingle", "--without-gossip"):
        done = subprocess.run(
            [sys.executable, "-c", ASK],
            cwd=tmp_path,
            env={
                "PYTHONPATH": ":".join([str(tmp_path), *sys.path]),
                "WIX_API_KEY": "EMU.demo",
                "WIXRESELLER_BASE_URL": emulator_url,
            },
            capture_output=True,
            text=True,
            timeout=WATCHDOG_SECONDS,
            check=False,
        )

        assert ("{(0, True)}\nNotFoundError 404\n", "") == (done.stdout, done.stderr)
