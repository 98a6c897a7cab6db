"""The YAML reader refuses what would silently become something else."""

import pytest

from etf_platform.core.config.yaml12 import YamlProblem, parse_yaml


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("symbols: [000300]", "000300"),
        ("open: 15:00", "15:00"),
        ("open: 9:30", "9:30"),
        ("a: 1\na: 2", "twice"),
        ("a: {b: 1, b: 1}", "twice"),
        ("a: [1", "line"),
    ],
)
def test_refuses_ambiguous_text_with_its_line(text, word):
    with pytest.raises(YamlProblem, match=word) as caught:
        parse_yaml(text)

    assert "line" in str(caught.value)


def test_reads_yaml_12_scalars_as_written():
    text = "{a: no, b: 'yes', c: true, d: 0, e: -3, f: 1.5e3, g: null, h: 510300.SH, i: '000300', j: 0o17, k: 1_0}"

    assert parse_yaml(text) == {
        "a": "no",
        "b": "yes",
        "c": True,
        "d": 0,
        "e": -3,
        "f": 1500.0,
        "g": None,
        "h": "510300.SH",
        "i": "000300",
        "j": "0o17",
        "k": "1_0",
    }
