"""The scoring's assets: by the real job, day by day as in one run, on broken inputs, and what people ask of them."""

import json
import shutil
from datetime import date

import numpy as np
import pandas as pd
import pytest

from etf_platform.core import tables as t
from etf_platform.core.config import load_config
from etf_platform.core.errors import BadInputError, ConfigError, GateClosedError, InsufficientDataError
from etf_platform.core.workspace import Workspace, packaged_config
from etf_platform.orchestration.build import definitions_of
from etf_platform.orchestration.checks import fuses_on
from etf_platform.orchestration.gates import refuse_behind_open_fuse
from etf_platform.orchestration.graph_scoring import SCORING_STEPS
from etf_platform.orchestration.instance.config import open_instance
from etf_platform.orchestration.platform import Platform, resolve
from etf_platform.orchestration.scoring import evaluation_of, last_scored, report_of, score_day
from etf_platform.orchestration.step import Window
from etf_platform.orchestration.steps.market_report import report_path
from etf_platform.orchestration.steps.scoring import write_scores
from etf_platform.reports.scoring import report_dict
from etf_platform.reports.scoring.positions import VARIABLE

DAY, FIRST = date(2024, 1, 31), "2023-12-01"
MADE = (t.ASSET_STATES, t.FACTOR_SCORES, t.SCORE_BASIS, t.ASSET_SCORES, t.SCORE_EVALUATION)
EDITS = {
    'first_score: "2023-01-03"': f'first_score: "{FIRST}"',
    "window: 252, min_sessions: 60": "window: 30, min_sessions: 10",
}


