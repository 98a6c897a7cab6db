"""The panel's factors as users of other tools would write them: `run()` is timed, `columns()` is checked.

Each computes the columns it has, over the same traded bars: windows count rows of one symbol, NaN until they are full.
"""

import itertools
from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import talib
import vectorbt as vbt

from benchmarks.workload import Market

WINDOWS = (5, 10, 20, 60, 120, 250)
MOMENTA = (20, 60, 120, 250)
Columns = dict[str, np.ndarray]


class Pandas:
    """`groupby("symbol")` with rolling and ewm; means and deviations are used twice where a user would."""

    def __init__(self, market: Market) -> None:
        self.frame = market.frame()
        self.result: Columns = {}

    def run(self) -> None:
        """What is timed."""
        f = self.frame
        groups = f.groupby("symbol", sort=False)
        close, out = groups["close"], {}
        for w in WINDOWS:
            rolling = close.rolling(w)
            out[f"sma_{w}"], out[f"std_{w}"] = rolling.mean().to_numpy(), rolling.std().to_numpy()
            out[f"zscore_{w}"] = (f["close"].to_numpy() - out[f"sma_{w}"]) / out[f"std_{w}"]
            out[f"min_{w}"], out[f"max_{w}"] = rolling.min().to_numpy(), rolling.max().to_numpy()
            out[f"ema_{w}"] = close.ewm(span=w, adjust=False, min_periods=w).mean().to_numpy()
        reach = 2.0 * out["std_20"] * np.sqrt(19 / 20)
        out["bb_upper_20_2"], out["bb_lower_20_2"] = out["sma_20"] + reach, out["sma_20"] - reach
        out["bb_percent_20_2"] = (f["close"].to_numpy() - out["bb_lower_20_2"]) / (2.0 * reach)
        for w in MOMENTA:
            out[f"momentum_{w}"] = close.pct_change(w).to_numpy()
        change = close.pct_change()
        by = f["symbol"]
        change_by = change.groupby(by, sort=False)
        for w in (20, 60):
            out[f"volatility_{w}"] = change_by.rolling(w).std().to_numpy()
        out["skew_60"] = change_by.rolling(60).skew().to_numpy()
        illiquidity = change.abs() / f["amount"]
        out["amihud_20"] = illiquidity.groupby(by, sort=False).rolling(20).mean().to_numpy()
        for w in (5, 20):
            out[f"volume_ratio_{w}"] = f["volume"].to_numpy() / groups["volume"].rolling(w).mean().to_numpy()
        signed = np.sign(close.diff()) * f["volume"]
        out["obv"] = signed.groupby(by, sort=False).cumsum().to_numpy()
        self.result = out

    def columns(self) -> Columns:
        """Values in the market's row order."""
        return self.result


class PandasRank:
    """`groupby("symbol")["close"].rolling(w).rank(pct=True)`."""

    def __init__(self, market: Market) -> None:
        self.frame = market.frame()
        self.result: Columns = {}

    def run(self) -> None:
        """What is timed."""
        close = self.frame.groupby("symbol", sort=False)["close"]
        self.result = {f"rank_{w}": close.rolling(w).rank(pct=True).to_numpy() for w in WINDOWS}

    def columns(self) -> Columns:
        """Values in the market's row order."""
        return self.result


