"""Read packages: operations 2 and 4."""

from wixreseller.emulator.core import Call, Core
from wixreseller.emulator.jsonvalue import JsonObject
from wixreseller.emulator.ownership import find_package
from wixreseller.emulator.render import render_package


def get_package(core: Core, call: Call) -> JsonObject:
    """Return one package of the account in the header."""
    return {"package": render_package(find_package(core, call, "id"), core.settings)}