@pytest.fixture(autouse=True, scope="module")
def _no_positions():
    """The report reads the holdings of whoever runs the tests; these are of nobody."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(VARIABLE, raising=False)
        yield


def _open(folder, home="home", data=None, first=FIRST, **edits):
    """The shipped configuration with few sessions; on recorded data where `data` is given."""
    config = folder / "configs"
    if not config.exists():
        shutil.copytree(packaged_config(), config)
        text = (config / "scoring.yaml").read_text(encoding="utf-8")
        for old, new in EDITS.items():
            assert text.count(old) == 1, f"scoring.yaml no longer holds {old}"
            text = text.replace(old, new.replace(FIRST, first))
        (config / "scoring.yaml").write_text(text, encoding="utf-8")
    source = None if data is None else "etf_qfq_eastmoney"
    return Platform.open(Workspace(folder / home, config, source, data))


def _run(platform, day, start=None, steps=SCORING_STEPS):
    for step in steps:
        resolve(step.run)(platform, "ASSETS", Window(start or day, day, "test"))


def _sessions(platform, n):
    """The last n sessions up to DAY."""
    known = platform.sessions("ASSETS").index
    return [at.date() for at in known[known <= str(DAY)][-n:]]


def _stored(platform, table):
    return platform.lake.read(table, "ASSETS")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """The job of one day on an empty home, through Dagster."""
    platform = _open(tmp_path_factory.mktemp("scoring"))
    with open_instance(platform.workspace) as instance:
        result = (
            definitions_of(platform)
            .resolve_job_def("scoring")
            .execute_in_process(instance=instance, partition_key=str(DAY), raise_on_error=False)
        )
    yield platform, result
    platform.ops.dispose()


@pytest.fixture
def copy(done, tmp_path):
    """A copy of the home that may be broken."""
    shutil.copytree(done[0].workspace.home, tmp_path / "home")
    platform = _open(tmp_path)
    yield platform
    platform.ops.dispose()


def test_the_first_run_scores_every_session_since_the_first_and_passes_its_gate(done):
    platform, result = done
    scores = _stored(platform, t.ASSET_SCORES)
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}

    assert result.success
    assert checks["totals_differ"] and checks["enough_assets_are_scored"] and checks["inputs_keep_coming"]
    assert list(scores["date"].dt.date.unique()) == _sessions(platform, scores["date"].nunique())
    assert (scores["date"].min().date().isoformat(), last_scored(platform)) == (FIRST, DAY)
    assert (scores.groupby("date").size() == 29).all()
    assert scores["total_score"].notna().groupby(scores["date"]).sum().min() >= 20


def test_totals_differ_between_assets_and_between_days(done):
    """The original gave 58.33 to everything."""
    totals = _stored(done[0], t.ASSET_SCORES).pivot(index="date", columns="asset", values="total_score")

    assert (totals.std(axis=1) > 3.0).all()
    assert (totals.dropna(axis=1).std(axis=0) > 1.0).all()


def test_everything_is_labelled_as_simulated(done):
    platform, _ = done

    for table in MADE:
        sources = _stored(platform, table)["source"]
        is_made = sources != "none"
        assert sources[is_made].str.contains("simulated").all(), table.name
    assert "SIMULATED" in report_path(platform, DAY).read_text(encoding="utf-8")


def test_a_day_alone_is_bit_for_bit_the_day_of_the_backfill(done, tmp_path):
    """A load that ends before, a day after one that was missed, this one again: the same rows and the same reports."""
    whole, _ = done
    platform = _open(tmp_path)
    first, missed, last = _sessions(whole, 3)
    for day in (first, last, missed):
        _run(platform, day)

    for table in MADE:
        pd.testing.assert_frame_equal(_stored(platform, table), _stored(whole, table), check_exact=True)
    for suffix in (".md", ".txt", ".html"):
        mine, theirs = (report_path(p, DAY).with_suffix(suffix).read_bytes() for p in (platform, whole))
        assert mine == theirs, suffix


def test_nothing_of_a_session_depends_on_what_came_later(copy):
    """All later bars and published values are changed; the session is made again."""
    day = _sessions(copy, 4)[0]
    before = {table: _stored(copy, table) for table in MADE[:4]}
    text = report_of(copy, day)
    for table, columns in ((t.BARS, ("open", "high", "low", "close", "volume")), (t.ASSET_SERIES, ("value",))):
        rows = _stored(copy, table)
        # New York's bar of the session itself, and what is published after it, are its future too
        later = rows["published_at"] > str(day) if table is t.ASSET_SERIES else rows["date"] > str(day)
        if table is t.BARS:
            later |= (rows["date"] == str(day)) & rows["symbol"].isin(["GC=F", "^IXIC", "BTC-USD"])
        assert later.any()
        copy.lake.write(table, "ASSETS", rows.assign(**{c: rows[c].where(~later, rows[c] * 1.7) for c in columns}))
    _run(copy, day, steps=SCORING_STEPS[2:3])

    for table, rows in before.items():
        pd.testing.assert_frame_equal(_stored(copy, table), rows, check_exact=True)
    assert report_of(copy, day) == text


def test_an_input_that_is_restated_leaves_what_was_said_until_the_session_is_asked_for(copy):
    """Scores are judged by what they said: a new price of the past changes no stored score by itself."""
    day, last = _sessions(copy, 2)
    rows, said = _stored(copy, t.BARS), _stored(copy, t.ASSET_SCORES)
    is_old = (rows["date"] < str(day)) & (rows["symbol"] == "000300.SH")
    copy.lake.write(t.BARS, "ASSETS", rows.assign(close=rows["close"].where(~is_old, rows["close"] * 0.999)))
    _run(copy, last, steps=SCORING_STEPS[2:3])
    now = _stored(copy, t.ASSET_SCORES)

    assert now[now["date"] < str(last)].equals(said[said["date"] < str(last)])
    assert not now.equals(said)


def test_an_asset_without_bars_is_blocked_with_its_reason_and_costs_no_other(copy):
    rows = _stored(copy, t.BARS)
    copy.lake.write(t.BARS, "ASSETS", rows[rows["symbol"] != "512690.SH"])
    _run(copy, DAY, steps=SCORING_STEPS[2:])
    scores = score_day(copy, DAY).set_index("asset")
    liquor = scores.loc["CN_LIQUOR"]

    assert (liquor["status"], liquor["direction"], liquor["recommended_position"]) == ("BLOCKED", "数据不足", "")
    assert pd.isna(liquor["total_score"]) and "没有512690.SH的行情" in liquor["reason"]
    assert scores["total_score"].notna().sum() == 28 and liquor["target_weight"] == 0.0
    report = report_path(copy, DAY).read_text(encoding="utf-8")
    assert "## ⚠️ 分析失败" in report and "没有512690.SH的行情" in report.split("## ⚠️ 分析失败")[1]


def test_bars_that_stop_block_the_asset_when_they_are_old_and_are_told_by_a_fuse(copy):
    """Five sessions are still fresh, the sixth is not."""
    rows, days = _stored(copy, t.BARS), _sessions(copy, 7)
    copy.lake.write(t.BARS, "ASSETS", rows[(rows["symbol"] != "512690.SH") | (rows["date"] <= str(days[0]))])
    _run(copy, DAY, start=days[1], steps=SCORING_STEPS[2:3])
    said = _stored(copy, t.ASSET_SCORES).set_index(["asset", "date"]).loc["CN_LIQUOR"]
    judged = {f.name: r for f, r in copy.judge("ASSETS", _fuses(copy), Window(DAY, DAY, "test"))}

    assert pd.notna(said.loc[str(days[5]), "total_score"])
    assert pd.isna(said.loc[str(DAY), "total_score"]) and "已过6个交易日" in said.loc[str(DAY), "reason"]
    assert judged["inputs_keep_coming"].reason == "CN_LIQUOR bars"


def test_a_series_that_ends_makes_its_factor_unavailable_and_never_neutral(copy):
    """PE and PB may be ten sessions old; then HS300 has five factors of six, and a warning."""
    rows, days = _stored(copy, t.ASSET_SERIES), _sessions(copy, 12)
    ended = rows["name"].isin(["pe", "pb"]) & (rows["date"] > str(days[0]))
    copy.lake.write(t.ASSET_SERIES, "ASSETS", rows[~ended])
    _run(copy, DAY, start=days[1], steps=SCORING_STEPS[2:3])
    factors = _stored(copy, t.FACTOR_SCORES).set_index(["asset", "factor", "date"]).loc["HS300"]
    before, after = (factors.loc[("valuation", str(day))] for day in (days[10], DAY))

    assert before["available"] and not after["available"]
    assert (after["detail"], pd.isna(after["score"]), pd.isna(after["weight"])) == ("不可用", True, True)
    assert "已过11个交易日" in after["reason"]
    weights = factors.xs(pd.Timestamp(DAY), level="date")["weight"].dropna()
    assert weights.tolist() == [1.0 / len(weights)] * len(weights) and len(weights) >= 4
    assert score_day(copy, DAY, ["HS300"]).loc[0, "status"] == "WARN"


def test_constant_totals_stop_the_report(copy):
    """What the original shipped; the report of the day before stays."""
    scores = _stored(copy, t.ASSET_SCORES)
    copy.lake.write(t.ASSET_SCORES, "ASSETS", scores.assign(total_score=58.33))
    copy.judge("ASSETS", _fuses(copy), Window(DAY, DAY, "test"))

    with pytest.raises(GateClosedError, match="totals_differ on scoring/scores is FAIL"):
        refuse_behind_open_fuse(copy, "ASSETS", SCORING_STEPS[-1])


def _fuses(platform):
    return fuses_on(platform, SCORING_STEPS[2], "ASSETS")


def test_days_before_the_first_score_have_none(copy):
    before = _stored(copy, t.ASSET_SCORES)
    with pytest.raises(InsufficientDataError, match=r"no session from the first score \(2023-12-01\) on"):
        write_scores(copy, "ASSETS", Window(date(2023, 11, 1), date(2023, 11, 30), "test"))

    assert _stored(copy, t.ASSET_SCORES).equals(before)


def test_the_evaluation_reads_only_what_was_known(done):
    """Five sessions ahead: of the last day, outcomes of scores up to five sessions before, by a plain loop."""
    platform, _ = done
    days = _sessions(platform, 60)
    scores = _stored(platform, t.ASSET_SCORES).set_index(["date", "asset"])["total_score"]
    bars = _stored(platform, t.BARS)
    close = bars.assign(close=bars["close"] * bars["adj_factor"]).pivot(index="date", columns="symbol", values="close")
    hits = seen = 0
    for day in days[:-5]:
        for key, asset in platform.config.scoring.assets.items():
            if (pd.Timestamp(day), key) not in scores.index or asset.calendar not in ("XSHG",):
                continue
            if pd.notna(scores[pd.Timestamp(day), key]):
                seen += 1
                hits += close[asset.symbol][str(days[days.index(day) + 5])] > close[asset.symbol][str(day)]
    rows = evaluation_of(platform, DAY)
    everything = rows[(rows["name"] == "全部") & (rows["measure"] == "hit_rate") & (rows["horizon"] == 5)].iloc[0]
    others = everything["n"] - seen

    assert 0 < others < 0.3 * everything["n"]  # Hong Kong, New York and the coin
    assert everything["value"] * everything["n"] == pytest.approx(hits, abs=others + 1e-6)


def test_a_report_is_of_the_asked_assets_and_an_unknown_one_is_refused(done):
    platform, _ = done
    report = report_of(platform, DAY, ["HS300", "GOLD", "HS300"])

    assert [asset.key for asset in report.assets] == ["HS300", "GOLD"]
    assert [line.label.split()[0] for line in report.indices] == [
        "纳斯达克",
        "科创50",
        "恒生科技",
        "创业板指",
        "沪深300",
    ]
    assert score_day(platform, DAY, ["GOLD"])["asset"].tolist() == ["GOLD"]
    for ask in (report_of, score_day):
        with pytest.raises(BadInputError, match="no asset HS301"):
            ask(platform, DAY, ["HS300", "HS301"])


def test_a_session_without_scores_says_what_to_run(done):
    platform, _ = done

    with pytest.raises(InsufficientDataError, match="the last scored session is 2024-01-31") as caught:
        report_of(platform, date(2024, 2, 1))
    assert "score run --date 2024-02-01" in str(caught.value)


def test_the_report_says_what_is_stored(done):
    """Totals, directions, weights and factors of the page are the table's."""
    platform, _ = done
    rows = score_day(platform, DAY).set_index("asset")
    for asset in report_of(platform, DAY).assets:
        row = rows.loc[asset.key]

        assert (asset.total, asset.direction, asset.status) == (row["total_score"], row["direction"], row["status"])
        shares = [f.orth_score * f.weight for f in asset.factors if f.orth_score is not None]
        assert asset.total == pytest.approx(sum(shares))
        assert len(asset.factors) == 6 and asset.risk.level == row["risk_level"]


