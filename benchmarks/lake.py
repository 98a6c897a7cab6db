"""The lake against plain Parquet: write a panel, backfill it, read it, and how many bytes a value takes.

    python -m benchmarks.lake --json out.json

One pool of 100 symbols x 2,520 sessions x 64 float32 random walks, fixed seed. Ours and the peers take turns after a
warm-up of each; values are compared for equality first; every line is a median with minimum and maximum. Times are of
this machine at this moment and only their ratios mean something. The peer that commits every session alone is run on a
sample of sessions from the start of a year, where it is cheapest, and scaled.
"""

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import deltalake
import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from etf_platform.core.tables import PANEL
from etf_platform.storage.lake import Lake
from etf_platform.storage.parquet import encode, split_by_year

SYMBOLS, SESSIONS, FACTORS = 100, 2_520, 64
LAST, SAMPLE = 250, 120
MUST = {"panel write": 5, "backfill": 50, "last 250 days": 19}
Times = dict[str, list[float]]


def factor_panel() -> pd.DataFrame:
    rng = np.random.default_rng(20240102)
    days = pd.bdate_range("2015-01-05", periods=SESSIONS).as_unit("ns")
    columns = {
        "date": np.repeat(days.to_numpy(), SYMBOLS),
        "symbol": np.tile([f"{510_000 + s}.SH" for s in range(SYMBOLS)], SESSIONS),
        "source": "simulated benchmark",
    }
    for f in range(FACTORS):
        walk = rng.standard_normal((SESSIONS, SYMBOLS)).cumsum(axis=0)
        columns[f"factor_{f:02d}"] = walk.astype("float32").ravel()
    return pd.DataFrame(columns)


def in_turn(actions: dict[str, Callable[[], object]], rounds: int, scratch: Path | None = None) -> Times:
    """Seconds of every action, taken in turn, after one warm-up of each.

    `scratch` is emptied after every action, outside of its time: else the one that leaves its files behind pays for
    fresh memory in the system's file cache, and the one that overwrites its own does not.
    """
    times: Times = {name: [] for name in actions}
    for turn in range(rounds + 1):
        for name, action in actions.items():
            begin = time.perf_counter()
            action()
            if turn:
                times[name].append(time.perf_counter() - begin)
            for left in scratch.iterdir() if scratch else ():
                shutil.rmtree(left)
    return times


def report(title: str, times: Times, scale: dict[str, float] | None = None) -> dict[str, object]:
    """Medians with minimum and maximum, and how many times longer than the first action each other one takes."""
    scaled = {n: [t * (scale or {}).get(n, 1.0) for t in values] for n, values in times.items()}
    medians = {n: statistics.median(values) for n, values in scaled.items()}
    ours = next(iter(medians.values()))
    print(f"\n{title}" + (f" (must {MUST[title]})" if title in MUST else ""))
    for name, values in scaled.items():
        spread = f"{min(values) * 1e3:9.1f} .. {max(values) * 1e3:9.1f}"
        print(f"  {name:58s} {medians[name] * 1e3:9.1f} ms  [{spread}]  x{medians[name] / ours:.1f}")
    lines = {
        n: {"median": medians[n], "min": min(v), "max": max(v), "ratio": medians[n] / ours} for n, v in scaled.items()
    }
    return {"title": title, "must": MUST.get(title), "seconds": lines}


def new_lake(folder: Path) -> Lake:
    """A lake in a folder that has never been used."""
    return Lake(tempfile.mkdtemp(dir=folder))


def panel_write(frame: pd.DataFrame, folder: Path, rounds: int) -> dict[str, object]:
    scratch = folder / "writes"
    scratch.mkdir()

    def plain() -> None:
        rows = pa.Table.from_pandas(frame, preserve_index=False)
        pq.write_table(rows, Path(tempfile.mkdtemp(dir=scratch)) / "plain.parquet")

    actions: dict[str, Callable[[], object]] = {
        "Lake.write (check, encode, commit)": lambda: new_lake(scratch).write(PANEL, "P", frame),
        "pyarrow, default options": plain,
    }
    return report("panel write", in_turn(actions, rounds, scratch))


def encode_only(frame: pd.DataFrame, folder: Path, rounds: int) -> dict[str, object]:
    table = PANEL.conform(frame)
    years = split_by_year(table, "date")
    actions: dict[str, Callable[[], object]] = {
        "our options, one thread": lambda: [encode(rows, year) for year, rows in years.items()],
        "pyarrow, default options": lambda: pq.write_table(table, folder / "plain.parquet"),
    }
    return report("encoding the same Arrow rows", in_turn(actions, rounds))


