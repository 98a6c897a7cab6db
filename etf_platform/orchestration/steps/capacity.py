"""Capacity judged by hand: given files and limits in place of the stored and configured ones."""

import json
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from etf_platform.backtest.capacity import Facts, Limits, capacity_rows, limits_of
from etf_platform.core import tables as t
from etf_platform.core.config import Config
from etf_platform.core.config.models import PoolsConfig
from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.errors import BadInputError
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.steps.backtest import facts_of, report_of


@dataclass(frozen=True)
class Overrides:
    """Options of `rotation capacity`; None keeps what is stored or configured."""

    backtest_result: Path | None = None
    backtest_dir: Path | None = None
    price_dir: Path | None = None
    config_file: Path | None = None
    target_capital: float | None = None
    adv_threshold: float | None = None
    categories_file: Path | None = None


def judged_capacity(platform: Platform, pool: str, given: Overrides) -> tuple[pd.DataFrame, object]:
    """CAPACITY rows and the report document of one pool.

    Raises
    ------
    BadInputError
        A given file is unreadable or lacks columns.
    """
    limits, facts = _limits(platform.config, pool, given), _facts(platform.config, given)
    rows = capacity_rows(_rebalances(platform, pool, given), _bars(platform, pool, given), limits, facts)
    return rows, report_of(rows, pool, limits)


def _limits(config: Config, pool: str, given: Overrides) -> Limits:
    settings = config.etf_pools
    if given.config_file:
        settings = PoolsConfig.model_validate(parse_yaml(given.config_file.read_text(encoding="utf-8")))
    limits = limits_of(settings, pool)
    if given.target_capital is not None:
        limits = replace(limits, target_capital=given.target_capital, outside_portfolio=False)
    return limits if given.adv_threshold is None else replace(limits, adv_share=given.adv_threshold)


def _facts(config: Config, given: Overrides) -> Facts:
    facts = facts_of(config)
    if given.categories_file is None:
        return facts
    return replace(facts, categories=parse_yaml(given.categories_file.read_text(encoding="utf-8")))


def _rebalances(platform: Platform, pool: str, given: Overrides) -> pd.DataFrame:
    path = given.backtest_result
    if path is None and given.backtest_dir is not None:
        path = given.backtest_dir / f"panel_{pool}" / "backtest_results.parquet"
    if path is None:
        return platform.lake.read(t.REBALANCES, pool) if platform.lake.exists(t.REBALANCES, pool) else _no_rebalance()
    rows = _parquet(path, ["date", "portfolio_value", "positions"])
    held = [json.dumps({s: n for s, n in positions.items() if n is not None}) for positions in rows["positions"]]
    filled = pd.to_datetime(rows["date"])
    decided = rows["decision_date"] if "decision_date" in rows else filled.map(platform.sessions(pool).previous)
    return rows.assign(positions=held, decision_date=decided)


def _bars(platform: Platform, pool: str, given: Overrides) -> pd.DataFrame:
    columns = ["date", "symbol", "close", "amount", "source"]
    if given.price_dir is None:
        return platform.lake.read(t.BARS, pool, columns=columns)
    frames = [_parquet(path, columns[:-1]) for path in sorted(given.price_dir.glob("*.parquet"))]
    if not frames:
        raise BadInputError(f"reading prices in {given.price_dir}", "there is no Parquet file", "name another folder")
    bars = pd.concat(frames, ignore_index=True)
    wanted = bars["symbol"].isin(platform.config.pools[pool])
    return bars[wanted].assign(source=f"local:{given.price_dir.name}", date=pd.to_datetime(bars["date"]))


def _parquet(path: Path, columns: list[str]) -> pd.DataFrame:
    doing = f"reading {path}"
    try:
        frame = pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise BadInputError(doing, str(error).splitlines()[0], "export the back-test again") from error
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise BadInputError(doing, f"it lacks {', '.join(missing)}", "export it again or name another file")
    return frame


def _no_rebalance() -> pd.DataFrame:
    return pd.DataFrame(columns=[c.name for c in t.REBALANCES.columns])