def test_programs_get_the_numbers_that_every_score_was_made_of(done):
    """Of unavailable factors none; a text in JSON has no NaN."""
    platform, _ = done
    rows = score_day(platform, DAY).set_index("asset")
    made = json.loads(json.dumps(report_dict(report_of(platform, DAY)), allow_nan=False))

    for asset in made["assets"]:
        for factor in asset["factors"].values():
            assert bool(factor["inputs"]) == factor["available"]
        if asset["factors"]["hist"]["available"]:
            assert asset["factors"]["hist"]["inputs"]["up_prob"] == rows.loc[asset["asset_key"], "up_prob_20"]


def test_weights_are_a_portfolio_within_its_limits(done):
    scores = _stored(done[0], t.ASSET_SCORES)
    held = scores.groupby("date")["target_weight"]

    assert (held.sum() <= 0.9 + 1e-12).all() and (scores["target_weight"].between(0.0, 0.2 + 1e-12)).all()
    assert (held.apply(lambda w: int((w > 0).sum())) <= 5).all() and held.sum().max() > 0.0
    chosen = scores[scores["target_weight"] > 0]
    assert (chosen["total_score"] >= 60.0).all() and (chosen["risk_score"] < 0.5).all()


def test_a_factor_that_does_not_exist_is_refused_with_its_place(tmp_path):
    shutil.copytree(packaged_config(), tmp_path / "configs")
    path = tmp_path / "configs" / "scoring.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("[hist, tech, volume, sentiment]", "[hist, tech, volume, mood]", 1), encoding="utf-8")

    with pytest.raises(ConfigError, match=r"scoring\.yaml: assets\.GOLD\.applicable_factors"):
        load_config(tmp_path / "configs")


