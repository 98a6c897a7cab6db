"""Seeded simulation of the scored assets and of the dated series about them, each asset on its own calendar.

As in `market.sources.sample`: every stream has its own generator, prices come from scalar arithmetic in session order
and stand on whole ticks, so that neither a later end nor another asset changes a row. Bars of New York come from
`sample_us`, so that the VIX belongs to them. Northbound flows end where the recorded ones do. All of it is labelled
`simulated`; nothing here is a forecast.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from etf_platform.core.config.models import Instrument, SampleSource
from etf_platform.core.config.scoring import Asset
from etf_platform.core.tables import ASSET_SERIES, BARS
from etf_platform.market.calendar import DateLike, Sessions
from etf_platform.market.series import published_at
from etf_platform.market.sources.factors import factor_returns
from etf_platform.market.sources.sample_us import simulate_us
from etf_platform.market.sources.streams import normals, stream

SessionsOf = Callable[[str], Sessions]
NORTHBOUND_END = "2024-08-16"
LAGS = {"margin_balance": 1, "margin_buy": 1, "vix": 1}
CLOSE_UTC = {"XSHG": "07:00:00", "XHKG": "08:10:00", "24/7": "24:00:00"}


@dataclass(frozen=True)
class Market:
    """How assets of a market move: factor they follow, share of it, own daily deviation, first price, tick, volume."""

    factor: str
    beta: float
    noise: float
    price: float
    tick: float
    volume: float


MARKETS = {
    ("CN", "index"): Market("cn", 1.0, 0.003, 3500.0, 0.01, 1.5e10),
    ("CN", "etf"): Market("cn", 0.9, 0.009, 1.1, 0.001, 3e8),
    ("CN", "stock"): Market("cn", 0.9, 0.016, 30.0, 0.01, 2e7),
    ("HK", "proxy_etf"): Market("hk", 1.0, 0.005, 5.0, 0.01, 2e8),
    ("HK", "etf"): Market("hk", 0.9, 0.010, 1.0, 0.001, 3e8),
    ("HK", "stock"): Market("hk", 1.0, 0.015, 150.0, 0.05, 3e7),
    ("GLOBAL", "crypto"): Market("us", 1.2, 0.028, 9000.0, 0.01, 4e5),
}
NASDAQ, GOLD, VIX = "^NDX", "GLD.US", "^VIX"
INSTRUMENTS = {
    symbol: Instrument(
        name=symbol,
        underlying=symbol,
        kind=kind,
        asset_class=asset_class,
        sector="simulated",
        pillar="simulated",
        currency="USD",
        price_limit=None,
        settlement="T+0",
        underlying_calendars=("XNYS",),
        underlying_lag=False,
    )
    for symbol, kind, asset_class in (
        (NASDAQ, "index", "equity_us"),
        (GOLD, "fund", "commodity"),
        (VIX, "index", "volatility"),
    )
}


def simulate_assets(
    source: SampleSource, name: str, assets: Mapping[str, Asset], sessions_of: SessionsOf, end: DateLike
) -> pd.DataFrame:
    """BARS of all assets from the source's start to `end`, each on its own calendar.

    Parameters
    ----------
    source : SampleSource
    name : str
        Rows carry `<name> (simulated)`.
    assets : mapping of key to Asset
    sessions_of : callable
        Sessions of `Asset.calendar`.
    end : date-like

    Returns
    -------
    DataFrame
        Sorted by date and symbol; low <= open, close <= high on whole ticks, volume in shares, adj_factor 1.

    Raises
    ------
    CalendarEndError
        `end` lies beyond a calendar.
    """
    frames = [_bars(source, asset, sessions_of(asset.calendar).between(source.start, end)) for asset in assets.values()]
    rows = pd.concat(frames, ignore_index=True)
    estimated = rows["amount"].isna()
    rows["amount"] = rows["amount"].where(~estimated, rows["close"] * rows["volume"])
    rows = rows.assign(adj_factor=1.0, amount_estimated=estimated, source=f"{name} (simulated)", revision=0)
    names = [column.name for column in BARS.columns]
    return rows[names].sort_values(["date", "symbol"], ignore_index=True)


def simulate_series(source: SampleSource, name: str, sessions_of: SessionsOf, end: DateLike) -> pd.DataFrame:
    """ASSET_SERIES of every name in `scoring.yaml` from the source's start to `end`; published as the recorded ones."""
    home, abroad = sessions_of("XSHG"), sessions_of("XNYS")
    dates, nights = home.between(source.start, end), abroad.between(source.start, end)
    market = factor_returns(source.seed, dates.size)
    vix = simulate_us(source.seed, [VIX], INSTRUMENTS, nights)[0]
    values = _made_of(source.seed, market) | {"vhsi": _fear(source.seed, market["hk"])}
    parts = [_dated(series, dates, numbers, home) for series, numbers in values.items()]
    parts.append(_dated("vix", nights, vix["close"].to_numpy(), home))
    rows = pd.concat([part for part in parts if len(part)] or [ASSET_SERIES.no_rows()])
    is_over = (rows["name"] == "northbound_net") & (rows["date"] > pd.Timestamp(NORTHBOUND_END))
    rows = rows[~is_over & rows["published_at"].notna()].assign(source=f"{name} (simulated)")
    return rows.sort_values(["date", "name"], ignore_index=True)


