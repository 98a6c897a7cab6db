"""A candidate of another configuration beside the stable release: shadows, the mix, the paired test, consistency."""

import datetime as dt
import json
import math
import shutil
from dataclasses import dataclass

import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.states import State
from etf_platform.core.units.event import Event
from etf_platform.core.workspace import Workspace
from etf_platform.governance import people, releases, rollback
from etf_platform.orchestration.experiments import registered
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.releasing import paired_of
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.consistency import write_consistency
from etf_platform.orchestration.steps.paper import write_account
from etf_platform.storage.events import events
from etf_platform_tests.resources import release_story as story

POOL, FIRST, LAST = "A_SHARE", dt.date(2024, 3, 4), dt.date(2024, 3, 8)
SECRETS = {"Li Wei": "seven quiet rivers flow", "Zhao Min": "a field of winter barley"}
ROLES = {"Li Wei": "research", "Zhao Min": "risk"}


@dataclass(frozen=True)
class Staff:
    config: object

    def seal(self, event: Event) -> Event:
        return people.sealed(self.config, event, SECRETS[event.by])


def signed_config(folder):
    """The configuration with two people who may sign."""
    known = {
        name: {"roles": [ROLES[name]], "verifier": people.new_verifier(secret, salt=bytes(16), cost=10)}
        for name, secret in SECRETS.items()
    }
    path = folder / "governance.yaml"
    text = path.read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if each.startswith("people:"))
    path.write_text(text.replace(line, f"people: {json.dumps(known)}"), encoding="utf-8")


def one_fund(platform, folder):
    """The same installation under a configuration that holds one fund instead of two."""
    shutil.copytree(platform.workspace.config, folder)
    pools = json.loads((folder / "etf_pools.yaml").read_text(encoding="utf-8"))
    pools["strategy"]["top_n"] = 1
    (folder / "etf_pools.yaml").write_text(json.dumps(pools, ensure_ascii=False), encoding="utf-8")
    return Platform.open(Workspace(platform.workspace.home, folder))


def proposed(platform, name, other, experiment_id, rollback_to="CASH"):
    facts = {"config_hash": other.config.digest, "experiment_id": experiment_id, "rollback_to": rollback_to}
    story.append(platform.ops, story.proposal(name, POOL, **facts))


@pytest.fixture
def platform(replays, week, monkeypatch):
    """R1 is stable under the checkout's configuration; R2, which holds one fund, stands in S20 since 2 March."""
    monkeypatch.setattr(story, "FIRST", dt.date(2023, 10, 1))
    shutil.rmtree(week / "home" / "lake" / "paper")
    for name in ("ops.db", "ops.db-wal", "ops.db-shm"):
        (week / "home" / name).unlink(missing_ok=True)
    replays.open(week)
    signed_config(week / "configs")
    platform = replays.open(week)
    staff, candidate = Staff(platform.config.governance), one_fund(platform, week / "candidate")
    trial = registered(candidate, "rotation_backtest", {"pool": POOL})
    proposed(platform, "R1", platform, "EXP-1")
    story.rise(platform.ops, staff.config, staff, "R1", "stable", start=0)
    proposed(platform, "R2", candidate, trial.experiment_id, rollback_to="R1")
    story.rise(platform.ops, staff.config, staff, "R2", "S20", start=150)
    yield platform
    platform.ops.dispose()


def run(platform, last=LAST):
    return write_account(platform, POOL, Window(FIRST, last))


def shadows(platform, name=None):
    rows = platform.lake.read(t.PAPER_RELEASES, POOL)
    live = rows[rows["origin"] == "shadow"]
    return live if name is None else live[live["release_id"] == name].set_index("date")


def ranked(platform):
    """Funds by rank at the last decision before the week."""
    rows = platform.lake.read(t.TARGETS, POOL, end=FIRST)
    last = rows[rows["is_decision"]]
    last = last[last["date"] == last["date"].max()]
    return last[last["rank"] > 0].sort_values("rank")["symbol"].tolist()


def test_the_account_goes_for_the_targets_of_both_by_their_shares(platform):
    """Two funds in equal parts at 0.8, and the first of them alone at 0.2."""
    run(platform)
    first, second = ranked(platform)[:2]

    decided = platform.lake.read(t.PAPER_DECISIONS, POOL)
    weights = decided[decided["weight"] > 0.0].groupby("date")[["symbol", "weight"]].apply(lambda r: dict(r.to_numpy()))
    assert len(weights) == 5
    for each in weights:
        assert each == pytest.approx({first: 0.8 * 0.5 + 0.2, second: 0.8 * 0.5})
    assert platform.lake.read(t.PAPER_ACCOUNT, POOL)["exposure"].tolist() == [1.0] * 5
    assert set(decided["release_id"]) == {"R2"}


def test_each_release_decides_by_the_configuration_that_its_experiment_recorded(platform):
    run(platform)
    first, second = ranked(platform)[:2]

    aimed = {name: json.loads(shadows(platform, name)["targets"].iloc[-1]) for name in ("R1", "R2")}
    assert aimed == {"R1": {first: 0.5, second: 0.5}, "R2": {first: 1.0}}
    assert shadows(platform, "R1")["share"].unique().tolist() == [0.8]
    assert shadows(platform, "R2")["share"].unique().tolist() == [0.2]
    assert shadows(platform)["config"].nunique() == 2


