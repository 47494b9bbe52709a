"""Give tests of the blocking client processes of their own, under a watchdog."""

from __future__ import annotations

import pytest
import scripts


@pytest.fixture
def run_script() -> scripts.RunScript:
    """Run a script in a process of its own, which a watchdog kills with all its children."""
    return scripts.run_script
