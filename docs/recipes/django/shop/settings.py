"""As little as Django needs; what concerns Wix is at the end."""

import os
from pathlib import Path

SECRET_KEY = os.environ.get("DJANGO_SECRET_KEY", "only-to-try-it-out")
ALLOWED_HOSTS = ["localhost", "127.0.0.1"]
ROOT_URLCONF = "shop.urls"
USE_TZ = True

MIDDLEWARE = [
    "django.middleware.common.CommonMiddleware",
    "shop.refusals.Refusals",
]

# All processes of this machine that name the file share one rate limit: every worker
# of gunicorn, and what serves the async views. It holds no key.
WIX_LIMIT_FILE = Path("wix-limit.db")
