"""Make the small objects that each request needs: frozen to type checkers, plain at run time.

attrs sets each field of a frozen object through ``object.__setattr__``, which takes ten times as
long as an assignment. Five objects of every request together were a twenty-fifth of its CPU time.
What users hold is frozen at run time too.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from attrs import frozen
else:
    from attrs import define as frozen

__all__ = ["frozen"]
