"""Hold together what the control plane works on."""

import attrs

from wixreseller.emulator.core import Core
from wixreseller.emulator.faults import Faults
from wixreseller.emulator.holding import Holding
from wixreseller.emulator.journal import Journal
from wixreseller.emulator.ratelimit import RateLimiter


@attrs.frozen
class Parts:
    """Name the parts of one emulator."""

    core: Core
    limiter: RateLimiter
    faults: Faults
    journal: Journal
    holding: Holding
