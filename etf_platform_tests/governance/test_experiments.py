"""The registry of experiments: ids, the fold, search, comparison, and that only people approve."""

import datetime as dt
import multiprocessing
from dataclasses import replace

import pytest

from etf_platform.core.config.governance import GovernanceConfig, Person
from etf_platform.core.errors import BadInputError
from etf_platform.core.units.event import EXPERIMENT_APPROVED, EXPERIMENT_RELEASED, EXPERIMENT_ROLLED_BACK, Event
from etf_platform.governance import experiments as registry
from etf_platform.governance.comparison import compared
from etf_platform.governance.experiment_record import Artifact, Conditions, Plan, Results
from etf_platform.governance.people import new_verifier, sealed
from etf_platform.storage.events import append
from etf_platform.storage.opsdb import open_ops
from etf_platform.storage.outbox import transaction

LATE = dt.datetime(2024, 1, 2, 20, 0, tzinfo=dt.UTC)  # the third of January at the exchange
SECRET = "correct horse battery"
WEI = GovernanceConfig(people={"Wei Chen": Person(roles=("research",), verifier=new_verifier(SECRET, b"1" * 16, 10))})


def plan(**changes):
    values = {"kind": "rotation_sweep", "title": "Sweep", "strategy_id": "rotation:QDII", "params": {"top_n": [1, 2]}}
    return Plan(**{**values, **changes})


def conditions(version=3):
    return Conditions(
        {"market/QDII/bars": version},
        {"market/QDII/bars": "f"},
        "c" * 64,
        "d",
        "sample",
        "0.1",
        False,
        "e",
        {"numpy": "2"},
    )


def results(sharpe=1.5, n_trials=2):
    metrics = {"in_sample": {"sharpe": sharpe}, "out_of_sample": {}, "n_trials": n_trials}
    return Results("2024-01-02", "2024-03-01", metrics, (Artifact("results.csv", "experiments/objects/ab/ab", "ab"),))


@pytest.fixture
def url(tmp_path):
    url = f"sqlite:///{tmp_path}/ops.db"
    open_ops(url).dispose()
    return url


@pytest.fixture
def ops(url):
    engine = open_ops(url)
    yield engine
    engine.dispose()


def ran(ops, **changes):
    return registry.record(ops, plan(**changes), conditions(), results(), LATE)


def add(ops, *events):
    with transaction(ops) as connection:
        append(connection, events)


def status(ops, name):
    return registry.registry(WEI, ops)[name].status


def test_ids_count_the_experiments_of_the_exchanges_day(ops):
    first, second = ran(ops), ran(ops)
    next_day = registry.record(ops, plan(), now=LATE + dt.timedelta(days=1))

    assert [first, second, next_day] == ["EXP-20240103-001", "EXP-20240103-002", "EXP-20240104-001"]


def _many(url, n, out):
    engine = open_ops(url)
    out.put([registry.record(engine, plan(), conditions(), results(), LATE) for _ in range(n)])
    engine.dispose()


def test_processes_that_record_at_once_get_different_ids(url):
    context = multiprocessing.get_context("spawn")
    out = context.Queue()
    workers = [context.Process(target=_many, args=(url, 15, out)) for _ in range(3)]
    for worker in workers:
        worker.start()
    names = [name for _ in workers for name in out.get(timeout=60)]
    for worker in workers:
        worker.join()

    assert sorted(names) == [f"EXP-20240103-{i:03d}" for i in range(1, 46)]


def test_the_record_has_every_field_of_the_specification(ops):
    name = ran(ops, hypothesis="less is more", seed=7)
    found = registry.registry(WEI, ops)[name].record

    assert found["params"] == '{"top_n":[1,2]}'
    # sha256 of that text by coreutils
    assert found["params_hash"] == "14d5c66ed8e2bee5614f78fdb82c098af568e047142eb6f72b42748a9ecb19a5"
    assert found["data_version"] == {"market/QDII/bars": 3} and found["seed"] == 7
    assert found["data_window"] == {"start": "2024-01-02", "end": "2024-03-01"}
    assert found["metrics"] == {"in_sample": {"sharpe": 1.5}, "out_of_sample": {}, "n_trials": 2}
    assert found["artifacts"] == [{"name": "results.csv", "path": "experiments/objects/ab/ab", "sha256": "ab"}]
    assert found["status"] == "running" and found["dirty"] is False
    names = "experiment_id title hypothesis strategy_id model_version commit environment_hash expected_impact"
    assert {*names.split(), "decision", "approvals", "rollback_to", "parent"} <= set(found)


def test_a_draft_has_no_results(ops):
    name = registry.record(ops, plan(kind="", params={}), now=LATE)

    found = registry.registry(WEI, ops)[name]
    assert (found.status, found.n_trials, found.record["metrics"]) == ("draft", 0, None)


