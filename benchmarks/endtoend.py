"""The whole job on three pools (47 simulated funds, ten years): total, Dagster's share, ours.

    python -m benchmarks.endtoend --json out.json
    python -m benchmarks.endtoend --sessions 244 --rounds 3

Dagster's share is the same graph with empty bodies: every step gives back what the real run gave (so that events and
metadata are the same) and every fuse its verdict. Real and empty take turns. Ours is the difference; the time inside
our bodies is printed beside it, and as `default` the empty graph on Dagster's own event log. Imports are lines of their
own. `history` and backfills are measured once, the day in
rounds.
"""

import argparse
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

from etf_platform.core.config import load_config
from etf_platform.core.units.fuse import Fuse, Reading
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.runner import JobResult, Plan, execute
from etf_platform.orchestration.step import Outcome, Step, Window

LAST = date(2025, 6, 13)
IMPORTS = ("dagster", "pandas", "numba", "deltalake, duckdb", "matplotlib.figure", "exchange_calendars")


@dataclass
class Tape:
    """What steps and fuses gave in a real run, and how long their bodies took (seconds)."""

    outcomes: dict[tuple[str, str], Outcome] = field(default_factory=dict)
    readings: dict[tuple[str, tuple[str, ...]], list[tuple[Fuse, Reading]]] = field(default_factory=dict)
    seconds: float = 0.0
    slowest: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Recording(Platform):
    """Does the work and keeps what it gave."""

    tape: Tape = field(default_factory=Tape)

    def perform(self, step: Step, universe: str, window: Window) -> Outcome:
        """The real body, timed."""
        name = f"{step.address.format(pool=universe)}"
        outcome = self._timed(name, lambda: Platform.perform(self, step, universe, window))
        self.tape.outcomes[step.address, universe] = outcome
        return outcome

    def judge(self, universe: str, fuses: Sequence[Fuse], window: Window) -> list[tuple[Fuse, Reading]]:
        """The real fuses, timed."""
        name = f"fuses on {fuses[0].guards} of {universe}"
        judged = self._timed(name, lambda: Platform.judge(self, universe, fuses, window))
        self.tape.readings[universe, tuple(f.name for f in fuses)] = judged
        return judged

    def _timed(self, name: str, work: Callable[[], Any]) -> Any:
        started = time.perf_counter()
        try:
            return work()
        finally:
            spent = time.perf_counter() - started
            self.tape.seconds += spent
            self.tape.slowest[name] = self.tape.slowest.get(name, 0.0) + spent


@dataclass(frozen=True)
class Replaying(Platform):
    """Does nothing and gives what was recorded."""

    tape: Tape = field(default_factory=Tape)

    def perform(self, step: Step, universe: str, window: Window) -> Outcome:
        """The recorded outcome."""
        return self.tape.outcomes[step.address, universe]

    def judge(self, universe: str, fuses: Sequence[Fuse], window: Window) -> list[tuple[Fuse, Reading]]:
        """The recorded verdicts."""
        return self.tape.readings[universe, tuple(f.name for f in fuses)]


