"""A small simulated home whose running account was replayed over one week, and what may go wrong with it."""

import datetime as dt
import json
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from etf_platform.core import tables as t
from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.replay import replay

POOL = "A_SHARE"
CONCENTRATION = "concentration: [0.20, 0.30]"
FIRST, LAST = dt.date(2024, 3, 4), dt.date(2024, 3, 8)


@dataclass(frozen=True)
class Replays:
    """Opens homes, replays the week, and reads what consistency came to."""

    small: object
    pool: str = POOL
    first: dt.date = FIRST
    last: dt.date = LAST
    made: dict[str, object] = field(default_factory=dict)

    def open(self, folder: Path, config: str = "configs", **settings: object) -> Platform:
        """The home in a folder; `settings` are `section=dict` of etf_pools.yaml.

        Two funds make a quarter of the portfolio each: the breaker's limit of concentration is out of their way.
        """
        path = folder / config
        if not path.exists():
            self.small.write_config(path)
            governance = (path / "governance.yaml").read_text(encoding="utf-8")
            assert CONCENTRATION in governance
            relaxed = governance.replace(CONCENTRATION, "concentration: [0.90, 0.95]")
            (path / "governance.yaml").write_text(relaxed, encoding="utf-8")
        pools = json.loads((path / "etf_pools.yaml").read_text(encoding="utf-8"))
        for section, changes in settings.items():
            pools[section] |= changes
        (path / "etf_pools.yaml").write_text(json.dumps(pools, ensure_ascii=False), encoding="utf-8")
        return Platform.open(Workspace(folder / "home", path))

    def run(self, platform: Platform, first: dt.date = FIRST, last: dt.date = LAST, missing=()):
        """Replay; consistency's facts by session."""
        done = replay(platform, first, last, (POOL,), missing)
        return {r.session: r.facts for r in done if r.address.endswith("consistency")}

    def judge(self, platform: Platform, day: dt.date = LAST) -> tuple[str, str]:
        """Run consistency of one session again; its state and first diverging stage."""
        from etf_platform.orchestration.step import Window
        from etf_platform.orchestration.steps.consistency import write_consistency

        facts = write_consistency(platform, POOL, Window(day, day)).facts
        return str(facts["state"]), str(facts["first diverging stage"])

    def rows(self, platform: Platform, table: t.Table):
        """All stored rows of the pool."""
        return platform.lake.read(table, POOL)


@pytest.fixture(scope="session")
def replays(small):
    return Replays(small)


@pytest.fixture(scope="session")
def week_home(replays, good_home, tmp_path_factory):
    """A folder with the week replayed in `home`; never written again: copy it."""
    folder = tmp_path_factory.mktemp("week")
    shutil.copytree(good_home, folder / "home")
    platform = replays.open(folder)
    replays.made["facts"] = replays.run(platform)
    platform.ops.dispose()
    return folder


@pytest.fixture
def week(week_home, tmp_path):
    """A copy of the replayed week."""
    shutil.copytree(week_home, tmp_path / "week")
    return tmp_path / "week"
