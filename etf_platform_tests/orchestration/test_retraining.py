"""A retrain: fitted on what was known, judged on the sessions after it, on record, closed; no freeze is lifted."""

import datetime as dt

import numpy as np
import pandas as pd
import pytest
import sqlalchemy as sa

from etf_platform.core import tables as t
from etf_platform.core.errors import BadInputError, InsufficientDataError
from etf_platform.core.states import State
from etf_platform.core.units.event import FREEZE_ON, RETRAIN_CLOSED, RETRAIN_OPENED, Event
from etf_platform.factors.aliases import lookup
from etf_platform.governance import freezes
from etf_platform.governance.experiments import registry
from etf_platform.orchestration.platform import Platform
from etf_platform.orchestration.refits import Question, refit
from etf_platform.orchestration.reproduction import reproduced
from etf_platform.orchestration.retraining import retrain
from etf_platform.storage.events import append, events
from etf_platform.storage.opsdb import OUTBOX
from etf_platform.storage.outbox import transaction

POOL, SESSION, HOLDOUT = "A_SHARE", dt.date(2024, 3, 1), 60


@pytest.fixture
def platform(small, folder):
    platform = small.open(folder)
    yield platform
    platform.ops.dispose()


def on_record(platform, *made):
    with transaction(platform.ops) as connection:
        append(connection, made)


def opened(day="2024-02-28"):
    payload = {"rule": "drift_retrain", "reason": "drift on 3 sessions", "audit": "parameters"}
    at = dt.date.fromisoformat(day)
    return Event(f"retrain.opened/{POOL}/{day}", RETRAIN_OPENED, POOL, "system:failsafe", payload, at)


def shaken(platform, where):
    """The same home with one fund's prices and all its factors changed on some days."""
    for table, columns in ((t.BARS, ("open", "high", "low", "close")), (t.PANEL, None)):
        rows = platform.lake.read(table, POOL)
        mine = where(rows["date"]) & (rows["symbol"] == "510500.SH")
        for column in columns or [name for name in rows if name not in ("date", "symbol", "source")]:
            rows.loc[mine, column] = (rows.loc[mine, column] * 3.0).astype(rows[column].dtype)
        platform.lake.write(table, POOL, rows)


def test_the_choice_knows_nothing_of_the_sessions_that_judge_it(platform):
    asked = Question(POOL, SESSION, HOLDOUT)
    before = refit(platform, asked)
    first = sorted(platform.lake.read(t.BARS, POOL)["date"].unique())[-HOLDOUT]
    shaken(platform, lambda dates: dates >= first)

    after = refit(Platform.open(platform.workspace), asked)
    pd.testing.assert_frame_equal(after.judged, before.judged)
    assert before.judged["is_chosen"].any()
    assert after.refitted.sharpe_in_sample == before.refitted.sharpe_in_sample
    assert after.refitted.sharpe_out_of_sample != before.refitted.sharpe_out_of_sample


def test_nothing_later_than_the_session_is_seen(platform):
    earlier = Question(POOL, dt.date(2024, 2, 23), HOLDOUT)
    before = refit(platform, earlier)
    shaken(platform, lambda dates: dates > "2024-02-23")

    after = refit(Platform.open(platform.workspace), earlier)
    assert (after.refitted.record, after.in_force.record) == (before.refitted.record, before.in_force.record)
    assert before.end == pd.Timestamp("2024-02-23")


def test_the_figures_of_both_parts_are_those_of_the_account_by_hand(platform):
    found = refit(platform, Question(POOL, SESSION, HOLDOUT))
    equity = found.refitted.account.equity
    days = sorted(platform.lake.read(t.BARS, POOL)["date"].unique())

    excess = equity.set_index("date")["portfolio_value"].pct_change().dropna() - 0.03 / 252
    for part, ratio in (
        (excess[excess.index < days[-HOLDOUT]], found.refitted.sharpe_in_sample),
        (excess[excess.index >= days[-HOLDOUT]], found.refitted.sharpe_out_of_sample),
    ):
        assert ratio == pytest.approx(part.mean() / part.std() * 252**0.5)
    record = found.refitted.record
    assert record["error"] == pytest.approx(abs(found.refitted.sharpe_in_sample - found.refitted.sharpe_out_of_sample))
    assert record["improvement"] == pytest.approx(found.refitted.sharpe_out_of_sample - found.refitted.simple)


