"""Experiments of every kind on simulated data: registered, done again with the same bytes, or told what differs."""

import json
import shutil
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest
from click.testing import CliRunner

from etf_platform.cli.main import main
from etf_platform.core import tables as t
from etf_platform.core.config.snapshot import config_from, config_text
from etf_platform.core.errors import BadInputError, InsufficientDataError, MissingTableError, StorageError
from etf_platform.core.states import State
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.governance.experiments import registry
from etf_platform.orchestration.experiment_kinds import PERFORM
from etf_platform.orchestration.experiments import OBJECTS, About, PinnedPlatform, event_backtest, registered
from etf_platform.orchestration.graph_arbitrage import FUND_STEPS, STOCK_STEPS
from etf_platform.orchestration.platform import Platform, resolve
from etf_platform.orchestration.reproduction import reproduced
from etf_platform.orchestration.runner import load_universe
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.upkeep import maintain, versions_to_keep
from etf_platform.storage.maintenance import maintain as vacuum

GRID = {"lookback": [20, 60], "top_n": [1, 2], "cost": [0.001]}
V3 = {"strategy": "EMA_trend_v3", "symbol": "QQQ.US"}
RESTATED = {"US": ("2025-06-10", "2025-06-12")}
TEN = (
    ("rotation_backtest", {"pool": "A_SHARE"}),
    ("rotation_backtest", {"pool": "OTHER", "exec_mode": "next_close_close", "out_of_sample_from": "2023-12-01"}),
    ("rotation_sweep", {"pool": "A_SHARE", "grid": GRID, "exec_mode": "next_open_close"}),
    ("rotation_retrain", {"pool": "A_SHARE", "as_of": "2024-03-01", "holdout": 60}),
    ("trend_backtest", V3),
    ("trend_backtest", {**V3, "strategy": "EMA_cross_v1", "start": "2023-06-01", "end": "2025-12-31"}),
    ("trend_sweep", {**V3, "grid": ["ema_fast=40,80"]}),
    ("trend_walk_forward", {**V3, "grid": ["ema_fast=40,80"], "windows": "504:252", "anchored": False}),
    ("trend_walk_forward", {**V3, "grid": ["ema_fast=40,80"], "windows": "504:252", "anchored": True}),
    ("event_backtest", {"start_date": "20231101", "end_date": "20240131", "granularity": "daily"}),
)


def _tracked(folder):
    """The tracker's tables; under the shipped sources, because the simulated stocks need a long history."""
    shutil.copytree(packaged_config(), folder / "configs")
    path = folder / "configs" / "arbitrage.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace('"2020-01-02"', '"2023-09-01"'), encoding="utf-8")
    platform = Platform.open(Workspace(folder / "home", folder / "configs"))
    for universe, steps in (("FUND", FUND_STEPS), ("STOCK", STOCK_STEPS)):
        for step in (s for s in steps if "event" not in s.address and "outcome" not in s.address):
            resolve(step.run)(platform, universe, Window(date(2024, 1, 31), date(2024, 1, 31), "test"))
    platform.ops.dispose()
    return platform.workspace


@pytest.fixture(scope="module")
def laboratory(small, good_home, tmp_path_factory):
    """A home with pools, the US universe and the tracker's history, and ten experiments on it."""
    folder, tracked = tmp_path_factory.mktemp("laboratory"), _tracked(tmp_path_factory.mktemp("tracked"))
    shutil.copytree(good_home, folder / "home")
    for layer in tracked.lake.iterdir():
        shutil.copytree(layer, folder / "home" / "lake" / layer.name, dirs_exist_ok=True)
    platform = small.open(folder)
    shutil.copy(tracked.config / "arbitrage.yaml", platform.workspace.config / "arbitrage.yaml")
    platform = Platform.open(platform.workspace)
    assert all(result.succeeded for result in load_universe(platform, "US"))
    for kind, params in TEN:
        registered(platform, kind, params)
    yield platform
    platform.ops.dispose()


@pytest.fixture
def copied(laboratory, tmp_path):
    """A copy to break; the platform opens it anew."""
    shutil.copytree(laboratory.workspace.home, tmp_path / "home")
    platform = Platform.open(replace(laboratory.workspace, home=tmp_path / "home"))
    yield platform
    platform.ops.dispose()


