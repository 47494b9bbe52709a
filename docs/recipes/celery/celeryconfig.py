"""A broker made of files, to try it out on one machine."""

import os
from pathlib import Path

for folder in ("queue", "control", "results"):
    Path(folder).mkdir(exist_ok=True)

broker_url = os.environ.get("BROKER_URL", "filesystem://")
if broker_url == "filesystem://":
    broker_transport_options = {
        "data_folder_in": "queue",
        "data_folder_out": "queue",
        "control_folder": "control",
    }
result_backend = os.environ.get(
    "RESULT_BACKEND", f"file://{Path('results').absolute()}"
)

# Errors travel as pickles: to `find_out`, and back to whoever asks for a result. So
# only the shop may write to the broker and the results: a pickle can run code.
accept_content = ["json", "pickle"]
result_serializer = "pickle"

broker_connection_retry_on_startup = True