def test_a_factor_that_told_the_future_is_chosen(platform):
    """One column is made to be the return that follows: it must stand among the chosen, with the largest ICIR."""
    bars, panel = platform.lake.read(t.BARS, POOL), platform.lake.read(t.PANEL, POOL)
    opens = bars.assign(total=bars["open"] * bars["adj_factor"]).pivot(index="date", columns="symbol", values="total")
    ahead = (opens.shift(-21) / opens.shift(-1) - 1.0).stack().rename("ahead").reset_index()
    told = panel[["date", "symbol"]].merge(ahead, how="left")["ahead"].to_numpy()
    noise = np.random.default_rng(7).normal(0.0, 0.01, len(panel))
    column = lookup("RETURN_5").column
    panel[column] = np.where(np.isnan(told), noise, told + noise).astype(panel[column].dtype)
    platform.lake.write(t.PANEL, POOL, panel)

    judged = refit(Platform.open(platform.workspace), Question(POOL, SESSION, HOLDOUT)).judged.set_index("factor_id")
    assert judged.loc["RETURN_5", ["sign", "is_chosen"]].tolist() == [1, True]
    assert judged["icir"].abs().idxmax() == "RETURN_5"


def test_an_open_retrain_is_done_registered_and_closed_once(platform):
    on_record(platform, opened())

    done = retrain(platform, POOL, SESSION)
    closed = events(platform.ops, {RETRAIN_CLOSED}, POOL)
    assert [event.key for event in closed] == [f"retrain.closed/{POOL}/2024-02-28"] == [done.closed.key]
    payload = closed[0].payload
    assert payload["opened"] == opened().key and payload["experiment"] == done.experiment_id
    assert set(payload["model"]) == {"selected", "factors", "error", "improvement"} == set(payload["baseline"])
    assert payload["audit"] == {"level": done.audit.level, "reason": done.audit.reason}
    assert closed[0].as_of == SESSION
    assert retrain(platform, POOL, SESSION) is None
    assert len(events(platform.ops, {RETRAIN_CLOSED}, POOL)) == 1


def test_a_refit_with_other_factors_is_a_major_of_the_audit(platform):
    on_record(platform, opened())

    done = retrain(platform, POOL, SESSION)
    assert done.model["factors"] != done.baseline["factors"]
    assert done.audit.level == "major" and done.audit.reason.startswith(f"selected {done.model['selected']}, was")


def test_the_retrain_is_reproduced_with_the_same_bytes(platform):
    on_record(platform, opened())
    done = retrain(platform, POOL, SESSION)

    experiment = registry(platform.config.governance, platform.ops)[done.experiment_id]
    assert reproduced(platform, experiment).state is State.PASS
    assert experiment.plan.kind == "rotation_retrain" and experiment.results.end == "2024-03-01"


def test_without_an_open_retrain_nothing_is_done(platform):
    assert retrain(platform, POOL, SESSION) is None

    assert registry(platform.config.governance, platform.ops) == {}


def test_a_retrain_that_cannot_be_done_stays_open(platform, small):
    on_record(platform, opened("2023-06-30"))

    with pytest.raises(InsufficientDataError, match="needed to learn a direction"):
        retrain(platform, POOL, dt.date(2023, 6, 30))
    with pytest.raises(BadInputError, match="it is no pool"):
        refit(platform, Question("portfolio", SESSION))
    assert events(platform.ops, {RETRAIN_CLOSED}, POOL) == []


def test_closing_lifts_no_freeze_and_says_what_is_awaited(platform):
    frozen = freezes.freeze(POOL, "failsafe/x", "system:failsafe", "drift", SESSION, "drift_retrain")
    on_record(platform, frozen, opened())
    config = platform.config.governance

    during = freezes.fold(events(platform.ops), config).of(POOL)
    retrain(platform, POOL, SESSION)
    after = freezes.fold(events(platform.ops), config).of(POOL)
    assert [(f.key, f.awaits) for f in during] == [(f"{FREEZE_ON}/failsafe/x", "the retrain, then a signature")]
    assert [(f.key, f.awaits) for f in after] == [(f"{FREEZE_ON}/failsafe/x", "a signature")]


def test_the_closing_is_told_to_people(platform):
    on_record(platform, opened())
    retrain(platform, POOL, SESSION)

    with platform.ops.connect() as connection:
        subjects = connection.execute(sa.select(OUTBOX.c.subject)).scalars().all()
    assert any(subject.startswith("Retrain of A_SHARE closed, audit") for subject in subjects)
