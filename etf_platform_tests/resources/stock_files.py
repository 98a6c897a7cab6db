"""A folder of recorded stocks, funds and weights in small, and the configuration that reads it."""

import json
from datetime import date
from pathlib import Path
from shutil import copytree

import pandas as pd

from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.workspace import packaged_config
from etf_platform.market.calendar import sessions
from etf_platform.orchestration.step import Window

DAYS = [f"{day:%Y-%m-%d}" for day in sessions("XSHG").between("2023-12-20", "2024-01-09")]
SYMBOLS = ("600001.SH", "300001.SZ", "688001.SH", "920001.BJ")
WEIGHTS = {"510300": {"600001": 0.06, "300001": 0.02}, "512880": {"600001": 0.1}, "159949": {"300001": 0.1}}


def window(start: str | None = None, end: str | None = None) -> Window:
    """A window of a test run."""
    return Window(start and date.fromisoformat(start), end and date.fromisoformat(end), "test")


def whole_window() -> Window:
    """All days of the files."""
    return window(DAYS[0], DAYS[-1])


def stock_rows() -> pd.DataFrame:
    """Four stocks with a dividend, a suspension, a day without trades and the dividend after it; a B share."""
    rows = []
    for k, symbol in enumerate((*SYMBOLS, "900901.SH")):
        close = 1000 + 100 * k
        for at, day in enumerate(DAYS):
            previous = close - 37 if (at, k) in ((4, 0), (9, 1)) else close
            volume = 0 if (at, k) == (8, 1) else 500
            close = previous + (13 if (at + k) % 3 else -11) * (volume > 0)
            if (at, k) != (6, 2):
                rows.append(
                    (symbol, date.fromisoformat(day), previous, close, close, close, close, volume, volume * close)
                )
    names = ["symbol", "date", "pre_close_c", "open_c", "high_c", "low_c", "close_c", "volume_lots", "amount_yuan"]
    return pd.DataFrame(rows, columns=names)


def write_stocks(data: Path, rows: pd.DataFrame) -> None:
    """One Parquet file a year, as recorded."""
    (data / "cn_stock").mkdir(parents=True, exist_ok=True)
    for year, part in rows.groupby([str(d)[:4] for d in rows["date"]]):
        part.to_parquet(data / "cn_stock" / f"daily_raw_{year}.parquet", index=False)


def configured(folder: Path, **changes: object) -> Path:
    """The shipped configuration for these files; keywords replace entries of `recorded`."""
    copytree(packaged_config(), folder)
    settings = parse_yaml((folder / "arbitrage.yaml").read_text(encoding="utf-8"))
    settings |= {"history_start": DAYS[0], "watch_etfs": ["510300.SH"]}
    settings["recorded"]["stock_list"]["path"] = "list.csv"
    settings["recorded"]["holdings"] = [
        {"path": "weights.json", "format": "weights_json", "as_of": "2023-12-15", "refused_funds": ["159949.SZ"]}
    ]
    settings["recorded"] |= changes
    (folder / "arbitrage.yaml").write_text(json.dumps(settings), encoding="utf-8")
    return folder


def write_files(folder: Path) -> Path:
    """All files of the source; returns their folder."""
    write_stocks(folder, stock_rows())
    (folder / "list.csv").write_text("ts_code,name,industry,list_date\n600001.SH,甲,钢铁,19980122\n", encoding="utf-8")
    (folder / "weights.json").write_text(json.dumps(WEIGHTS))
    (folder / "cn_etf").mkdir()
    funds = [(code, day, 1.0, 1.01, 0.99, 1.0, 0.0, 10_000, 1e6) for code in ("510300", "512880") for day in DAYS]
    names = ["symbol", "date", "open", "high", "low", "close", "pct_chg", "volume_lots", "amount_yuan"]
    pd.DataFrame(funds, columns=names).to_parquet(folder / "cn_etf" / "etf_qfq_eastmoney_x.parquet", index=False)
    return folder
