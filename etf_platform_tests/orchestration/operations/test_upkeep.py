"""The vacuum spares what a decision, an experiment, a release or the newest reader needs; the rest it removes."""

import json

import pytest

from etf_platform.core import tables as t
from etf_platform.core.errors import StorageError
from etf_platform.orchestration.experiments import registered
from etf_platform.orchestration.steps.upkeep import versions_to_keep
from etf_platform.storage.maintenance import maintain
from etf_platform_tests.resources import release_story as story

ADDRESS = "market/A_SHARE/bars"


@pytest.fixture
def platform(replays, week):
    platform = replays.open(week)
    yield platform
    platform.ops.dispose()


def restate(platform, factor):
    """One more version of the bars in which every close of the present year differs; its number."""
    bars = platform.lake.read(t.BARS, "A_SHARE")
    late = bars["date"] >= "2024-01-01"
    return platform.lake.write(t.BARS, "A_SHARE", bars.assign(close=bars["close"].where(~late, bars["close"] * factor)))


def closes(platform, version):
    return platform.lake.read(t.BARS, "A_SHARE", version=version)["close"].sum()


def cleaned(platform, replays, week):
    """After a vacuum without retention, seen by a lake that has read nothing yet."""
    maintain(platform.lake, versions_to_keep(platform), retention_hours=0)
    return replays.open(week)


def test_every_version_that_a_decision_read_stays_readable(replays, week, platform):
    texts = platform.lake.read(t.PAPER_DECISIONS, "A_SHARE")["inputs"].unique()
    named = sorted({json.loads(text)[ADDRESS] for text in texts})
    before = {version: closes(platform, version) for version in named}
    restate(platform, 1.01)

    again = cleaned(platform, replays, week)
    assert len(named) == 5  # the week was loaded day by day
    assert {version: closes(again, version) for version in named} == before


def test_experiments_and_releases_keep_theirs_and_what_nobody_names_goes(replays, week, platform):
    tried = restate(platform, 1.01)
    experiment = registered(platform, "rotation_backtest", {"pool": "A_SHARE"}).experiment
    proposed, nobodys, newest = restate(platform, 1.02), restate(platform, 1.03), restate(platform, 1.04)
    story.append(platform.ops, story.proposal("R1", data_version=json.dumps({ADDRESS: proposed})))
    before = [closes(platform, version) for version in (tried, proposed, newest)]
    assert experiment.conditions.data_version[ADDRESS] == tried

    again = cleaned(platform, replays, week)
    assert [closes(again, version) for version in (tried, proposed, newest)] == before
    with pytest.raises(StorageError):
        closes(again, nobodys)


def test_a_release_whose_versions_are_unreadable_keeps_nothing_and_breaks_nothing(platform):
    before = versions_to_keep(platform)
    for n, text in enumerate(("no JSON", "[1]", '{"market/A_SHARE/bars": "seven"}')):
        story.append(platform.ops, story.proposal(f"R{n}", data_version=text))

    assert versions_to_keep(platform) == before
