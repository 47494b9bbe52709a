"""Make the small objects that only this package sees: frozen to type checkers, plain at run time.

attrs sets each field of a frozen object through ``object.__setattr__``, which takes ten times as
long as an assignment. Five objects of every request together were a twenty-fifth of its CPU time.
Nor are they compared or shown, and what would do so takes a third of making such a class. What
users hold is frozen at run time, compared and shown.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen
else:
    import functools

    import attrs

    frozen = functools.partial(attrs.define, eq=False, repr=False)

__all__ = ["frozen"]
