"""The one loader: every file is read, all problems are reported together with file and key path."""

import hashlib
import json
import os
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from pydantic import ValidationError

from etf_platform.core.config import models
from etf_platform.core.config.alerts import AlertsConfig
from etf_platform.core.config.arbitrage import ArbitrageConfig, Watchlist
from etf_platform.core.config.governance import GovernanceConfig
from etf_platform.core.config.models import Instrument
from etf_platform.core.config.risk import RiskConfig
from etf_platform.core.config.scoring import ScoringConfig
from etf_platform.core.config.strict import Strict
from etf_platform.core.config.universes import UniversesConfig
from etf_platform.core.config.yaml12 import YamlProblem, parse_yaml
from etf_platform.core.errors import ConfigError

FILES: dict[str, type[Strict]] = {
    "etf_pools": models.PoolsConfig,
    "instruments": models.InstrumentsConfig,
    "sources": models.SourcesConfig,
    "factors": models.FactorsConfig,
    "strategies": models.StrategiesConfig,
    "fuses": models.FusesConfig,
    "platform": models.PlatformConfig,
    "universes": UniversesConfig,
    "risk": RiskConfig,
    "alerts": AlertsConfig,
    "arbitrage": ArbitrageConfig,
    "scoring": ScoringConfig,
    "governance": GovernanceConfig,
}

WATCHLIST = "watchlist.yaml"

PATH_OVERRIDES = {
    "raw_root": "RAW_DATA_DIR",
    "output_root": "ETF_OUTPUT_DIR",
    "logs_root": "LOGS_ROOT",
    "snapshots_root": "SNAPSHOTS_ROOT",
}


@dataclass(frozen=True)
class Config:
    """All files of one configuration folder, validated."""

    etf_pools: models.PoolsConfig
    instruments: models.InstrumentsConfig
    sources: models.SourcesConfig
    factors: models.FactorsConfig
    strategies: models.StrategiesConfig
    fuses: models.FusesConfig
    platform: models.PlatformConfig
    universes: UniversesConfig
    risk: RiskConfig
    alerts: AlertsConfig
    arbitrage: ArbitrageConfig
    scoring: ScoringConfig
    governance: GovernanceConfig

    @cached_property
    def pools(self) -> dict[str, tuple[str, ...]]:
        """Pool name -> member symbols, after `pools.assignment` is applied."""
        listed = {name: list(pool.symbols) for name, pool in self.etf_pools.pools.members.items()}
        if self.etf_pools.pools.assignment == "corrected":
            for name in list(listed):
                for symbol in list(listed[name]):
                    better = self.instrument(symbol).suggested_pool
                    if better and better != name and better in listed:
                        listed[name].remove(symbol)
                        listed[better].append(symbol)
        return {name: tuple(symbols) for name, symbols in listed.items()}

    def members(self, universe: str) -> tuple[str, ...]:
        """Symbols of a rotation pool or of a universe of `universes.yaml`.

        Raises
        ------
        ConfigError
            There is neither a pool nor a universe of this name.
        """
        if universe in self.pools:
            return self.pools[universe]
        known = self.universes.universes
        if universe not in known:
            raise ConfigError(
                "looking up the members of a universe",
                f"there is no {universe!r}",
                f"use one of {', '.join((*self.pools, *known))}",
            )
        return known[universe].symbols

    def instrument(self, symbol: str) -> Instrument:
        """Facts of one symbol."""
        return self.instruments.instruments[symbol]

    @cached_property
    def digest(self) -> str:
        """First 16 hex digits of the SHA-256 over every validated value: names this configuration in records."""
        values = {name: getattr(self, name).model_dump(mode="json") for name in FILES}
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def check_config(folder: Path) -> tuple[Config | None, list[str]]:
    """Read and validate a configuration folder.

    Returns
    -------
    config : Config or None
        None when there is any problem.
    problems : list of str
        One line each: `file: key.path: what is wrong`.
    """
    if not folder.is_dir():
        return None, [f"{folder}: no such folder; `etf-platform init DIR` writes an editable copy of the defaults"]
    parsed: dict[str, Strict] = {}
    problems: list[str] = []
    for name, model in FILES.items():
        try:
            parsed[name] = _read(folder / f"{name}.yaml", model)
        except ValidationError as error:
            problems += [f"{name}.yaml: {_path(e['loc'])}: {_plain(e['msg'])}" for e in error.errors()]
        except (YamlProblem, OSError, UnicodeDecodeError) as error:
            problems.append(f"{name}.yaml: {error}")
    problems += _watchlist_problems(folder)
    if not problems:
        problems = _cross_check(parsed)
    return (None, problems) if problems else (Config(**parsed), [])  # type: ignore[arg-type]


