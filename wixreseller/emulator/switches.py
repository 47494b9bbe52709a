"""Describe a switch: what it decides, what it takes, where its default comes from."""

import math
from typing import Literal, TypeAlias

import attrs

Source: TypeAlias = Literal["documented", "observed", "guessed"]
SettingValue: TypeAlias = bool | float | str

_FLAGS = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


class SettingsError(ValueError):
    """Say which setting is wrong and what is allowed instead."""

    def __init__(self, text: str, name: str = "") -> None:
        super().__init__(text)
        self.name = name


@attrs.frozen
class SettingInfo:
    """Describe one setting."""

    name: str
    default: SettingValue
    choices: tuple[str, ...]
    doc: str
    source: Source

    @property
    def allowed(self) -> str:
        """Return the allowed values in words."""
        if self.choices:
            return " | ".join(self.choices)
        return "on | off" if isinstance(self.default, bool) else "a number, 0 or more"

    def check(self, value: object) -> None:
        """Raise :class:`SettingsError` for a value of a wrong type or outside the choices."""
        if isinstance(self.default, str):
            valid = value in self.choices
        elif isinstance(self.default, bool):
            valid = isinstance(value, bool)
        else:
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            valid = is_number and math.isfinite(value) and value >= 0  # type: ignore[arg-type,operator]
        if not valid:
            raise self.wrong(value)

    def parse(self, text: str) -> SettingValue:
        """Read a value as a command line gives it; raise :class:`SettingsError`."""
        if isinstance(self.default, str):
            return text
        if isinstance(self.default, bool):
            if text.lower() not in _FLAGS:
                raise self.wrong(text)
            return _FLAGS[text.lower()]
        try:
            return float(text)
        except ValueError:
            raise self.wrong(text) from None

    def wrong(self, value: object) -> SettingsError:
        """Make the error for a value that cannot be."""
        text = f"setting {self.name} cannot be {value!r}; allowed: {self.allowed} ({self.doc})"
        return SettingsError(text, self.name)


def choice(source: Source, doc: str, *choices: str) -> str:
    """Declare a switch between several words; the first is the default."""
    return attrs.field(default=choices[0], metadata=_metadata(source, doc, choices))


def flag(source: Source, doc: str, *, default: bool) -> bool:
    """Declare a switch that is on or off."""
    return attrs.field(default=default, metadata=_metadata(source, doc))


def number(source: Source, doc: str, *, default: float) -> float:
    """Declare a number, 0 or more."""
    return attrs.field(default=default, metadata=_metadata(source, doc))


def describe(field: "attrs.Attribute[SettingValue]") -> SettingInfo:
    """Return the description of a field that was declared above."""
    assert field.default is not None  # noqa: S101 # every one has a default
    return SettingInfo(
        name=field.name,
        default=field.default,
        choices=field.metadata["choices"],
        doc=field.metadata["doc"],
        source=field.metadata["source"],
    )


def _metadata(source: Source, doc: str, choices: tuple[str, ...] = ()) -> dict[str, object]:
    return {"doc": doc, "source": source, "choices": choices}
