"""The log of a production run: what it says, who may read it, how long it stays."""

import os
import stat
from datetime import datetime, timedelta

from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.logbook import write_log
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.runner import JobResult

NOW = datetime(2025, 6, 13, 18, 5, 7)


def test_a_log_names_the_run_and_why_a_step_stopped(tmp_path):
    platform = Platform.open(Workspace(tmp_path, packaged_config()))
    stopped = JobResult("daily", "run-1", False, (("market__A_SHARE__bars", "no row; load it."),), 3.21)

    path = write_log(platform, [stopped], "A_SHARE FAIL", NOW)

    text = path.read_text()
    assert path == tmp_path / "logs" / "production_20250613_180507.log"
    assert "daily stopped in 3.2 s, run run-1" in text and "market/A_SHARE/bars: no row; load it." in text
    assert "A_SHARE FAIL" in text and platform.config.digest in text
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_logs_older_than_thirty_days_go_and_younger_ones_stay(tmp_path):
    platform = Platform.open(Workspace(tmp_path, packaged_config()))
    for name, days in (("production_old.log", 31), ("production_young.log", 29), ("other.log", 99)):
        path = tmp_path / "logs" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
        age = (NOW - timedelta(days=days)).timestamp()
        os.utime(path, (age, age))

    write_log(platform, [], "", NOW)

    left = {path.name for path in (tmp_path / "logs").iterdir()}
    assert left == {"production_young.log", "other.log", "production_20250613_180507.log"}
