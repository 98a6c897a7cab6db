"""A trial: the same graph on a few symbols, other dates or other settings, in a home of its own."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from etf_platform.core.config import Config
from etf_platform.core.config.models import CapitalConstraint, Pool
from etf_platform.core.errors import ConfigError
from etf_platform.orchestration.platform import Platform


def trial_platform(platform: Platform, pool: str, symbols: Sequence[str], folder: Path) -> Platform:
    """A platform with one pool of the given symbols whose state lies below `folder`.

    Parameters
    ----------
    pool : str
        Name of the pool; limits and capital are those of the configured pool of this name, else the defaults.
    symbols : sequence of str
        Members; empty takes those of the configured pool.

    Raises
    ------
    ConfigError
        A symbol is not in `instruments.yaml`, or the pool has no members.
    """
    members = tuple(symbols) or platform.config.pools.get(pool, ())
    unknown = [symbol for symbol in members if symbol not in platform.config.instruments.instruments]
    if unknown or not members:
        saw = f"{', '.join(unknown)} not in instruments.yaml" if unknown else f"pool {pool} has no members"
        raise ConfigError(f"preparing a trial of {pool}", saw, "name configured symbols with --symbols")
    workspace = replace(platform.workspace, home=folder / "home")
    return Platform(workspace, _with_one_pool(platform.config, pool, members))


def with_exec_mode(platform: Platform, exec_mode: str) -> Platform:
    """The same platform with another fill convention."""
    settings = platform.config.etf_pools
    backtest = settings.strategy.backtest.model_copy(update={"exec_mode": exec_mode})
    strategy = settings.strategy.model_copy(update={"backtest": backtest})
    return Platform(
        platform.workspace, replace(platform.config, etf_pools=settings.model_copy(update={"strategy": strategy}))
    )


def _with_one_pool(config: Config, name: str, members: tuple[str, ...]) -> Config:
    settings = config.etf_pools
    known = settings.pools.members.get(name)
    pool = (
        known.model_copy(update={"symbols": members})
        if known
        else Pool(name=name, description="trial", symbols=members)
    )
    limits = settings.capital_constraints.get(name) or CapitalConstraint(target_capital=0.0, max_sector_weight=1.0)
    pools = settings.pools.model_copy(update={"members": {name: pool}, "assignment": "original_compatible"})
    portfolio = settings.strategy.portfolio.model_copy(update={"weights": {name: 1.0}})
    strategy = settings.strategy.model_copy(update={"portfolio": portfolio})
    changed = settings.model_copy(update={"pools": pools, "capital_constraints": {name: limits}, "strategy": strategy})
    return replace(config, etf_pools=changed)
