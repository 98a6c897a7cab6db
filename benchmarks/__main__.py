"""Runs every benchmark in a process of its own and writes RESULTS.md with the facts of the machine.

    python -m benchmarks                 needs: pip install -e '.[bench]'
    python -m benchmarks --only panel --only lake

What each one measures, and its targets, stand in its own module. Every figure is a ratio against peers of the same run,
or an absolute time that is printed for orientation only.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

RESULTS = Path(__file__).parent / "RESULTS.md"
BENCHMARKS = {
    "panel": ("Panel: 64 factors, 500 x 2,520, against six peers and a copy", ["--size", "M"]),
    "lake": ("Lake: writing, backfilling, reading", []),
    "rotation": ("Rotation back-test and sweep of 1,000 combinations", []),
    "risk": ("Rolling VaR and ES, 1,500 x 2,520, against two peers", []),
    "bookkeeping": ("Dagster's records: empty assets, per partition and asset", []),
    "api": ("REST API: 50 clients on loopback, against a bare FastAPI endpoint", []),
    "tracker": ("Limit-up tracker: one scan of 5,000 stocks and 200 funds", []),
    "drift": ("Drift: false alarms at rest, power, the autumn of 2024", []),
    "endtoend": ("End to end: three pools, 47 funds, ten years", []),
}
PACKAGES = [
    "dagster",
    "pandas",
    "numpy",
    "numba",
    "pyarrow",
    "deltalake",
    "duckdb",
    "polars",
    "TA-Lib",
    "vectorbt",
    "bt",
    "fastapi",
    "uvicorn",
]


def main() -> None:
    """Run and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", choices=list(BENCHMARKS), help="may be repeated; default is all")
    parser.add_argument("--output", type=Path, default=RESULTS)
    options = parser.parse_args()
    sections = [head()]
    for name in options.only or BENCHMARKS:
        title, arguments = BENCHMARKS[name]
        print(f"running {name} ...", file=sys.stderr, flush=True)
        sections.append(f"## {title}\n\n`python -m benchmarks.{name}`\n\n```text\n{run(name, arguments)}```\n")
        options.output.write_text("\n".join(sections), encoding="utf-8")
    print(f"wrote {options.output}", file=sys.stderr)


def head() -> str:
    """Machine and versions."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    machine = f"{os.cpu_count()} cores, {memory:.0f} GiB, {_processor()}, {platform.system()}"
    load, python = os.getloadavg()[0], platform.python_version()
    versions = ", ".join(f"{name} {found}" for name in PACKAGES if (found := _version(name)))
    return (
        f"# Benchmark results\n\nWritten by `python -m benchmarks` on {datetime.now(UTC):%Y-%m-%d}: {machine}, Python "
        f"{python}; load average before {load:.1f}. {versions}.\n\nRounds are interleaved, values are checked for "
        "equality first, medians with minimum and maximum. Ratios are what counts; absolute times depend on the "
        "machine.\n"
    )


def run(name: str, arguments: list[str]) -> str:
    """What one benchmark prints."""
    with tempfile.NamedTemporaryFile(suffix=".json") as figures:
        command = [sys.executable, "-W", "ignore", "-m", f"benchmarks.{name}", *arguments, "--json", figures.name]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            return f"failed with exit code {done.returncode}\n{done.stderr[-2000:]}"
        json.loads(Path(figures.name).read_text(encoding="utf-8"))
    return done.stdout


def _processor() -> str:
    facts = Path("/proc/cpuinfo")
    for line in facts.read_text(encoding="utf-8").splitlines() if facts.exists() else ():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


if __name__ == "__main__":
    main()
