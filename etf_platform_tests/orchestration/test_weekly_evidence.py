"""The evidence of a week from a lake and a ledger: what is written, from what, and when it is left alone."""

import datetime as dt
import json
import os
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config import load_config
from etf_platform.core.config.governance import GovernanceConfig, Person
from etf_platform.core.schema import Table
from etf_platform.core.units.event import Event
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance import people
from etf_platform.governance.prerelease import thresholds_event
from etf_platform.governance.weekly import artefact, signed
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps import weekly
from etf_platform.storage.events import append
from etf_platform.storage.outbox import transaction

WEEK, MONDAY, FRIDAY = "2024-W45", dt.date(2024, 11, 4), dt.date(2024, 11, 8)

WINDOW = Window(FRIDAY, FRIDAY)

FIGURES = (
    "kpi_snapshot", "risk_exceptions", "change_rollback_record", "operating_audit", "pnl_attribution",
    "live_deviation_snapshot", "consistency_replay", "drift_report",
)  # fmt: skip


@pytest.fixture
def platform(tmp_path) -> Platform:
    return opened(tmp_path / "home")


@dataclass(frozen=True)
class Staff:
    """The configuration that knows one person of risk, and that person's hand."""

    config: GovernanceConfig
    secret: str

    def seal(self, event: Event) -> Event:
        return people.sealed(self.config, event, self.secret)


@pytest.fixture(scope="module")
def staff() -> Staff:
    secret = "a field of winter barley"
    verifier = people.new_verifier(secret, salt=bytes(16), cost=10)
    return Staff(GovernanceConfig(people={"Zhao Min": Person(roles=("risk",), verifier=verifier)}), secret)


def opened(home: Path) -> Platform:
    return Platform(Workspace(home, packaged_config()), load_config(packaged_config()))


def write_all(platform: Platform) -> dict[str, str]:
    """State by document."""
    return {name: getattr(weekly, f"write_{name}")(platform, "portfolio", WINDOW).facts["state"] for name in FIGURES}


def read(platform: Platform, name: str, week: str = WEEK) -> dict:
    return artefact.read(artefact.folder(platform.workspace.reports, week), name) or {}


def store(platform: Platform, table: Table, universe: str, rows: list[dict]) -> None:
    frame = pd.DataFrame([{**defaults(table), **row} for row in rows])
    days = frame["date"]
    platform.lake.write(table, universe, frame, days.min().date(), days.max().date())


def defaults(table: Table) -> dict:
    kinds = {"string": "", "float64": 0.0, "int64": 0, "bool": False, "timestamp": pd.Timestamp("2024-11-01 08:00Z")}
    found = {column.name: kinds.get(column.type) for column in table.columns}
    return found | {"source": "test (simulated)"}


def write_accounts(platform: Platform, last: int = 8) -> None:
    """Three accounts that hold nothing and are worth a million."""
    days = [pd.Timestamp("2024-11-01"), *(pd.Timestamp(2024, 11, day) for day in range(4, last + 1))]
    for pool in platform.config.pools:
        rows = [
            {"date": day, "nav": 1e6, "cash": 1e6, "exposure": 1.0, "positions": "{}", "marks": "{}"} for day in days
        ]
        store(platform, t.PAPER_ACCOUNT, pool, rows)
        bars = [{"date": day, "symbol": "510300.SH", "open": 4.0, "close": 4.0, "adj_factor": 1.0} for day in days]
        store(platform, t.BARS, pool, bars)


def write_consistency(platform: Platform, days: range, state: str = "PASS") -> None:
    for pool in platform.config.pools:
        said = {"stage": "data", "measure": "price_mismatch", "state": state, "examples": "[]", "data_version": "{}"}
        rows = [{"date": pd.Timestamp(2024, 11, day), **said} for day in days]
        store(platform, t.CONSISTENCY, pool, rows)