def everything(platform):
    return list(registry(platform.config.governance, platform.ops).values())


def first(platform, kind):
    return next(each for each in everything(platform) if each.plan.kind == kind)


def restate(platform, universe="A_SHARE", table=t.BARS):
    """The provider corrects all prices of three sessions; the address, and the versions before and after.

    Sessions on which every account of the ten holds something: where one is flat, prices may change and nothing else.
    """
    before = platform.lake.version(table, universe)
    bars = platform.lake.read(table, universe)
    for column in ("open", "high", "low", "close"):
        bars.loc[bars["date"].between(*RESTATED.get(universe, ("2023-12-20", "2023-12-22"))), column] *= 1.01
    return table.address(universe), before, platform.lake.write(table, universe, bars)


def test_every_kind_is_among_the_ten():
    assert {kind for kind, _ in TEN} == set(PERFORM)


def test_every_experiment_is_on_record_with_what_it_depended_on(laboratory):
    found = everything(laboratory)

    assert [each.plan.kind for each in found] == [kind for kind, _ in TEN]
    for each in found:
        assert each.status == "running" and each.conditions.data_version and each.results.artifacts
        assert each.conditions.config_hash == laboratory.config.digest and each.conditions.commit
        assert set(each.conditions.environment) >= {"python", "numpy", "pandas", "numba"}
    assert found[0].conditions.data_version == {
        address: laboratory.lake.version(table, "A_SHARE")
        for address, table in (("market/A_SHARE/bars", t.BARS), ("strategies/A_SHARE/targets", t.TARGETS))
    }
    path = next(a.path for a in found[3].results.artifacts if a.name == "factors.csv")
    judged = len(pd.read_csv(laboratory.workspace.home / path))
    assert [each.n_trials for each in found] == [1, 1, 4, judged, 2, found[5].n_trials, 2, 2, 2, 1]


def test_the_registered_account_is_the_one_that_the_asset_stored(laboratory):
    figures = json.loads(
        (laboratory.workspace.home / first(laboratory, "rotation_backtest").results.artifacts[0].path).read_text()
    )
    stored = laboratory.lake.read(t.METRICS, "A_SHARE").set_index("metric")["value"]

    assert figures["sharpe"] == stored["sharpe"] and figures["max_drawdown"] == stored["max_drawdown"]


def test_ten_experiments_give_the_same_bytes_again(laboratory):
    done = [reproduced(laboratory, each) for each in everything(laboratory)]

    assert [(each.state, each.files, each.conditions) for each in done] == [(State.PASS, (), ())] * 10


def test_after_a_restatement_they_still_do_and_now_names_the_table_version(copied):
    changed = [restate(copied, u) for u in ("A_SHARE", "OTHER", "US", "FUND")]
    expected = {address: (f"version {old}", f"version {new}: ") for address, old, new in changed}

    for each in everything(copied):
        assert reproduced(copied, each).state is State.PASS, each.plan
        today = reproduced(copied, each, now=True)
        tables = {d.what: (d.recorded, d.now) for d in today.conditions if d.about == "table"}
        mine = {address: expected[address] for address in each.conditions.data_version if address in expected}
        assert len(mine) == 1 and tables.keys() == mine.keys()
        for address, (old, new) in mine.items():
            days = RESTATED.get(address.split("/")[1], ("2023-12-20", "2023-12-22"))
            assert tables[address][0] == old and tables[address][1].startswith(new)
            assert tables[address][1].endswith(f"rows changed in {' .. '.join(days)}")
        assert today.state is State.FAIL and 0 < len(today.files) <= len(each.results.artifacts)


def test_other_numbers_after_a_restatement_are_shown_file_by_file(copied):
    restate(copied)

    done = reproduced(copied, first(copied, "rotation_sweep"), now=True)
    assert done.state is State.FAIL
    assert {d.what.split()[0] for d in done.files} >= {"results.csv"}
    assert done.sentence.endswith("what differs besides: table")


