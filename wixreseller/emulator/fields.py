"""Read the fields of a request body, collecting everything that is wrong with it.

Rule names are those of Wix's error format as far as known; descriptions are guesses. ``null`` and
the empty string count as absent (a guess).
"""

from collections.abc import Callable, Sequence

from wixreseller.emulator.guid import is_guid
from wixreseller.emulator.jsonvalue import Json, JsonObject
from wixreseller.emulator.replies import Violation, refuse_fields

# A hundred years of seconds, and more than anything here can sensibly be.
_MOST_NUMBER = 3.2e9


class Fields:
    """Read one object; its children report to the same list of violations."""

    def __init__(
        self, value: JsonObject, path: str = "", violations: list[Violation] | None = None
    ) -> None:
        self.path = path
        self.value = value
        self.violations: list[Violation] = [] if violations is None else violations

    def at(self, name: str) -> str:
        """Return the path of a field, as Wix writes it."""
        return f"{self.path}.{name}" if self.path else name

    def fault(self, name: str, description: str, rule: str, **data: Json) -> None:
        """Record that a field is wrong."""
        self.violations.append(Violation(self.at(name), description, rule, data))

    def settle(self) -> None:
        """Raise the refusal for everything recorded so far, if there is anything."""
        if self.violations:
            raise refuse_fields(self.violations)

    def allow(self, names: Sequence[str]) -> None:
        """Record every field that is not one of ``names``."""
        for name in self.value:
            if name not in names:
                self.fault(name, "is not a known field", "FIELD_NOT_ALLOWED")

    def has(self, name: str) -> bool:
        """Tell whether a field is there and neither ``null`` nor empty."""
        return self.value.get(name) not in (None, "")

    def require(self, name: str) -> None:
        """Record that a field is missing, if it is."""
        if not self.has(name):
            self.fault(name, "must not be empty", "REQUIRED_FIELD")

    def text(self, name: str, most: int | None = None) -> str | None:
        """Read a string of at most ``most`` characters."""
        value = self.value.get(name)
        if value is None or value == "":
            return None
        if not isinstance(value, str):
            self.fault(name, "must be a string", "FORMAT")
            return None
        if most is not None and len(value) > most:
            self.fault(
                name,
                f"has size {len(value)}, expected {most} or less",
                "MAX_LENGTH",
                threshold=most,
            )
            return None
        return value

    def guid(self, name: str) -> str | None:
        """Read a GUID, in lower case."""
        text = self.text(name)
        if text is not None and not is_guid(text):
            self.fault(name, "is not a valid GUID", "FORMAT")
            return None
        return None if text is None else text.lower()

    def whole(self, name: str, least: int, most: int) -> int | None:
        """Read a whole number between two bounds."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self.fault(name, "must be a whole number", "FORMAT")
        elif value < least:
            self.fault(name, f"must be greater than or equal to {least}", "MIN", threshold=least)
        elif value > most:
            self.fault(name, f"must be less than or equal to {most}", "MAX", threshold=most)
        else:
            return value
        return None

    def number(self, name: str, most: float = _MOST_NUMBER) -> float | None:
        """Read a finite number, 0 or more and ``most`` or less."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, int | float) or isinstance(value, bool):
            self.fault(name, "must be a number", "FORMAT")
        elif not 0 <= value <= most:
            self.fault(name, f"must be a number from 0 to {most:g}", "FORMAT")
        else:
            return value
        return None

    def choice(self, name: str, choices: Sequence[str]) -> str | None:
        """Read one of the values of an enum."""
        value = self.text(name)
        if value is not None and value not in choices:
            self.fault(
                name,
                f"{value!r} is not one of {', '.join(choices)}",
                "INVALID_ENUM_VALUE",
                values=list(choices),
            )
            return None
        return value

    def passing(self, name: str, test: Callable[[str], bool], complaint: str) -> str | None:
        """Read a string that passes a test."""
        value = self.text(name)
        if value is not None and not test(value):
            self.fault(name, complaint, "FORMAT")
            return None
        return value

    def child(self, name: str) -> "Fields | None":
        """Read an object."""
        value = self.value.get(name)
        if value is None:
            return None
        if not isinstance(value, dict):
            self.fault(name, "must be an object", "FORMAT")
            return None
        return Fields(value, self.at(name), self.violations)

    def children(self, name: str, least: int, most: int) -> "list[Fields]":
        """Read an array of objects, between ``least`` and ``most`` of them."""
        value = self.value.get(name)
        if value is None:
            value = []
        if not isinstance(value, list):
            self.fault(name, "must be an array", "FORMAT")
            return []
        size = len(value)
        if size < least:
            self.fault(
                name, f"has size {size}, expected {least} or more", "MIN_SIZE", threshold=least
            )
        if size > most:
            self.fault(
                name, f"has size {size}, expected {most} or less", "MAX_SIZE", threshold=most
            )
        found: list[Fields] = []
        for index, entry in enumerate(value):
            if isinstance(entry, dict):
                found.append(Fields(entry, self.at(f"{name}[{index}]"), self.violations))
            else:
                self.fault(f"{name}[{index}]", "must be an object", "FORMAT")
        return found
