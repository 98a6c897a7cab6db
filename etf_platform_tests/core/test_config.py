"""The configuration: shipped defaults are sound, every problem is found at once, nothing is silently ignored."""

import shutil
from pathlib import Path

import pytest

from etf_platform.core.config.load import FILES, check_config, load_config
from etf_platform.core.errors import ConfigError
from etf_platform.core.workspace import Workspace, packaged_config


@pytest.fixture
def folder(tmp_path) -> Path:
    """An editable copy of the shipped configuration."""
    copy = tmp_path / "configs"
    copy.mkdir()
    for name in FILES:
        shutil.copy(packaged_config() / f"{name}.yaml", copy)
    return copy


def edit(folder: Path, name: str, old: str, new: str) -> None:
    path = folder / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_shipped_configuration_has_no_problems():
    config, problems = check_config(packaged_config())

    assert problems == []
    assert {pool: len(symbols) for pool, symbols in config.pools.items()} == {"A_SHARE": 18, "QDII": 6, "OTHER": 23}


def test_original_assignment_keeps_hang_seng_in_a_share(folder):
    edit(folder, "etf_pools", "assignment: corrected", "assignment: original_compatible")

    pools = load_config(folder).pools

    assert "159920.SZ" in pools["A_SHARE"] and len(pools["A_SHARE"]) == 19 and len(pools["QDII"]) == 5


def test_instruments_match_the_specification(shared):
    import json

    specified = json.loads(shared("specs/pools.json").read_text(encoding="utf-8"))["pools"]
    config = load_config(packaged_config())

    for pool in specified.values():
        for member in pool["members"]:
            ours = config.instrument(member["symbol"])
            facts = ("name", "underlying", "asset_class", "sector", "pillar", "price_limit", "settlement")
            for key in (*facts, "underlying_lag"):
                assert getattr(ours, key) == member[key]
            assert config.etf_pools.etf_categories[member["symbol"]] == member["category"]


def test_all_problems_of_all_files_are_listed_at_once(folder):
    edit(folder, "etf_pools", "min_coverage: 0.80", "min_coverage: 80")
    edit(folder, "etf_pools", "lot: 100", "lots: 100")
    edit(folder, "platform", "hour: 18", "hour: 30")
    edit(folder, "factors", "production_set: curated12", "production_set: best")
    (folder / "fuses.yaml").write_text("look_ahead: {cuts: 3, cuts: 4}\n")

    _, problems = check_config(folder)

    found = "\n".join(problems)
    wrong = ("ci_thresholds.min_coverage", "costs.lots", "schedule.hour", "production_set", "fuses.yaml: line 1")
    for expected in wrong:
        assert expected in found
    assert len(problems) == 5


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("      - 510050.SH ", "      - 510050 ", "valid string"),
        ("      - 510050.SH ", "      - 510050.XX ", "exchange suffix"),
        ("      - 510050.SH ", "      - 510300.SH ", "listed twice"),
        ("      - 510050.SH ", "      - 000001.SZ ", "not in instruments.yaml"),
        ("      A_SHARE: 0.7", "      A_SHARE: 0.8", "sum to 1.1"),
        ("      A_SHARE: 0.7", "      B_SHARE: 0.7", "disagree about B_SHARE"),
        ("09:30", "9h30", "time of day"),
        ("rebalance_freq: M ", "rebalance_freq: W ", "pattern"),
    ],
)
def test_a_wrong_pool_file_is_named_with_its_key(folder, old, new, word):
    edit(folder, "etf_pools", old, new)

    _, problems = check_config(folder)

    assert any(word in p and p.startswith("etf_pools.yaml: ") for p in problems), problems


def test_a_missing_file_and_a_missing_folder_are_told(folder, tmp_path):
    (folder / "sources.yaml").unlink()

    assert any(p.startswith("sources.yaml: ") for p in check_config(folder)[1])
    assert "init" in check_config(tmp_path / "nowhere")[1][0]


def test_load_raises_one_sentence_with_every_problem(folder):
    edit(folder, "platform", "hour: 18", "hour: 30")

    with pytest.raises(ConfigError, match=r"1 problem.*schedule\.hour.*config check"):
        load_config(folder)


def test_environment_overrides_the_paths(folder, monkeypatch):
    monkeypatch.setenv("ETF_OUTPUT_DIR", "/elsewhere/out")

    assert load_config(folder).etf_pools.paths.output_root == "/elsewhere/out"


def test_digest_names_the_values_not_the_text(folder):
    before = load_config(folder).digest
    edit(folder, "platform", "schedule:", "# a comment\nschedule:")
    same = load_config(folder).digest
    edit(folder, "platform", "hour: 18", "hour: 17")

    assert before == same
    assert load_config(folder).digest != before


@pytest.mark.parametrize("base", ["http://quotes.example", "ftp://quotes.example", "quotes.example"])
def test_a_provider_is_asked_over_https_only(base):
    """Plain http is for this machine, where tests stand."""
    from etf_platform.core.config.live import Provider

    with pytest.raises(ValueError, match="is no https address"):
        Provider(hosts={"quotes.example": base})

    assert Provider(hosts={"quotes.example": "http://127.0.0.1:8000"}).hosts


def test_the_older_name_of_the_configuration_folder_counts_where_ours_is_not_set(tmp_path):
    older, ours = str(tmp_path / "older"), str(tmp_path / "ours")

    assert Workspace.from_env({"NDX_RSI_CONFIG": older}).config == tmp_path / "older"
    assert Workspace.from_env({"NDX_RSI_CONFIG": older, "ETF_PLATFORM_CONFIG": ours}).config == tmp_path / "ours"