def test_the_recorded_configuration_counts_and_now_names_the_key(copied):
    text = json.loads(config_text(copied.config))
    text["etf_pools"]["costs"]["risk_free"] = 0.01
    other = Platform(copied.workspace, config_from(json.dumps(text)))
    experiment = first(copied, "rotation_backtest")

    assert reproduced(other, experiment).state is State.PASS
    today = reproduced(other, experiment, now=True)
    assert today.state is State.FAIL
    assert [(d.what, d.recorded, d.now) for d in today.conditions] == [("etf_pools.costs.risk_free", "0.03", "0.01")]


def test_a_configuration_survives_its_text(laboratory):
    assert config_from(config_text(laboratory.config)) == laboratory.config


def test_vacuum_keeps_what_experiments_read_and_nothing_else_does(copied):
    address, before, _ = restate(copied)
    restate(copied)
    experiment = first(copied, "rotation_sweep")
    assert before in versions_to_keep(copied)[address]

    maintain(copied)
    vacuum(copied.lake, versions_to_keep(copied), retention_hours=0)
    assert reproduced(copied, experiment).state is State.PASS
    vacuum(copied.lake, {}, retention_hours=0)
    lost = reproduced(copied, experiment)
    assert lost.state is State.BLOCKED
    assert lost.reason.startswith(f"{address} version {before}: ") and lost.reason.endswith("files are gone")


def test_a_table_that_was_made_anew_is_not_taken_for_the_recorded_version(copied):
    bars = copied.lake.read(t.BARS, "A_SHARE")
    experiment = first(copied, "rotation_sweep")
    version = experiment.conditions.data_version["market/A_SHARE/bars"]
    shutil.rmtree(copied.workspace.lake / "market" / "A_SHARE" / "bars")
    fresh = Platform.open(copied.workspace)
    for n in range(version + 1):
        fresh.lake.write(t.BARS, "A_SHARE", bars.iloc[: len(bars) - n])

    lost = reproduced(fresh, experiment)
    assert lost.state is State.BLOCKED and "was written anew" in lost.reason


def test_other_code_and_packages_are_named(laboratory):
    experiment = first(laboratory, "rotation_sweep")
    old = replace(
        experiment.conditions,
        commit="0.1.0+c0ffee",
        code="0" * 64,
        environment={**experiment.conditions.environment, "numpy": "1.0"},
    )

    done = reproduced(laboratory, replace(experiment, conditions=old))
    assert done.state is State.PASS  # they did not matter, and are told all the same
    assert [(d.about, d.what) for d in done.conditions] == [
        ("code", "commit"),
        ("code", "files of the package"),
        ("environment", "numpy"),
    ]


def test_a_stored_file_that_was_tampered_with_is_noticed(copied):
    experiment = first(copied, "trend_sweep")
    config = copied.workspace.home / OBJECTS / experiment.conditions.config[:2] / experiment.conditions.config
    config.write_text("{}")

    done = reproduced(copied, experiment)
    assert done.state is State.BLOCKED and "its bytes are not those that were stored" in done.reason


def test_a_pinned_lake_stands_still_and_takes_nothing(copied):
    pinned = PinnedPlatform(copied.workspace, copied.config)
    before = pinned.lake.read(t.BARS, "A_SHARE")
    address, version, _ = restate(copied)

    pd.testing.assert_frame_equal(pinned.lake.read(t.BARS, "A_SHARE"), before)
    assert pinned.lake.pinned == {address: version}
    with pytest.raises(StorageError, match="experiments only read"):
        pinned.lake.write(t.BARS, "A_SHARE", before)
    with pytest.raises(StorageError, match="fixed versions"):
        pinned.lake.sql("SELECT 1")
    given = PinnedPlatform(copied.workspace, copied.config, {address: version})
    assert given.lake.exists(t.BARS, "A_SHARE") and not given.lake.exists(t.TARGETS, "A_SHARE")
    with pytest.raises(MissingTableError, match="did not read it"):
        given.lake.read(t.TARGETS, "A_SHARE")


def test_what_fails_leaves_no_record(copied):
    before = len(everything(copied))

    with pytest.raises(InsufficientDataError):
        registered(copied, "rotation_retrain", {"pool": "OTHER", "as_of": "2024-03-01", "holdout": 9999})
    with pytest.raises(BadInputError, match="cannot do these"):
        registered(copied, "astrology", {})
    with pytest.raises(BadInputError, match="no such experiment"):
        registered(copied, "rotation_backtest", {"pool": "OTHER"}, About(parent="EXP-20200101-001"))
    assert len(everything(copied)) == before