def main() -> None:
    """Run the scenarios and print them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sessions", type=int, nargs="*", default=[244, 2520], help="lengths of the backfills")
    parser.add_argument("--rounds", type=int, default=5, help="rounds of the one-day run")
    parser.add_argument("--folder", type=Path, help="where the homes are made; default is the temporary folder")
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        results = measure(Path(folder), options.sessions, options.rounds)
    print_results(results)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")


def measure(folder: Path, lengths: Sequence[int], rounds: int) -> dict[str, Any]:
    """All scenarios below one folder."""
    recording = _platform(folder)
    sessions = recording.sessions("A_SHARE").between("2014-01-02", LAST)
    results: dict[str, Any] = {"imports_s": {name: _import_seconds(name) for name in IMPORTS}}
    eve = sessions[-2].date()  # has run like every day before it, so that the measured day is one of many
    results["history"] = _history(recording, sessions[-3].date())
    _must_succeed(execute(replace(recording, tape=Tape()), Plan(_pools(recording), eve, eve, (), eve)))
    results["day"] = _day(recording, folder, rounds)
    for length in lengths:
        start = sessions[-length].date()
        shutil.rmtree(recording.workspace.home)
        results[f"history_before_{length}"] = _history(recording, sessions[-length - 1].date())
        results[f"backfill_{length}"] = _once(recording, folder, Plan(_pools(recording), start, LAST, (), start))
    results["peak_memory_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return results


def _platform(folder: Path) -> Recording:
    configs = folder / "configs"
    shutil.copytree(packaged_config(), configs, ignore=shutil.ignore_patterns("*.pyc", "dagster.yaml"))
    for name, old, new in (
        ("sources", 'start: "2019-01-02"', 'start: "2014-01-02"'),
        ("platform", 'first_partition: "2020-01-02"', 'first_partition: "2014-01-02"'),
        ("platform", 'history_start: "2015-01-05"', 'history_start: "2014-01-02"'),
    ):
        path = configs / f"{name}.yaml"
        text = path.read_text(encoding="utf-8")
        if old not in text:
            raise SystemExit(f"{path.name} has no line {old!r}: correct this benchmark")
        path.write_text(text.replace(old, new), encoding="utf-8")
    return Recording(Workspace(folder / "home", configs, "sample"), load_config(configs))


def _pools(platform: Platform) -> tuple[str, ...]:
    return tuple(platform.config.pools)


def _history(platform: Recording, until: date) -> dict[str, float]:
    plan = Plan(_pools(platform), until, until, _pools(platform), until)
    fresh = replace(platform, tape=Tape())
    started = time.perf_counter()
    _must_succeed(execute(fresh, plan, jobs=()))
    return {"total_s": time.perf_counter() - started, "ours_inside_s": fresh.tape.seconds}


def _day(platform: Recording, folder: Path, rounds: int) -> dict[str, Any]:
    """The one-day run, real and empty in turn, each on its own copy of the home; the first round is the warm-up."""
    plan = Plan(_pools(platform), LAST, LAST, (), LAST)
    base = folder / "base"
    platform.workspace.home.rename(base)
    pairs = []
    for _ in range(rounds + 1):
        tape = Tape()
        real, real_cpu = _one(platform, base, plan, Recording, tape)
        empty, empty_cpu = _one(platform, base, plan, Replaying, tape)
        default, _ = _one(_with_default_log(platform, folder), base, plan, Replaying, tape)
        pair = {"total_s": real, "dagster_s": empty, "ours_s": real - empty, "ours_inside_s": tape.seconds}
        pair |= {"dagster_cpu_s": empty_cpu, "ours_cpu_s": real_cpu - empty_cpu}
        pairs.append(pair | {"default_log_s": default})
    base.rename(platform.workspace.home)
    kept = pairs[1:]
    result: dict[str, Any] = {"first_total_s": pairs[0]["total_s"], "slowest": _slowest(tape)}
    for name in kept[0]:
        values = [pair[name] for pair in kept]
        result[name] = statistics.median(values)
        result[f"{name}_range"] = [min(values), max(values)]
    return result


def _with_default_log(platform: Recording, folder: Path) -> Recording:
    """The same installation with the event log that Dagster uses when nothing is configured."""
    configs = folder / "configs_default_log"
    if not configs.exists():
        shutil.copytree(platform.workspace.config, configs)
        (configs / "dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    return replace(platform, workspace=replace(platform.workspace, config=configs))


def _once(platform: Recording, folder: Path, plan: Plan) -> dict[str, Any]:
    base = folder / "base"
    platform.workspace.home.rename(base)
    tape = Tape()
    real, _ = _one(platform, base, plan, Recording, tape)
    empty, _ = _one(platform, base, plan, Replaying, tape)
    base.rename(platform.workspace.home)
    return {
        "total_s": real,
        "dagster_s": empty,
        "ours_s": real - empty,
        "ours_inside_s": tape.seconds,
        "slowest": _slowest(tape),
    }


def _one(platform: Recording, base: Path, plan: Plan, kind: type[Platform], tape: Tape) -> tuple[float, float]:
    """Seconds and processor seconds of one run on a fresh copy of the home."""
    home = platform.workspace.home
    shutil.copytree(base, home)
    used = kind(platform.workspace, platform.config, tape)  # type: ignore[call-arg]
    started, busy = time.perf_counter(), time.process_time()
    _must_succeed(execute(used, plan))
    spent = time.perf_counter() - started, time.process_time() - busy
    shutil.rmtree(home)
    return spent


def _must_succeed(results: list[JobResult]) -> None:
    for result in results:
        if not result.succeeded:
            raise SystemExit(f"{result.job} stopped: {result.problems}")


def _slowest(tape: Tape, most: int = 12) -> dict[str, float]:
    return dict(sorted(tape.slowest.items(), key=lambda item: -item[1])[:most])


def _import_seconds(names: str) -> float:
    code = f"import time; t = time.perf_counter(); import {names}; print(time.perf_counter() - t)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def print_results(results: dict[str, Any]) -> None:
    """The figures as lines."""
    print("imports, seconds: " + ", ".join(f"{k} {v:.2f}" for k, v in results["imports_s"].items()))
    print(f"{'scenario':24}{'total':>9}{'Dagster':>9}{'ours':>9}{'inside':>9}{'default':>9}   seconds")
    for name, row in results.items():
        if isinstance(row, dict) and "total_s" in row:
            cells = [
                row.get(key, float("nan"))
                for key in ("total_s", "dagster_s", "ours_s", "ours_inside_s", "default_log_s")
            ]
            print(f"{name:24}" + "".join(f"{cell:9.2f}" for cell in cells))
    day = results["day"]
    print(f"processor seconds of the day: Dagster {day['dagster_cpu_s']:.2f}, ours {day['ours_cpu_s']:.2f}")
    for name in [n for n in results if "slowest" in str(results[n])]:
        print(f"slowest of {name}: " + ", ".join(f"{k} {v:.2f}" for k, v in results[name]["slowest"].items()))
    print(f"peak memory {results['peak_memory_mb']:.0f} MB")


if __name__ == "__main__":
    main()