def test_a_shadow_earns_what_its_shares_earn_by_hand(platform):
    """Bought in whole lots at the open of the second session, all costs inside the cash; then only closes move it."""
    run(platform)
    fund = ranked(platform)[0]
    bars = platform.lake.read(t.BARS, POOL, start=FIRST, end=LAST).set_index(["date", "symbol"]).xs(fund, level=1)
    rate = 0.00125
    shares = math.floor(1_000_000 / (1 + rate) / bars["open"].iloc[1] / 100 + 1e-9) * 100
    cash = 1_000_000 - shares * bars["open"].iloc[1] * (1 + rate)

    mine = shadows(platform, "R2")
    assert bars["adj_factor"].nunique() == 1
    assert mine["nav"].tolist() == pytest.approx([1_000_000, *(cash + shares * bars["close"].iloc[1:])])
    assert mine["daily_return"].isna().tolist() == [True, True, False, False, False]
    assert mine["daily_return"].iloc[2] == pytest.approx(mine["nav"].iloc[2] / mine["nav"].iloc[1] - 1.0)


def test_the_paired_test_has_modelled_days_before_and_real_ones_since(platform):
    run(platform)
    candidate = releases.fold(events(platform.ops), platform.config.governance, POOL).by_id["R2"]

    gate, verdict = paired_of(platform, candidate, LAST)
    rows = platform.lake.read(t.PAPER_RELEASES, POOL).dropna(subset=["daily_return"])
    wide = rows.pivot(index="date", columns="release_id", values="daily_return").dropna()
    gap = wide["R2"] - wide["R1"]
    live = gap[gap.index >= "2024-03-06"]
    variance, tau = gap[gap.index < "2024-03-04"].var(), 0.001
    ratio = math.sqrt(variance / (variance + 3 * tau**2)) * math.exp(
        9 * tau**2 * live.mean() ** 2 / (2 * variance * (variance + 3 * tau**2))
    )
    assert (gap.index < "2024-03-04").sum() >= 60
    assert (verdict.n, verdict.mean, verdict.ratio) == (3, pytest.approx(live.mean()), pytest.approx(ratio))
    assert gate == (State.PASS, "")


def test_the_consistency_of_a_mixed_account_is_green_and_red_when_the_mix_is_changed(platform):
    run(platform)
    assert write_consistency(platform, POOL, Window(LAST, LAST)).facts["state"] == "PASS"

    rows = platform.lake.read(t.PAPER_RELEASES, POOL)
    platform.lake.write(t.PAPER_RELEASES, POOL, rows.assign(share=rows["share"].replace({0.2: 0.5, 0.8: 0.5})))
    facts = write_consistency(platform, POOL, Window(LAST, LAST)).facts
    assert (facts["state"], facts["first diverging stage"]) == ("FAIL", "weight")


def test_a_day_that_is_run_again_writes_nothing_and_a_cut_one_goes_on(platform):
    run(platform)
    before = {table: platform.lake.read(table, POOL) for table in (t.PAPER_RELEASES, t.PAPER_ACCOUNT, t.PAPER_FILLS)}
    assert run(platform).written == ()

    day = dt.date(2024, 3, 7)
    for table in (t.PAPER_DECISIONS, t.PAPER_FILLS, t.PAPER_ACCOUNT):
        platform.lake.write(table, POOL, table.no_rows(), day, None)
    platform.lake.write(t.PAPER_RELEASES, POOL, t.PAPER_RELEASES.no_rows(), dt.date(2024, 3, 8), None)
    run(platform)
    for table, rows in before.items():
        pd.testing.assert_frame_equal(platform.lake.read(table, POOL), rows)


def test_a_recorded_mix_that_would_be_decided_again_is_no_difference(platform):
    run(platform)

    assert run(platform).facts["decisions that would differ now"] == "none"
    assert events(platform.ops, {"decision.differs"}) == []


def test_after_the_rollback_the_stable_release_alone_decides(platform):
    run(platform, dt.date(2024, 3, 6))
    act = story.trigger("R2", dt.date(2024, 3, 6))
    rollback.roll_back(platform.ops, platform.config.governance, act, story.post)
    run(platform)
    first, second = ranked(platform)[:2]

    last = platform.lake.read(t.PAPER_DECISIONS, POOL, start=LAST)
    weights = dict(last.loc[last["weight"] > 0.0, ["symbol", "weight"]].to_numpy())
    assert weights == pytest.approx({first: 0.5, second: 0.5})
    assert set(shadows(platform)[shadows(platform)["date"] == str(LAST)]["release_id"]) == {"R1"}


def test_after_a_rollback_to_cash_nothing_is_held_and_nothing_of_the_mix_is_kept(platform):
    day = dt.date(2024, 3, 6)
    run(platform, day)
    for name in ("R2", "R1"):
        rollback.roll_back(platform.ops, platform.config.governance, story.trigger(name, day), story.post)
    run(platform)
    first, second = ranked(platform)[:2]

    last = platform.lake.read(t.PAPER_DECISIONS, POOL, start=LAST)
    aimed = dict(last.loc[last["target"] > 0.0, ["symbol", "target"]].to_numpy())
    assert aimed == {first: 0.5, second: 0.5}
    assert last["weight"].eq(0.0).all() and set(last["release_id"]) == {"CASH"}
    assert platform.lake.read(t.PAPER_ACCOUNT, POOL, start=LAST)["n_positions"].tolist() == [0]
    assert shadows(platform)["date"].max() == pd.Timestamp("2024-03-06")


def test_a_configuration_that_is_not_on_record_is_told(platform):
    """The checkout's stands for it, and the row names the one that decided."""
    shutil.rmtree(platform.workspace.home / "experiments")
    run(platform)

    assert set(shadows(platform)["config"]) == {platform.config.digest}
