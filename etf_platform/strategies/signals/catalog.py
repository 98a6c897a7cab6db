"""Finds a strategy by name and turns its keys of `strategies.yaml` into validated settings.

Not here: the strategies themselves, and the loader of the file (`core.config.load`).
"""

import difflib
from collections.abc import Collection, Mapping
from functools import cache
from typing import Any

from pydantic import ValidationError

from etf_platform.core import catalog
from etf_platform.core.config.strict import Strict
from etf_platform.core.config.trend import TrendBacktest, TrendConfig
from etf_platform.core.errors import ConfigError, UnknownUnitError
from etf_platform.core.units.signal import SignalStrategy
from etf_platform.strategies import signals

FILE = "strategies.yaml"
ORIGINAL_EMA_WARMUP = 200
ORIGINAL_WARMUP = {"NDX_MA50_Volume_RSI": 60, "NDX_short_term": 50}


@cache
def published() -> tuple[SignalStrategy, ...]:
    """Every strategy of this folder, ordered by module name."""
    return tuple(catalog.collect(signals, SignalStrategy))


def find(name: str) -> SignalStrategy:
    """The strategy of exactly this name.

    Raises
    ------
    UnknownUnitError
        There is none; the sentence names the nearest one, whatever the case of the letters.
    """
    for unit in published():
        if unit.name == name:
            return unit
    raise UnknownUnitError(f"looking up the trend strategy {name!r}", *_advice(name))


def _advice(name: str) -> tuple[str, str]:
    names = {unit.name.lower(): unit.name for unit in published()}
    near = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    every = ", ".join(names.values())
    return (
        "there is no such strategy",
        f"did you mean {names[near[0]]}? Known: {every}" if near else f"use one of {every}",
    )


def settings_of(raw: Mapping[str, Any] | None, unit: SignalStrategy) -> Any:
    """Settings of a strategy from its keys in `strategies.yaml`; keys that are not there take their defaults.

    Raises
    ------
    ConfigError
        Unknown keys or values of a wrong type; all of them, each with its key path.
    """
    found = _problems_of(raw, unit)
    if found:
        raise ConfigError(
            f"reading the settings of {unit.name} in {FILE}",
            f"{len(found)} problem(s): " + " | ".join(found),
            "correct these keys; `etf-platform config check` lists them",
        )
    return unit.settings.model_validate(dict(raw or {}))


def settings_from(trend: TrendConfig, unit: SignalStrategy) -> Any:
    """Settings of a strategy from the validated `trend` part of the configuration; raises as `settings_of`."""
    return settings_of(trend.strategies.get(unit.name), unit)


def warmup_bars_of(unit: SignalStrategy, settings: Any, backtest: TrendBacktest) -> int:
    """Bars that the strategy needs up to and including the first one it may decide; the original's own if asked for."""
    if settings.original_compatible:
        return ORIGINAL_WARMUP.get(unit.name, ORIGINAL_EMA_WARMUP)
    return int(getattr(backtest.warmup_bars, unit.warmup))


def variants_of(unit: SignalStrategy, settings: Strict) -> dict[str, Any]:
    """Variant name -> settings; `default` alone where the strategy declares none."""
    if not unit.variants:
        return {"default": settings}
    return {name: settings.model_copy(update=dict(changed)) for name, changed in unit.variants.items()}


def problems(trend: TrendConfig, symbols: Collection[str] | None = None) -> list[str]:
    """Lines for `config check`: unknown strategies in `runs` and `strategies`, wrong keys and types.

    With the `symbols` of all universes also runs on other symbols, which no asset would ever make.
    """
    names = {unit.name: unit for unit in published()}
    lines = [
        f"{FILE}: trend.runs.{i}.strategy: {run.strategy!r}: {'; '.join(_advice(run.strategy))}"
        for i, run in enumerate(trend.runs)
        if run.strategy not in names
    ]
    lines += [
        f"{FILE}: trend.runs.{i}.symbol: {run.symbol} is in no universe; add it to universes.yaml"
        for i, run in enumerate(trend.runs)
        if symbols is not None and run.symbol not in symbols
    ]
    for name, raw in trend.strategies.items():
        if name not in names:
            lines.append(f"{FILE}: trend.strategies.{name}: {'; '.join(_advice(name))}")
        else:
            lines += _problems_of(raw, names[name])
    return lines


def _problems_of(raw: Mapping[str, Any] | None, unit: SignalStrategy) -> list[str]:
    try:
        unit.settings.model_validate(dict(raw or {}))
    except ValidationError as error:
        return [f"{FILE}: trend.strategies.{unit.name}{_path(e['loc'])}: {_plain(e)}" for e in error.errors()]
    return []


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f".{part}" for part in location)


def _plain(error: Any) -> str:
    if error["type"] == "extra_forbidden":
        return "there is no such key"
    return f"{error['msg'].removeprefix('Value error, ')} (found {error['input']!r})"