class TestDocuments:
    def test_an_empty_home_passes_nothing_but_a_week_without_changes(self, platform):
        states = write_all(platform)

        assert {name for name, state in states.items() if state == "PASS"} == {"change_rollback_record"}
        assert {name for name, state in states.items() if state == "WARN"} == {"live_deviation_snapshot"}
        assert set(states.values()) == {"PASS", "WARN", "BLOCKED"}
        for name in FIGURES:
            assert read(platform, name)["week"] == WEEK
            assert (artefact.folder(platform.workspace.reports, WEEK) / f"{name}.md").exists()

    def test_the_same_inputs_give_the_same_bytes_again_and_in_another_home(self, tmp_path):
        found = []
        for name in ("one", "two"):
            platform = opened(tmp_path / name)
            write_accounts(platform)
            write_consistency(platform, range(4, 9))
            for _ in range(2):
                write_all(platform)
            where = artefact.folder(platform.workspace.reports, WEEK)
            found.append({path.name: timeless(path) for path in sorted(where.iterdir())})

        assert found[0] == found[1]
        assert len(found[0]) == 2 * len(FIGURES)

    def test_writing_again_leaves_the_files_and_their_time_alone(self, platform):
        write_accounts(platform)
        write_all(platform)
        where = artefact.folder(platform.workspace.reports, WEEK)
        before = {path.name: path.read_bytes() for path in where.iterdir()}

        write_all(platform)

        assert {path.name: path.read_bytes() for path in where.iterdir()} == before

    def test_accounts_that_stood_still_close_at_zero(self, platform):
        write_accounts(platform)

        weekly.write_pnl_attribution(platform, "portfolio", WINDOW)

        document = read(platform, "pnl_attribution")
        assert (document["status"], document["summary"]["fully_populated"]) == ("PASS", 3)
        assert [row["net_pnl"] for row in document["attribution"]] == [0.0, 0.0, 0.0]

    def test_a_session_that_is_missing_at_the_end_of_the_week_is_named(self, platform):
        write_accounts(platform, last=7)

        weekly.write_pnl_attribution(platform, "portfolio", WINDOW)

        document = read(platform, "pnl_attribution")
        assert document["status"] == "BLOCKED"
        assert {row["session"] for row in document["missing_entries"]} == {"2024-11-08"}

    def test_nothing_after_the_week_is_read(self, platform):
        write_accounts(platform)
        write_consistency(platform, range(4, 9))
        write_all(platform)
        before = bodies(platform)

        write_consistency(platform, range(11, 14), state="FAIL")
        write_all(platform)

        assert bodies(platform) == before

    def test_the_week_before_is_found_by_its_name_and_not_by_file_times(self, platform):
        """A checkout scrambles modification times; dates inside the files decide."""
        folder = artefact.folder(platform.workspace.reports, "2024-W44")
        figures = {
            "pnl": 0.0,
            "sharpe": 1.0,
            "max_drawdown_abs": 0.0,
            "var_breach_rate": 0.0,
            "fill_calibration_error": 0.0,
        }
        old = artefact.Artefact(
            "kpi_snapshot",
            "2024-W44",
            "PASS",
            "",
            {"as_of": "2024-11-01", "kpi_snapshot": [{"strategy": "QDII", **figures}]},
        )
        artefact.write(folder, old, "", dt.datetime.now(dt.UTC))
        weekly.write_kpi_snapshot(platform, "portfolio", WINDOW)
        os.utime(folder / "kpi_snapshot.json", (4e9, 4e9))

        weekly.write_operating_audit(platform, "portfolio", WINDOW)

        checks = read(platform, "operating_audit")["consistency_checks"]
        assert checks["previous_source"] == "2024-W44/kpi_snapshot.json, as of 2024-11-01"
        assert checks["latest_source"].startswith("2024-W45/")

    def test_a_file_of_this_week_with_old_content_is_stale_however_new_it_is(self, platform):
        body = {"as_of": "2024-11-06", "summary": {"commands": 1, "failed": 0, "all_passed": True}, "results": []}
        gate = artefact.Artefact("daily_regression_gate", WEEK, "PASS", "", body)
        artefact.write(artefact.folder(platform.workspace.reports, WEEK), gate, "", dt.datetime.now(dt.UTC))

        weekly.write_operating_audit(platform, "portfolio", WINDOW)

        point = read(platform, "operating_audit")["checklist"]["minimum_regression_passed"]
        assert (point["status"], point["reason"]) == ("BLOCKED", "stale: it was last run for 2024-11-06")

    def test_a_document_that_is_no_json_is_a_parse_error_of_the_audit(self, platform):
        where = artefact.folder(platform.workspace.reports, WEEK)
        where.mkdir(parents=True)
        (where / "kpi_snapshot.json").write_text("{", encoding="utf-8")

        weekly.write_operating_audit(platform, "portfolio", WINDOW)

        document = read(platform, "operating_audit")
        assert (document["status"], document["summary"]["parse_errors"]) == ("BLOCKED", 1)
        assert document["parse_errors"][0].startswith("2024-W45/kpi_snapshot.json: no JSON")

    def test_a_signed_document_is_left_as_it_is(self, platform):
        weekly.write_drift_report(platform, "portfolio", WINDOW)
        where = artefact.folder(platform.workspace.reports, WEEK)
        signed.keep(where, signed.files_of(where), ["Zhao Min"])
        before = (where / "drift_report.json").read_bytes()
        store(
            platform,
            t.DRIFT,
            "A_SHARE",
            [{"date": pd.Timestamp(FRIDAY), "feature": "x", "level": "major", "stage": "DEGRADE"}],
        )

        outcome = weekly.write_drift_report(platform, "portfolio", WINDOW)

        assert outcome.facts["reason"] == "signed: left as it is"
        assert (where / "drift_report.json").read_bytes() == before

    @pytest.mark.parametrize(("day", "passed"), [(dt.date(2024, 11, 11), True), (dt.date(2024, 11, 12), False)])
    def test_thresholds_are_in_force_when_risk_signed_them_before_the_chain_ran(self, platform, staff, day, passed):
        object.__setattr__(platform.config, "governance", staff.config)
        event = staff.seal(thresholds_event(staff.config, "Zhao Min", "risk", day))
        with transaction(platform.ops) as connection:
            append(connection, [event])

        weekly.write_operating_audit(platform, "portfolio", WINDOW)

        assert read(platform, "operating_audit")["checklist"]["risk_thresholds_confirmed"]["passed"] is passed

    def test_thresholds_that_code_signs_are_not_in_force(self, platform, staff):
        object.__setattr__(platform.config, "governance", staff.config)
        with transaction(platform.ops) as connection:
            append(connection, [thresholds_event(staff.config, "Zhao Min", "risk", FRIDAY)])

        weekly.write_operating_audit(platform, "portfolio", WINDOW)

        assert read(platform, "operating_audit")["checklist"]["risk_thresholds_confirmed"]["status"] == "BLOCKED"

    def test_a_week_without_sessions_is_blocked(self, platform):
        holidays = Window(dt.date(2024, 2, 16), dt.date(2024, 2, 16))

        for name in FIGURES:
            getattr(weekly, f"write_{name}")(platform, "portfolio", holidays)

        assert read(platform, "kpi_snapshot", "2024-W07")["status"] == "BLOCKED"
        assert read(platform, "operating_audit", "2024-W07")["status"] == "BLOCKED"


def timeless(path: Path) -> object:
    if path.suffix == ".md":
        return path.read_text(encoding="utf-8")
    return {key: value for key, value in json.loads(path.read_text(encoding="utf-8")).items() if key != artefact.TIME}


def bodies(platform: Platform) -> list[dict]:
    """Documents without times and inputs, whose table versions move."""
    skipped = (artefact.TIME, "inputs")
    found = [{k: v for k, v in read(platform, name).items() if k not in skipped} for name in FIGURES]
    for document in found:
        document.pop("risk_exception_report", None)
    return found