def _watchlist_problems(folder: Path) -> list[str]:
    """The watch list is read anew at every scan; here it is only checked."""
    path = folder / WATCHLIST
    if not path.exists():
        return []
    try:
        _read(path, Watchlist)
    except ValidationError as error:
        return [f"{WATCHLIST}: {_path(e['loc'])}: {_plain(e['msg'])}" for e in error.errors()]
    except (YamlProblem, OSError, UnicodeDecodeError) as error:
        return [f"{WATCHLIST}: {error}"]
    return []


def load_config(folder: Path) -> Config:
    """Read a configuration folder.

    Raises
    ------
    ConfigError
        Anything is wrong; the message lists every problem of every file.
    """
    config, problems = check_config(folder)
    if config is None:
        raise ConfigError(
            f"reading the configuration in {folder}",
            f"{len(problems)} problem(s): " + " | ".join(problems),
            "correct these lines; `etf-platform config check` lists them",
        )
    return config


def _read(path: Path, model: type[Strict]) -> Strict:
    raw = parse_yaml(path.read_text(encoding="utf-8")) or {}
    if path.stem == "etf_pools" and isinstance(raw, dict):
        overrides = {key: os.environ[env] for key, env in PATH_OVERRIDES.items() if os.environ.get(env)}
        if overrides:
            raw["paths"] = {**(raw.get("paths") or {}), **overrides}
    return model.model_validate(raw)


def _cross_check(parsed: dict[str, Strict]) -> list[str]:
    pools, instruments = parsed["etf_pools"], parsed["instruments"]
    assert isinstance(pools, models.PoolsConfig) and isinstance(instruments, models.InstrumentsConfig)
    problems = []
    for name, pool in pools.pools.members.items():
        for i, symbol in enumerate(pool.symbols):
            if symbol not in instruments.instruments:
                problems.append(f"etf_pools.yaml: pools.{name}.symbols.{i}: {symbol} is not in instruments.yaml")
            if symbol not in pools.etf_categories:
                problems.append(f"etf_pools.yaml: etf_categories: no label for {symbol} of pool {name}")
    return problems + _check_universes(parsed)


def _check_universes(parsed: dict[str, Strict]) -> list[str]:
    pools, instruments, sources, universes = (
        parsed[name] for name in ("etf_pools", "instruments", "sources", "universes")
    )
    assert isinstance(pools, models.PoolsConfig) and isinstance(instruments, models.InstrumentsConfig)
    assert isinstance(sources, models.SourcesConfig) and isinstance(universes, UniversesConfig)
    problems = []
    for name, universe in universes.universes.items():
        at = f"universes.yaml: universes.{name}"
        if name in pools.pools.members or name == "portfolio":
            problems.append(f"{at}: a pool or the portfolio has this name already")
        for i, symbol in enumerate(universe.symbols):
            if symbol not in instruments.instruments:
                problems.append(f"{at}.symbols.{i}: {symbol} is not in instruments.yaml")
        for source in sorted({universe.source, *universe.source_of.values()}):
            if not isinstance(sources.sources.get(source), models.LocalSource):
                problems.append(f"{at}: {source!r} is no source of recorded data in sources.yaml")
    return problems


def _path(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location if part != "members") or "(file)"


def _plain(message: str) -> str:
    return message.removeprefix("Value error, ")