@pytest.fixture
def recorded(shared, tmp_path):
    return _links(shared, tmp_path / "data")


def _links(shared, data):
    """A folder of links to the recorded data; a test replaces single files."""
    for path in shared("data").rglob("*"):
        if path.is_file() and path.parent.name in ("cn_etf", "cn_stock", "macro", "us"):
            link = data / path.relative_to(shared("data"))
            link.parent.mkdir(parents=True, exist_ok=True)
            link.symlink_to(path)
    return data


@pytest.fixture(scope="module")
def real(shared, tmp_path_factory):
    """The recorded data up to the last session of 2024."""
    folder = tmp_path_factory.mktemp("real")
    yield _real(folder, _links(shared, folder / "data"))


REAL_DAY, REAL_FIRST = date(2024, 12, 31), "2024-12-18"


def _real(tmp_path, data, home="home"):
    platform = _open(tmp_path, home, data, first=REAL_FIRST)
    _run(platform, REAL_DAY, steps=SCORING_STEPS[:3])
    return platform


def test_recorded_data_score_twenty_assets_and_name_the_others(real):
    scores = score_day(real, REAL_DAY).set_index("asset")
    missing = scores[scores["total_score"].isna()]["reason"]

    assert scores["total_score"].notna().sum() >= 20 and scores["total_score"].nunique() >= 15
    assert missing["BTC"] == "没有收录BTC-USD的行情"
    assert set(missing.index) == {"BTC", "HKTECH", "BABA_HK", "HK_BIOTECH"}
    assert scores.loc["NASDAQ", "source"].endswith("(proxy QQQ.US)") and scores.loc[
        "NASDAQ", "data_date"
    ] < pd.Timestamp(REAL_DAY)