class Polars:
    """One eager `select` of `.over("symbol")` expressions, all threads."""

    def __init__(self, market: Market) -> None:
        self.frame = pl.from_pandas(market.frame())
        self.result = pl.DataFrame()

    def expressions(self) -> Iterator[pl.Expr]:
        """One per column."""
        close, volume = pl.col("close"), pl.col("volume")
        for w in WINDOWS:
            mean, std = close.rolling_mean(w), close.rolling_std(w)
            yield mean.over("symbol").alias(f"sma_{w}")
            yield std.over("symbol").alias(f"std_{w}")
            yield ((close - mean) / std).over("symbol").alias(f"zscore_{w}")
            yield close.rolling_min(w).over("symbol").alias(f"min_{w}")
            yield close.rolling_max(w).over("symbol").alias(f"max_{w}")
            yield close.ewm_mean(span=w, adjust=False, min_samples=w).over("symbol").alias(f"ema_{w}")
        mean, reach = close.rolling_mean(20), 2.0 * close.rolling_std(20, ddof=0)
        yield (mean + reach).over("symbol").alias("bb_upper_20_2")
        yield (mean - reach).over("symbol").alias("bb_lower_20_2")
        yield ((close - mean + reach) / (2.0 * reach)).over("symbol").alias("bb_percent_20_2")
        for w in MOMENTA:
            yield close.pct_change(w).over("symbol").alias(f"momentum_{w}")
        change = close.pct_change()
        for w in (20, 60):
            yield change.rolling_std(w).over("symbol").alias(f"volatility_{w}")
        yield change.rolling_skew(60, bias=False).over("symbol").alias("skew_60")
        yield (change.abs() / pl.col("amount")).rolling_mean(20).over("symbol").alias("amihud_20")
        for w in (5, 20):
            yield (volume / volume.rolling_mean(w)).over("symbol").alias(f"volume_ratio_{w}")
        yield (close.diff().sign() * volume).cum_sum().over("symbol").alias("obv")

    def run(self) -> None:
        """What is timed."""
        self.result = self.frame.select(list(self.expressions()))

    def columns(self) -> Columns:
        """Values in the market's row order."""
        return {name: self.result[name].cast(pl.Float64).to_numpy() for name in self.result.columns}


class PolarsRank(Polars):
    """`rolling_rank` over symbols, average ties."""

    def expressions(self) -> Iterator[pl.Expr]:
        """One per column."""
        for w in WINDOWS:
            rank = pl.col("close").rolling_rank(w, method="average", min_samples=w)
            yield (rank / w).over("symbol").alias(f"rank_{w}")


class DuckDb:
    """Window functions in one query into an Arrow table, all threads."""

    def __init__(self, market: Market) -> None:
        self.connection = duckdb.connect()
        self.connection.register("market", market.frame().assign(row=np.arange(market.rows)))
        self.connection.execute("create table bars as select * from market")
        self.result = None

    def query(self) -> str:
        """All columns over one pass of named windows."""
        named, columns = [], []
        for w in sorted({*WINDOWS}):
            named.append(f"w{w} as (partition by symbol order by date rows between {w - 1} preceding and current row)")
            full = f"case when n >= {w} then"
            columns += [
                f"{full} avg(close) over w{w} end as sma_{w}",
                f"{full} stddev_samp(close) over w{w} end as std_{w}",
                f"{full} (close - avg(close) over w{w}) / stddev_samp(close) over w{w} end as zscore_{w}",
                f"{full} min(close) over w{w} end as min_{w}",
                f"{full} max(close) over w{w} end as max_{w}",
            ]
        reach = "2 * stddev_pop(close) over w20"
        for name, value in (
            ("bb_upper_20_2", f"avg(close) over w20 + {reach}"),
            ("bb_lower_20_2", f"avg(close) over w20 - {reach}"),
            ("bb_percent_20_2", f"(close - avg(close) over w20 + {reach}) / (2 * {reach})"),
        ):
            columns.append(f"case when n >= 20 then {value} end as {name}")
        columns += [f"close / lag(close, {w}) over s - 1 as momentum_{w}" for w in MOMENTA]
        columns += [f"case when n > {w} then stddev_samp(r) over w{w} end as volatility_{w}" for w in (20, 60)]
        columns += ["case when n > 20 then avg(abs(r) / amount) over w20 end as amihud_20"]
        columns += [f"case when n >= {w} then volume / avg(volume) over w{w} end as volume_ratio_{w}" for w in (5, 20)]
        columns += ["sum(sign(close - before) * volume) over s as obv"]
        inner = (
            "select *, row_number() over t as n, lag(close) over t as before, close / lag(close) over t - 1 as r "
            "from bars window t as (partition by symbol order by date)"
        )
        named.append("s as (partition by symbol order by date)")
        return f"select row, {', '.join(columns)} from ({inner}) window {', '.join(named)}"

    def run(self) -> None:
        """What is timed."""
        self.result = self.connection.execute(self.query()).to_arrow_table()

    def columns(self) -> Columns:
        """Values in the market's row order."""
        frame = self.result.to_pandas().sort_values("row")
        return {name: frame[name].to_numpy(float) for name in frame.columns if name != "row"}


