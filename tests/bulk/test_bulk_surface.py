"""What ``wixreseller.bulk`` offers is there, and costs nothing before it is used."""

from __future__ import annotations

import subprocess
import sys

import pytest

from wixreseller import bulk


@pytest.mark.parametrize("name", bulk.__all__)
def test_every_name_is_there_and_no_module_hides_it(name: str) -> None:
    assert not hasattr(getattr(bulk, name), "__path__")
    assert type(getattr(bulk, name)).__name__ != "module"
    assert name in dir(bulk)


def test_an_unknown_name_is_refused() -> None:
    with pytest.raises(AttributeError, match="no attribute 'provision'"):
        getattr(bulk, "provision")  # noqa: B009  # type checkers know that it is not there


def test_importing_it_loads_none_of_its_modules() -> None:
    program = (
        "import sys, wixreseller.bulk; "
        "print([name for name in sys.modules if name.startswith('wixreseller.bulk.')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert "[]\n" == done.stdout