def backfill(frame: pd.DataFrame, folder: Path, rounds: int) -> dict[str, object]:
    begin = int(np.searchsorted(frame["date"], np.datetime64("2016-01-01"))) // SYMBOLS
    days = [frame.iloc[(begin + d) * SYMBOLS : (begin + d + 1) * SYMBOLS] for d in range(SAMPLE)]

    def ours_by_session() -> None:
        lake = new_lake(folder)
        for day in days:
            lake.write(PANEL, "P", day, day["date"].iloc[0], day["date"].iloc[0])

    def appended_by_session() -> None:
        uri = tempfile.mkdtemp(dir=folder)
        for day in days:
            deltalake.write_deltalake(uri, PANEL.conform(day), mode="append")

    one, each, append = (
        "one run, one commit",
        "Lake.write per session",
        "deltalake append per session (default options)",
    )
    actions: dict[str, Callable[[], object]] = {
        one: lambda: new_lake(folder).write(PANEL, "P", frame),
        each: ours_by_session,
        append: appended_by_session,
    }
    scale = {each: SESSIONS / SAMPLE, append: SESSIONS / SAMPLE}
    return report("backfill", in_turn(actions, rounds), scale)


def reads(frame: pd.DataFrame, folder: Path, rounds: int) -> list[dict[str, object]]:
    lake, begin = new_lake(folder), frame["date"].iloc[-LAST * SYMBOLS]
    lake.write(PANEL, "P", frame)
    files = daily_files(frame, folder)
    wanted = frame.iloc[-LAST * SYMBOLS :].reset_index(drop=True)

    def by_file() -> pd.DataFrame:
        return pd.concat([pd.read_parquet(file) for file in files], ignore_index=True)

    def by_duckdb() -> pd.DataFrame:
        return duckdb.read_parquet([str(file) for file in files]).to_arrow_table().to_pandas()

    for got in (lake.read(PANEL, "P", start=begin), by_file(), by_duckdb()):
        pd.testing.assert_frame_equal(got.astype({"date": "datetime64[ns]"}), wanted)
    last: dict[str, Callable[[], object]] = {
        "Lake.read": lambda: lake.read(PANEL, "P", start=begin),
        "one Parquet file per day, pandas": by_file,
        "one Parquet file per day, DuckDB": by_duckdb,
    }
    other: dict[str, Callable[[], object]] = {
        "one day": lambda: lake.read(PANEL, "P", start=frame["date"].iloc[-1]),
        "one symbol's history": lambda: lake.read(PANEL, "P", symbols=["510003.SH"]),
        "one factor over everything": lambda: lake.read(PANEL, "P", columns=["date", "symbol", "factor_07"]),
        "everything": lambda: lake.read(PANEL, "P", start=frame["date"].iloc[0]),  # a range: whole tables are kept
    }
    return [report("last 250 days", in_turn(last, rounds)), report("other reads", in_turn(other, rounds))]


def daily_files(frame: pd.DataFrame, folder: Path) -> list[Path]:
    """The last sessions, one Parquet file each, with pandas' defaults."""
    days = folder / "days"
    days.mkdir()
    paths = [days / f"{i:04d}.parquet" for i in range(LAST)]
    tail = frame.iloc[-LAST * SYMBOLS :]
    for i, path in enumerate(paths):
        tail.iloc[i * SYMBOLS : (i + 1) * SYMBOLS].to_parquet(path, index=False)
    return paths


def one_day_write(frame: pd.DataFrame, folder: Path, rounds: int) -> dict[str, object]:
    lake, day = new_lake(folder), frame["date"].iloc[-1]
    lake.write(PANEL, "P", frame)
    rows, turn = frame.iloc[-SYMBOLS:].copy(), iter(range(10_000))

    def replace_a_day() -> None:
        rows["factor_00"] = np.float32(next(turn))
        lake.write(PANEL, "P", rows, day, day)

    return report("write one day into ten years", in_turn({"Lake.write": replace_a_day}, rounds))


def bytes_per_value(frame: pd.DataFrame, folder: Path) -> dict[str, float]:
    lake, plain = new_lake(folder), folder / "plain.parquet"
    lake.write(PANEL, "P", frame)
    pd.testing.assert_frame_equal(lake.read(PANEL, "P"), frame)
    pq.write_table(pa.Table.from_pandas(frame, preserve_index=False), plain)
    ours = sum(Path(uri).stat().st_size for uri in lake.file_uris("factors/P/panel"))
    sizes = {
        "ours": ours / (len(frame) * FACTORS),
        "pyarrow, default options": plain.stat().st_size / (len(frame) * FACTORS),
    }
    print("\nbytes per value\n" + "".join(f"  {name:58s} {size:9.2f}\n" for name, size in sizes.items()))
    return sizes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--skip-backfill", action="store_true", help="leave out the part that takes minutes")
    parser.add_argument("--folder", type=Path, help="folder for temporary data (default: the system's)")
    options = parser.parse_args()
    frame = factor_panel()
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        folder = Path(name)
        results: dict[str, object] = {"bytes_per_value": bytes_per_value(frame, folder)}
        parts = [panel_write, encode_only, one_day_write, *([] if options.skip_backfill else [backfill])]
        results["parts"] = [part(frame, folder, options.rounds) for part in parts]
        results["parts"] += reads(frame, folder, options.rounds)
    results["machine"] = {"python": platform.python_version(), "cpus": os.cpu_count(), "load": os.getloadavg()}
    results["versions"] = {m.__name__: m.__version__ for m in (deltalake, duckdb, pa, pd)}
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
