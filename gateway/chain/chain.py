"""The order in which filters are asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, TypeAlias

from gateway.chain.filter import Filter, Stage


@dataclass(frozen=True, slots=True)
class Link:
    """One filter in its place in a chain."""

    name: str
    filter: Filter
    mode: Literal["enforce", "observe"] = "enforce"
    on_error: Literal["defer", "pass"] = "defer"
    timeout_s: float = 10.0


Step: TypeAlias = tuple[Link, ...]
"""Filters that are asked at the same time. Their answers count in the order they are listed."""


@dataclass(frozen=True)
class Chain:
    """Steps that are asked one after the other."""

    name: str
    steps: tuple[Step, ...]

    @cached_property
    def by_stage(self) -> dict[Stage, tuple[Step, ...]]:
        """For each stage, the steps left when filters with nothing to say there are taken out."""
        return {stage: tuple(self._at(stage)) for stage in Stage}

    @cached_property
    def waiting(self) -> frozenset[Stage]:
        """The stages at which some filter has to be awaited. Leaving is part of the message."""
        stages = {
            stage
            for stage, steps in self.by_stage.items()
            if any(link.filter.waits_at(stage) for step in steps for link in step)
        }
        return frozenset(stages | {Stage.MESSAGE} if Stage.LEAVE in stages else stages)

    def _at(self, stage: Stage) -> Sequence[Step]:
        steps = (tuple(k for k in step if stage in k.filter.stages()) for step in self.steps)
        return [step for step in steps if step]
