"""List the questions, in the order in which they are asked and shown."""

from __future__ import annotations

from typing import Final

from benchmarks import (
    blocking,
    bulking,
    creates,
    decoding,
    emulating,
    limiting,
    pacing,
    starting,
    streaming,
)
from benchmarks.framework.questions import Question

__all__ = ["QUESTIONS"]

QUESTIONS: Final[list[Question]] = [
    *creates.QUESTIONS,
    *decoding.QUESTIONS,
    *blocking.QUESTIONS,
    *starting.QUESTIONS,
    *streaming.QUESTIONS,
    *limiting.QUESTIONS,
    *bulking.QUESTIONS,
    *pacing.QUESTIONS,
    *emulating.QUESTIONS,
]