def _bars(source: SampleSource, asset: Asset, dates: pd.DatetimeIndex) -> pd.DataFrame:
    if asset.calendar == "XNYS":
        like = GOLD if asset.type == "commodity" else NASDAQ
        return simulate_us(source.seed, [like], INSTRUMENTS, dates)[0].assign(symbol=asset.symbol)
    market = MARKETS.get((asset.underlying_market, asset.type), MARKETS["CN", "etf"])
    n, symbol = dates.size, asset.symbol
    shape = stream(source.seed, f"scored/shape/{symbol}").random(3)
    own = normals(source.seed, f"scored/noise/{symbol}", n, 1)[:, 0]
    sector = normals(source.seed, f"scored/category/{asset.category}", n, 1)[:, 0]
    changes = market.beta * factor_returns(source.seed, n)[market.factor] + market.noise * (0.8 * own + 0.6 * sector)
    draws = normals(source.seed, f"scored/intraday/{symbol}", n, 4)
    volume = market.volume * math.exp(1.2 * (float(shape[1]) - 0.5))
    rows = _walk(market.price * math.exp(float(shape[0]) - 0.5), market, changes, draws, volume)
    stamp = (dates + pd.Timedelta(CLOSE_UTC[asset.calendar])).tz_localize("UTC").as_unit("us")
    return rows.assign(date=dates, symbol=symbol, fetched_at=stamp)


def _walk(first: float, market: Market, changes: np.ndarray, draws: np.ndarray, usual: float) -> pd.DataFrame:
    """Bars in session order: open, high and low around the move, volume that rises with its size."""
    per_unit = round(1 / market.tick)
    before, activity, rows = max(1, round(first * per_unit)), 0.0, []
    for change, (gap, up, down, mood) in zip(changes.tolist(), draws.tolist(), strict=True):
        width = before * (0.3 * abs(change) + 0.25 * market.noise)
        opened = max(1, round(before * math.exp(0.3 * change) + 0.5 * width * gap))
        close = max(1, round(before * math.exp(change)))
        high = max(opened, close) + int(width * abs(up))
        low = max(1, min(opened, close) - int(width * abs(down)))
        activity = 0.8 * activity + 0.2 * mood + 5.0 * abs(change)
        volume = max(100.0, 100.0 * round(usual * math.exp(activity - 0.3) / 100.0))
        average = (opened + high + low + 2 * close) / 5 / per_unit
        rows.append((opened, high, low, close, before, volume, round(average * volume, 2)))
        before = close
    frame = pd.DataFrame(rows, columns=["open", "high", "low", "close", "prev_close", "volume", "amount"])
    prices = ["open", "high", "low", "close", "prev_close"]
    return frame.assign(**{column: frame[column] / per_unit for column in prices})


def _made_of(seed: int, market: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Series of the sessions of Shanghai: ratios, yuan and fractions."""
    n = market["cn"].size
    draws = normals(seed, "scored/series", n, 5)
    pe, pb, margin, bond = 12.0, 1.5, 1.0e12, 0.031
    found: dict[str, list[float]] = {name: [] for name in ("pe", "pb", "margin_balance", "margin_buy", "bond_yield")}
    for change, (z_pe, z_pb, z_margin, _, z_bond) in zip(market["cn"].tolist(), draws.tolist(), strict=True):
        pe = pe * math.exp(change + 0.002 * (math.log(13.0) - math.log(pe)) + 0.001 * z_pe)
        pb = pb * math.exp(change + 0.002 * (math.log(1.5) - math.log(pb)) + 0.001 * z_pb)
        bought = margin * (0.2 * change + 0.0015 * z_margin)
        margin = margin + bought
        bond = max(0.005, bond + 0.001 * (0.028 - bond) + 0.0002 * z_bond)
        for name, value in zip(found, (pe, pb, margin, bought, bond), strict=True):
            found[name].append(round(value, 4))
    return {name: np.array(values, dtype=np.float64) for name, values in found.items()} | {
        "northbound_net": _flow(draws[:, 3], market["cn"], 4.0e9),
        "southbound_net": _flow(normals(seed, "scored/southbound", n, 1)[:, 0], market["hk"], 3.0e9),
    }


def _flow(draws: np.ndarray, changes: np.ndarray, size: float) -> np.ndarray:
    """Net flow in yuan: what went on yesterday, today's market, and chance."""
    mood, flows = 0.0, []
    for draw, change in zip(draws.tolist(), changes.tolist(), strict=True):
        mood = 0.5 * mood + 0.6 * draw + 40.0 * change
        flows.append(round(size * mood, -4))
    return np.array(flows, dtype=np.float64)


def _fear(seed: int, changes: np.ndarray) -> np.ndarray:
    """Volatility of the market by an exponential mean of squared changes, annualised in points, a little above it."""
    draws, variance, levels = normals(seed, "scored/vhsi", changes.size, 1)[:, 0], 0.012**2, []
    for change, draw in zip(changes.tolist(), draws.tolist(), strict=True):
        variance = 0.94 * variance + 0.06 * change * change
        levels.append(round(115.0 * math.sqrt(252 * variance) * math.exp(0.02 * draw), 2))
    return np.array(levels, dtype=np.float64)


def _dated(name: str, dates: pd.DatetimeIndex, values: Sequence[float] | np.ndarray, home: Sessions) -> pd.DataFrame:
    rows = pd.DataFrame({"date": dates, "name": pd.Series([name] * dates.size, dtype="str"), "value": values})
    return rows.assign(published_at=published_at(rows["date"], LAGS.get(name, 0), home))
