"""A small installation of two pools of five simulated funds, with history and one good day, made once and copied."""

import json
import os
import shutil
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from etf_platform.core.config.yaml12 import parse_yaml
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.runner import JobResult, execute, plan_run

POOLS = {
    "A_SHARE": ["510050.SH", "510300.SH", "510500.SH", "159915.SZ", "159919.SZ"],
    # the simulator lists 159998.SZ in May 2024: until then one member of five is absent
    "OTHER": ["512480.SH", "512720.SH", "512800.SH", "512980.SH", "159998.SZ"],
}
LEFT_BY_DAGSTER = ("DAGSTER_HOME", "DAGSTER_EVENT_BATCH_SIZE")


@dataclass(frozen=True)
class Small:
    """Makes configurations and opens homes of small platforms."""

    good_day: str = "2024-03-01"
    next_day: str = "2024-03-04"

    def write_config(
        self,
        folder: Path,
        max_excluded_share: float = 0.2,
        pools: dict[str, list[str]] = POOLS,
        has_universes: bool = True,
    ) -> Path:
        """The shipped configuration with these pools, a late start, and a limit of the fuse `broken_members`."""
        shutil.copytree(packaged_config(), folder)
        settings = parse_yaml((folder / "etf_pools.yaml").read_text(encoding="utf-8"))
        template = settings["pools"]["A_SHARE"]
        settings["pools"] = {"assignment": "original_compatible"} | {
            name: {**template, "name": name, "symbols": symbols} for name, symbols in pools.items()
        }
        settings["capital_constraints"] = dict.fromkeys(pools, settings["capital_constraints"]["A_SHARE"])
        settings["strategy"]["portfolio"]["weights"] = {name: 1.0 / len(pools) for name in pools}
        settings["strategy"]["top_n"] = 2
        (folder / "etf_pools.yaml").write_text(json.dumps(settings, ensure_ascii=False), encoding="utf-8")
        _replace(folder / "sources.yaml", '"2019-01-02"', '"2022-06-01"')
        _replace(folder / "platform.yaml", '"2020-01-02"', '"2024-01-02"')
        _replace(folder / "platform.yaml", '"2015-01-05"', '"2022-06-01"')
        _replace(folder / "fuses.yaml", "sessions: 504", "sessions: 320")
        _replace(folder / "fuses.yaml", "seconds: 30 ", "seconds: 300 ")  # wall time, and test machines are busy
        _replace(folder / "fuses.yaml", "max_excluded_share: 0.20", f"max_excluded_share: {max_excluded_share}")
        if not has_universes:
            (folder / "universes.yaml").write_text("universes: {}\n")
            strategies = parse_yaml((folder / "strategies.yaml").read_text(encoding="utf-8"))
            strategies["trend"]["runs"] = []
            (folder / "strategies.yaml").write_text(json.dumps(strategies), encoding="utf-8")
        return folder

    def open(self, folder: Path, config: str = "configs", **changes: object) -> Platform:
        """A platform whose state lies in `<folder>/home` and whose configuration is written to `<folder>/<config>`."""
        return Platform.open(Workspace(folder / "home", self.write_config(folder / config, **changes)))  # type: ignore[arg-type]

    def run(self, platform: Platform, day: str, **how: object) -> dict[str, JobResult]:
        """One session of every pool through the real jobs; results by job."""
        at = date.fromisoformat(day)
        plan = plan_run(platform, tuple(platform.config.pools), at, at)
        return {result.job: result for result in execute(platform, plan, **how)}  # type: ignore[arg-type]


def _replace(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text, f"{file.name} no longer holds {old}"
    file.write_text(text.replace(old, new), encoding="utf-8")


@pytest.fixture(autouse=True)
def environment():
    """Opening an instance sets Dagster's variables for the process; the next test must not see them."""
    yield
    for name in LEFT_BY_DAGSTER:
        os.environ.pop(name, None)


@pytest.fixture(scope="session")
def small():
    return Small()


@pytest.fixture(scope="session")
def good_home(small, tmp_path_factory):
    """Home with the history of both pools and one good day; never written again: copy it."""
    folder = tmp_path_factory.mktemp("good")
    platform = small.open(folder)
    results = small.run(platform, small.good_day)
    platform.ops.dispose()
    assert [(r.job, r.problems) for r in results.values() if not r.succeeded] == []
    return platform.workspace.home


@pytest.fixture
def folder(good_home, tmp_path):
    """A folder with a copy of the good home in `home`."""
    shutil.copytree(good_home, tmp_path / "home")
    return tmp_path