@pytest.mark.parametrize("how", ["missing", "truncated"])
def test_a_broken_file_blocks_its_assets_alone_and_is_named(recorded, tmp_path, how):
    """The indices are gone: HS300 and CYBZ, and what is made of HS300; the funds are scored on what is left."""
    (indices,) = recorded.glob("cn_etf/cn_indices*")
    content = indices.read_bytes()[:4000]
    indices.unlink()
    if how == "truncated":
        indices.write_bytes(content)
    platform = _real(tmp_path, recorded)
    scores = score_day(platform, REAL_DAY).set_index("asset")

    assert scores.loc["HS300", "status"] == scores.loc["CYBZ", "status"] == "BLOCKED"
    assert "000300.SH" in scores.loc["HS300", "reason"]
    factors = _stored(platform, t.FACTOR_SCORES).set_index(["asset", "factor", "date"])
    mood = factors.loc[("CN_BANK", "sentiment", str(REAL_DAY))]
    assert not mood["available"] and "沪深300" in mood["reason"]
    assert np.isfinite(scores.loc["CN_BANK", "total_score"])


def test_a_home_loaded_later_says_the_same_of_the_past(real, recorded, tmp_path):
    """Loaded to the last day of 2024, and to a day of 2025."""
    now = _open(tmp_path, "now", recorded, first=REAL_FIRST)
    _run(now, date(2025, 1, 10), steps=SCORING_STEPS[:3])

    for table in MADE[:4]:
        rows = now.lake.read(table, "ASSETS", end=REAL_DAY)
        pd.testing.assert_frame_equal(_stored(real, table), rows, check_exact=True)
    assert report_of(real, REAL_DAY) == report_of(now, REAL_DAY)