def test_only_a_persons_seal_approves(ops):
    name = ran(ops)
    add(ops, registry.reviewed(registry.registry(WEI, ops)[name], "take it"))
    experiment = registry.registry(WEI, ops)[name]
    bare = registry.approval(experiment, "Wei Chen", "research")

    add(ops, bare)
    forged = Event(f"experiment/{name}/approved/x", EXPERIMENT_APPROVED, name, "system:x", bare.payload)
    add(ops, forged)
    assert status(ops, name) == "reviewed"
    add(ops, sealed(WEI, bare, SECRET))
    after = registry.registry(WEI, ops)[name]
    assert (after.status, [(a.role, a.name) for a in after.approvals]) == ("approved", [("research", "Wei Chen")])


def test_an_approval_of_other_results_is_none(ops):
    one, other = ran(ops), ran(ops, params={"top_n": [3]})
    for name in (one, other):
        add(ops, registry.reviewed(registry.registry(WEI, ops)[name], "take it"))
    payload = registry.approval(registry.registry(WEI, ops)[other], "Wei Chen", "research").payload
    wrong = Event(f"experiment/{one}/approved/y", EXPERIMENT_APPROVED, one, "Wei Chen", payload, role="research")

    add(ops, sealed(WEI, wrong, SECRET))
    assert status(ops, one) == "reviewed"


def test_events_out_of_order_change_nothing(ops):
    name = ran(ops)
    add(ops, Event("r", EXPERIMENT_RELEASED, name, "system:x"), Event("b", EXPERIMENT_ROLLED_BACK, name, "system:x"))

    assert status(ops, name) == "running"
    add(ops, registry.rejected(registry.registry(WEI, ops)[name], "worse than holding"))
    add(ops, registry.reviewed(registry.registry(WEI, ops)[name], "take it"))
    after = registry.registry(WEI, ops)[name]
    assert (after.status, after.decision) == ("rejected", "worse than holding")


def test_notes_are_kept_in_order_with_who_is_said_to_have_written_them(ops):
    name = ran(ops)
    for text, author in (("odd", "Wei"), ("odd", "Wei"), ("explained", "")):
        add(ops, registry.noted(registry.registry(WEI, ops)[name], text, author))

    notes = registry.registry(WEI, ops)[name].notes
    assert [note.partition(" ")[2] or note for note in notes] == ["(Wei): odd", "(Wei): odd", "explained"]


def test_search_wants_every_word_somewhere(ops):
    one, other = ran(ops, hypothesis="Fewer funds"), ran(ops, strategy_id="rotation:A_SHARE")
    found = registry.registry(WEI, ops).values()

    assert [e.experiment_id for e in registry.search(found, "qdii FEWER")] == [one]
    assert [e.experiment_id for e in registry.search(found, "a_share")] == [other]
    assert registry.search(found, "fewer a_share") == []


def test_trials_of_the_same_question_count_once(ops):
    ran(ops), ran(ops), ran(ops, params={"top_n": [3, 4]}), ran(ops, strategy_id="rotation:OTHER")

    assert registry.trials(registry.registry(WEI, ops).values(), "rotation:QDII") == 4


def test_ratios_of_several_experiments_are_pooled(ops):
    """Sharpe ratios 1, 2 and, in another sweep, 4, 5: variance 10/3; the same sweep again adds nothing."""
    for top_n, mean in (([1, 2], 1.5), ([1, 2], 1.5), ([3, 4], 4.5)):
        made = results()
        made = replace(made, metrics={**made.metrics, "trial_sharpes": {"n": 2, "mean": mean, "variance": 0.25}})
        registry.record(ops, plan(params={"top_n": top_n, "n_trials": mean}), conditions(), made, LATE)
    found = registry.registry(WEI, ops).values()

    assert registry.spread_of_trials(found, "rotation:QDII") == (4, pytest.approx(10 / 3))
    assert registry.spread_of_trials(found, "rotation:OTHER") == (0, 0.0)


def test_a_comparison_shows_what_differs_and_all_metrics(ops):
    one = ran(ops)
    other = registry.record(ops, plan(params={"top_n": [1, 5]}), conditions(4), results(sharpe=1.5), LATE)
    found = registry.registry(WEI, ops)

    rows = {row["what"]: (row[one], row[other]) for row in compared(found[one], found[other])}
    assert rows["params.top_n.1"] == (2, 5) and "params.top_n.0" not in rows
    assert rows["data_version.market/QDII/bars"] == (3, 4)
    assert rows["metrics.in_sample.sharpe"] == (1.5, 1.5)
    assert "title" not in rows


def test_an_unknown_id_is_refused(ops):
    with pytest.raises(BadInputError, match="there is no such experiment"):
        registry.named(registry.registry(WEI, ops), "EXP-20240103-009")
