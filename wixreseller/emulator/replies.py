"""Shape answers as Wix does: the error envelope, field violations, the headers of every answer.

Forms: the error-format article of the Wix documentation. Texts of descriptions, rule names and the
contents of ``data`` are guesses unless a comment says otherwise.
"""

from collections.abc import Mapping, Sequence

import attrs

from wixreseller.emulator.jsonvalue import Json, JsonObject


@attrs.frozen
class Violation:
    """Say what is wrong with one field of the request."""

    field: str
    description: str
    rule: str
    data: Mapping[str, Json] = attrs.field(factory=dict[str, Json])

    def to_wire(self) -> JsonObject:
        """Return the violation as it stands in ``fieldViolations``."""
        wire: JsonObject = {
            "field": self.field,
            "description": self.description,
            "violatedRule": self.rule,
        }
        if self.data:
            wire["data"] = dict(self.data)
        return wire


class Refusal(Exception):  # noqa: N818 # a refusal is an answer, not a failure of the emulator
    """Carry an error answer from wherever it is decided to where answers are written.

    What the request changed is undone, unless ``keeps_changes``.
    """

    def __init__(
        self, status: int, body: JsonObject, headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body
        self.headers: dict[str, str] = dict(headers or {})
        self.keeps_changes = False


def refuse(
    status: int,
    code: str,
    description: str,
    data: Mapping[str, Json] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Refusal:
    """Make the refusal for a business rule or a standard HTTP error."""
    error: JsonObject = {"code": code, "description": description, "data": dict(data or {})}
    body: JsonObject = {"message": description, "details": {"applicationError": error}}
    return Refusal(status, body, headers)


def refuse_fields(violations: Sequence[Violation]) -> Refusal:
    """Make the refusal for bad input: all violations at once.

    The message joins field and description, one line each, as in the one real example known:
    ``value Field 'x' is not declared as filterable``.
    """
    message = "\n".join(f"{violation.field} {violation.description}" for violation in violations)
    wire: list[Json] = [violation.to_wire() for violation in violations]
    return Refusal(
        400, {"message": message, "details": {"validationError": {"fieldViolations": wire}}}
    )


def internal_error() -> Refusal:
    """Make the answer for a failure of the server: empty message, empty details (documented)."""
    return Refusal(500, {"message": "", "details": {}})