def test_a_split_account_has_the_figures_that_a_release_needs(laboratory):
    """Out of sample, by hand from the stored equity; the ratio is deflated by the trials on record before."""
    experiment = everything(laboratory)[1]
    later = experiment.results.metrics["out_of_sample"]
    path = next(a.path for a in experiment.results.artifacts if a.name == "equity.csv")
    equity = pd.read_csv(laboratory.workspace.home / path, parse_dates=["date"])
    values = equity.loc[equity["date"] >= equity.loc[equity["date"] < "2023-12-01", "date"].max(), "portfolio_value"]

    assert set(later) == {"sharpe", "max_drawdown", "annual_return", "annual_turnover", "sharpe_double_cost", "dsr"}
    assert later["max_drawdown"] == pytest.approx((values / values.cummax() - 1).min())
    excess = values.pct_change().dropna() - 0.03 / 252
    assert later["sharpe"] == pytest.approx(excess.mean() / excess.std() * 252**0.5)
    assert later["sharpe_double_cost"] < later["sharpe"] and 0 < later["dsr"] < 1
    assert experiment.plan.params["n_trials"] == 1  # the other experiment on record then was of another pool


def test_an_event_back_test_of_the_page_registers_itself(copied):
    result = event_backtest(copied, {"start_date": "20240101", "end_date": "20240131"}, lambda share, said: None)

    assert everything(copied)[-1].experiment_id == result["experiment_id"]


@pytest.mark.parametrize("words", [("Fewer funds",), ("--title", "Fewer funds")])
def test_what_is_going_to_be_tried_is_put_on_record(copied, words):
    parent = everything(copied)[0].experiment_id

    done = cli(copied, "new", *words, "--hypothesis", "less noise", "--parent", parent)
    plan = everything(copied)[-1].plan
    assert done.exit_code == 0 and done.output.strip() == everything(copied)[-1].experiment_id
    assert (plan.title, plan.hypothesis, plan.parent) == ("Fewer funds", "less noise", parent)


@pytest.mark.parametrize("words", [(), ("One", "--title", "Other")])
def test_a_plan_has_one_title(copied, words):
    before = len(everything(copied))

    assert cli(copied, "new", *words).exit_code == 1
    assert len(everything(copied)) == before


def cli(platform, *words):
    places = ("--home", str(platform.workspace.home), "--config", str(platform.workspace.config))
    return CliRunner().invoke(main, ["exp", *words, *places])


def test_the_commands_list_show_compare_search_note_and_reproduce(copied):
    one, other = (each.experiment_id for each in everything(copied)[:2])

    assert [row["experiment_id"] for row in json.loads(cli(copied, "list", "--format", "json").stdout)][-1] == one
    assert json.loads(cli(copied, "show", one).stdout)["strategy_id"] == "rotation:A_SHARE"
    assert "strategies/OTHER/targets" in cli(copied, "compare", one, other).stdout
    found = cli(copied, "search", "walk-forward", "--format", "json").stdout
    assert [row["kind"] for row in json.loads(found)] == ["trend_walk_forward"] * 2
    assert cli(copied, "note", one, "keep it", "--decision", "reviewed").exit_code == 0
    assert json.loads(cli(copied, "show", one).stdout)["decision"] == "keep it"
    same = cli(copied, "reproduce", one)
    assert (same.exit_code, f"{one}: same bytes in 5 files" in same.stderr) == (0, True)
    restate(copied)
    differs = cli(copied, "reproduce", one, "--now")
    assert "market/A_SHARE/bars" in differs.stdout and "15 rows changed" in differs.stdout


def test_nobody_approves_without_a_secret(copied, monkeypatch):
    monkeypatch.delenv("ETF_PLATFORM_SIGN_SECRET", raising=False)
    one = everything(copied)[0].experiment_id
    cli(copied, "note", one, "keep it", "--decision", "reviewed")

    refused = cli(copied, "approve", one, "--by", "Wei Chen", "--role", "research")
    assert refused.exit_code == 1 and "signing as 'Wei Chen'" in refused.stderr
    assert first(copied, "rotation_backtest").status == "reviewed"
