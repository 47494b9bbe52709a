"""The clients: one pair for each process, made when Django starts.

Making one connects to nothing and starts no thread, so a server may fork after that
(`gunicorn --preload`). Nor do they need closing here: their connections end with the
loop or the process that they belong to. Key and account come from the environment.
"""

from django.conf import settings
from wixreseller import AsyncClient, Client, RateLimit

# For sync views. A worker that waits serves nobody else: at most a second for a turn,
# and five for everything.
client = Client(
    rate_limit=RateLimit(max_wait=1.0, shared=settings.WIX_LIMIT_FILE),
    deadline=5.0,
)

# For async views, which may wait without holding a worker.
async_client = AsyncClient(
    rate_limit=RateLimit(max_wait=20.0, shared=settings.WIX_LIMIT_FILE),
    deadline=20.0,
)
