"""Finds the units of signals by name, picks one fund of several, and asks the filters. Not here: what the units do."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import etf_platform.arbitrage.evaluators
import etf_platform.arbitrage.filters
import etf_platform.arbitrage.selectors
from etf_platform.arbitrage.iopv import is_known
from etf_platform.core.catalog import collect
from etf_platform.core.config.arbitrage import Strategy
from etf_platform.core.errors import UnknownUnitError
from etf_platform.core.units.arbitrage import Candidate, Evaluator, Filter, Selector

Named = TypeVar("Named", Evaluator, Selector)
ORIGINAL_SELECTOR = "highest_weight"


@dataclass(frozen=True)
class Refusal:
    """A candidate that raises no signal, which filter (or selector) said so, and its sentence."""

    stock: str
    etf: str
    by: str
    sentence: str


def every_evaluator() -> tuple[Evaluator, ...]:
    """All evaluators, ordered by module."""
    return tuple(collect(etf_platform.arbitrage.evaluators, Evaluator))


def every_selector() -> tuple[Selector, ...]:
    """All selectors, ordered by module."""
    return tuple(collect(etf_platform.arbitrage.selectors, Selector))


def every_filter() -> tuple[Filter, ...]:
    """All filters, ordered by module."""
    return tuple(collect(etf_platform.arbitrage.filters, Filter))


def evaluator(strategy: Strategy) -> Evaluator:
    """The evaluator of the settings; raises UnknownUnitError."""
    return _called(strategy.evaluator_type, every_evaluator(), "evaluator_type")


def selector(strategy: Strategy) -> Selector:
    """The selector of the settings; with `original_compatible` the only one the original really had.

    Raises UnknownUnitError.
    """
    chosen = _called(strategy.selector, every_selector(), "selector")
    return _called(ORIGINAL_SELECTOR, every_selector(), "selector") if strategy.original_compatible else chosen


def problems(strategy: Strategy) -> list[str]:
    """What is wrong with the names in the settings, one sentence each; empty when all of them exist."""
    found = []
    for find in (evaluator, selector):
        try:
            find(strategy)
        except UnknownUnitError as error:
            found.append(str(error))
    return found


def pick(candidates: Sequence[Candidate], by: Selector) -> Candidate | None:
    """The candidate with the largest value, ties to the smaller symbol; None when no candidate has a value."""
    valued = [(by.value(candidate), candidate) for candidate in candidates]
    known = [(value, candidate) for value, candidate in valued if value is not None and is_known(value)]
    return min(known, key=lambda pair: (-pair[0], pair[1].etf))[1] if known else None


def refusals(candidate: Candidate, strategy: Strategy) -> list[Refusal]:
    """What the filters have against a candidate; empty when it passes all of them."""
    said = ((unit.name, unit.refuse(candidate, strategy)) for unit in every_filter())
    return [Refusal(candidate.stock, candidate.etf, name, sentence) for name, sentence in said if sentence]


def _called(name: str, units: Sequence[Named], key: str) -> Named:
    for unit in units:
        if unit.name == name:
            return unit
    known = ", ".join(unit.name for unit in units)
    raise UnknownUnitError(
        f"reading arbitrage.yaml: strategy.{key}", f"nothing is called {name!r}", f"use one of {known}"
    )