class TaLib:
    """A loop over symbols, one call per output."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.result: Columns = {}

    def run(self) -> None:
        """What is timed."""
        parts = [self.one(a, b) for a, b in itertools.pairwise(self.market.offsets.tolist())]
        self.result = {name: [part[name] for part in parts] for name in parts[0]}

    def one(self, start: int, stop: int) -> Columns:
        """All columns of one symbol."""
        high, low, close, volume = (self.market.bars[x][start:stop] for x in ("high", "low", "close", "volume"))
        out = {}
        for w in WINDOWS:
            out[f"sma_{w}"], out[f"std_{w}"] = talib.SMA(close, w), talib.STDDEV(close, w, np.sqrt(w / (w - 1)))
            out[f"min_{w}"], out[f"max_{w}"] = talib.MIN(close, w), talib.MAX(close, w)
        for w in WINDOWS[:-1]:
            out[f"ema_seeded_{w}"] = talib.EMA(close, w)
        out["rsi_14"], out["adx_14"] = talib.RSI(close, 14), talib.ADX(high, low, close, 14)
        out["atr_14"], out["obv"] = talib.ATR(high, low, close, 14), talib.OBV(close, volume)
        line, signal, hist = talib.MACD(close, 12, 26, 9)
        out |= {"macd_ema_12_26_9": line, "macd_ema_signal_12_26_9": signal, "macd_ema_hist_12_26_9": hist}
        out["bb_upper_20_2"], _, out["bb_lower_20_2"] = talib.BBANDS(close, 20, 2.0, 2.0)
        for w in MOMENTA:
            out[f"momentum_{w}"] = talib.ROCP(close, w)
        return out

    def columns(self) -> Columns:
        """Values in the market's row order."""
        counted = [part - part[0] for part in self.result["obv"]]  # TA-Lib starts with the first volume, we with 0
        for part in counted:
            part[0] = np.nan
        return {name: np.concatenate(parts) for name, parts in (self.result | {"obv": counted}).items()}


class VectorBt:
    """Indicators over a wide matrix; every symbol's traded bars stand at its end, so that windows count traded bars."""

    def __init__(self, market: Market) -> None:
        sizes = np.diff(market.offsets)
        self.place = np.concatenate([np.arange(sizes.max() - size, sizes.max()) for size in sizes])
        self.symbol = np.repeat(np.arange(sizes.size), sizes)
        self.wide = {}
        for name, values in market.bars.items():
            matrix = np.full((sizes.max(), sizes.size), np.nan)
            matrix[self.place, self.symbol] = values
            self.wide[name] = pd.DataFrame(matrix)
        self.result: dict[str, pd.DataFrame] = {}

    def run(self) -> None:
        """What is timed."""
        close = self.wide["close"]
        out = {}
        for w in WINDOWS:
            out[f"sma_{w}"] = vbt.MA.run(close, w).ma
            out[f"ema_{w}"] = vbt.MA.run(close, w, ewm=True).ma
            out[f"std_{w}"] = vbt.MSTD.run(close, w, ddof=1).mstd
            out[f"min_{w}"], out[f"max_{w}"] = close.vbt.rolling_min(w), close.vbt.rolling_max(w)
        bands = vbt.BBANDS.run(close, 20, alpha=2)
        out |= {"bb_upper_20_2": bands.upper, "bb_lower_20_2": bands.lower, "bb_percent_20_2": bands.percent_b}
        out["rsi_simple_14"] = vbt.RSI.run(close, 14).rsi
        macd = vbt.MACD.run(close, 12, 26, 9, macd_ewm=True, signal_ewm=True)
        out["macd_ewm_12_26_9"] = macd.macd  # its signal starts from the first unmasked value, ours from the first
        self.result = out

    def columns(self) -> Columns:
        """Values in the market's row order."""
        return {name: frame.to_numpy()[self.place, self.symbol] for name, frame in self.result.items()}
