"""The published ids against the published definitions."""

import json

import pytest

import etf_platform.factors
from etf_platform.core.catalog import collect
from etf_platform.core.errors import UnknownUnitError
from etf_platform.core.units.factor import Factor
from etf_platform.factors.aliases import OPTIONAL, UNAVAILABLE, lookup, panel_columns, published
from etf_platform.factors.series import required_columns

UNITS = {unit.column: unit for unit in collect(etf_platform.factors, Factor)}


@pytest.fixture(scope="module")
def specification(shared):
    return json.loads(shared("specs/factors.json").read_text(encoding="utf-8"))["factors"]


def test_every_field_equals_the_specification_in_the_published_order(specification):
    ours = [
        {
            "factor_id": p.factor_id,
            "family": p.family,
            "bucket": p.bucket,
            "formula": p.formula,
            "params": dict(p.params),
            "min_history": p.min_history,
            "warmup_bars": p.warmup_bars,
            "in_original_panel": p.in_original_panel,
            "scale": p.scale,
            "scale_free": p.scale_free,
            "normalised_formula": p.normalised_formula,
            "duplicate_of": p.duplicate_of,
            "direction_prior": p.direction_prior,
        }
        for p in published()
    ]

    assert ours == [{"normalised_formula": None, "duplicate_of": None, **entry} for entry in specification]


def test_314_are_designed_and_209_stood_in_the_original_panel():
    families = [p.family for p in published() if p.in_original_panel]

    assert len(published()) == 314
    assert (families.count("VBT"), families.count("TA"), families.count("CUSTOM")) == (68, 116, 25)


def test_every_id_has_a_column_with_the_published_warm_up_and_fields():
    for entry in published():
        unit = UNITS[entry.column]

        assert unit.warmup == entry.warmup_bars, entry.factor_id
        assert required_columns(unit.inputs) == entry.required_fields, entry.factor_id
        assert entry.normalised_column is None or entry.normalised_column in UNITS


def test_levels_have_a_scale_free_form_and_ratios_need_none():
    for entry in published():
        assert (entry.normalised_column is not None) == (UNITS[entry.column].scale in ("price", "volume"))
        assert UNITS[entry.scored_column].scale in ("ratio", "bounded")


def test_the_optional_set_has_columns_and_the_rest_a_reason():
    assert {column for column, _ in OPTIONAL.values()} <= set(UNITS)
    assert not set(OPTIONAL) & set(UNAVAILABLE)
    assert all(len(reason) > 20 for reason in UNAVAILABLE.values())


def test_panel_columns_are_distinct_and_known():
    columns = panel_columns()

    assert len(columns) == len(set(columns))
    assert set(columns) <= set(UNITS)


def test_an_unknown_id_is_refused():
    with pytest.raises(UnknownUnitError, match="314"):
        lookup("VBT_MA_7")
