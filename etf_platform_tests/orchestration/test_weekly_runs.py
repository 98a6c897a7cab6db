"""What a week runs and asks: the daily regression's commands, git, measured times."""

import datetime as dt
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from etf_platform.core.config import load_config
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance.weekly import artefact
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps import weekly
from etf_platform.orchestration.weekly.measuring import measure
from etf_platform.orchestration.weekly.regression import run_regression
from etf_platform.orchestration.weekly.regression_checks import differing
from etf_platform.orchestration.weekly.repository import repository

WEEK, MONDAY, FRIDAY = "2024-W45", dt.date(2024, 11, 4), dt.date(2024, 11, 8)

WINDOW = Window(FRIDAY, FRIDAY)


@pytest.fixture
def platform(tmp_path) -> Platform:
    return opened(tmp_path / "home")


def opened(home: Path) -> Platform:
    return Platform(Workspace(home, packaged_config()), load_config(packaged_config()))


class TestRegression:
    def test_a_command_that_cannot_be_started_has_return_code_127(self, platform):
        document = run_regression(platform, WEEK, [["no-such-command-here"], "python -c pass"])

        assert [row["return_code"] for row in document["results"]] == [127, 0]
        assert document["summary"] == {"commands": 2, "failed": 1, "all_passed": False}
        assert document["status"] == "FAIL"

    def test_a_line_that_no_shell_could_split_is_127_too(self, platform):
        assert run_regression(platform, WEEK, ["echo 'open"])["results"][0]["return_code"] == 127

    def test_the_session_and_this_interpreter_stand_in_for_their_names(self, platform):
        asked = [["python", "-c", "import sys; print(sys.executable, sys.argv[1])", "{session}"]]

        document = run_regression(platform, WEEK, asked)

        assert document["results"][0]["output_tail"] == [f"{sys.executable} 2024-11-08"]
        assert document["as_of"] == "2024-11-08"

    def test_the_secret_of_a_person_is_not_handed_down(self, platform, monkeypatch):
        monkeypatch.setenv("ETF_PLATFORM_SIGN_SECRET", "a field of winter barley")
        asked = [["python", "-c", "import os; print(os.environ.get('ETF_PLATFORM_SIGN_SECRET'))"]]

        assert run_regression(platform, WEEK, asked)["results"][0]["output_tail"] == ["None"]

    def test_only_the_last_forty_lines_are_kept(self, platform):
        document = run_regression(platform, WEEK, [["python", "-c", "print(*range(100), sep='\\n')"]])

        assert document["results"][0]["output_tail"] == [str(k) for k in range(60, 100)]

    def test_a_command_that_takes_too_long_is_ended(self, platform):
        config = platform.config
        short = config.governance.regression.model_copy(update={"timeout_seconds": 0.5})
        object.__setattr__(config, "governance", config.governance.model_copy(update={"regression": short}))

        row = run_regression(platform, WEEK, [["python", "-c", "import time; time.sleep(30)"]])["results"][0]

        assert (row["return_code"], row["passed"]) == (124, False)

    def test_no_command_is_blocked(self, platform):
        assert run_regression(platform, WEEK, [])["status"] == "BLOCKED"

    def test_by_default_an_installation_without_data_does_not_pass(self, platform):
        document = run_regression(platform, WEEK)

        assert [row["return_code"] for row in document["results"]] == [0, 3]
        assert "consistency A_SHARE BLOCKED pending_data: nothing was compared" in document["results"][1]["output_tail"]

    def test_factors_that_are_not_the_stored_bits_are_named(self):
        rows = pd.DataFrame({"date": pd.Timestamp(FRIDAY), "symbol": ["A", "B"], "f": [1.0, np.nan], "g": [1.0, 2.0]})

        assert differing(rows, rows, ["f", "g"]) == []
        assert differing(rows, rows.assign(g=[1.0, np.nextafter(2.0, 3.0)]), ["f", "g"]) == ["g"]
        assert differing(rows, rows.iloc[:1], ["f", "g"]) == ["f", "g"]


def git(root: Path, *words: str, at: str = "2024-11-06T12:00:00+00:00") -> str:
    who = {"GIT_AUTHOR_NAME": "a", "GIT_AUTHOR_EMAIL": "a@b", "GIT_COMMITTER_NAME": "a", "GIT_COMMITTER_EMAIL": "a@b"}
    env = {**os.environ, **who, "GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    return subprocess.run(["git", *words], cwd=root, env=env, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def checkout(tmp_path) -> Path:
    """Commits of 2024-11-03, 11-06 and 11-11, and an annotated tag on the first."""
    root = tmp_path / "checkout"
    root.mkdir()
    git(root, "init", "-q")
    for day in ("03", "06", "11"):
        git(
            root,
            "commit",
            "-q",
            "--allow-empty",
            "-m",
            f"Change of {day}\n\nno-strategy-change",
            at=f"2024-11-{day}T12:00:00+00:00",
        )
        if day == "03":
            git(root, "tag", "-a", "backup-release-20241103-120000-x", "-m", "x")
    return root


class TestRepository:
    def test_the_commits_of_the_week_and_no_others(self, checkout):
        found = repository(MONDAY, checkout)

        assert [commit.message.partition("\n")[0] for commit in found.commits] == ["Change of 06"]
        assert not found.is_shallow

    def test_an_annotated_tag_points_at_its_commit(self, checkout):
        first = git(checkout, "rev-list", "--max-parents=0", "HEAD")

        assert repository(MONDAY, checkout).tags == {"backup-release-20241103-120000-x": first}

    def test_a_shallow_clone_is_told(self, checkout, tmp_path):
        git(tmp_path, "clone", "-q", "--depth", "1", f"file://{checkout}", "cut")

        assert repository(MONDAY, tmp_path / "cut").is_shallow

    def test_without_a_checkout_the_commits_are_unknown(self, tmp_path):
        assert repository(MONDAY, tmp_path).commits is None


class TestMeasuring:
    @pytest.mark.parametrize("name", ["performance_baseline", "latency_benchmark"])
    def test_every_measure_is_executed(self, platform, name):
        found = measure(platform.config, name, rounds=2)

        assert all(len(rounds) == 2 and min(rounds) > 0.0 for rounds in found.seconds.values())
        assert set(found.processor) == set(found.seconds)
        assert "simulated" in found.workload["pool"]

    def test_a_week_is_measured_once_per_code_and_configuration(self, platform):
        weekly.write_performance_baseline(platform, "portfolio", WINDOW)
        path = artefact.folder(platform.workspace.reports, WEEK) / "performance_baseline.json"
        before = path.read_bytes()

        outcome = weekly.write_performance_baseline(platform, "portfolio", WINDOW)

        assert outcome.facts["reason"] == "measured before"
        assert path.read_bytes() == before
