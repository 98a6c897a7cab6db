"""A process that ran jobs ends in silence: nothing that it loaded is left over when the interpreter goes."""

import subprocess
import sys

import pytest

LOADED = "import gc, duckdb, pandas\nduckdb.sql('SELECT 1').fetchall()\n"


def ends(program: str) -> tuple[int, str]:
    """Exit code and what is said on standard error."""
    done = subprocess.run([sys.executable, "-c", LOADED + program], capture_output=True, text=True, timeout=120)
    return done.returncode, done.stderr


def test_objects_that_are_only_frozen_leak():
    """What the other test is about; when this one fails, the thaw is needed no more."""
    assert "nanobind: leaked" in ends("gc.freeze()")[1]


def test_a_process_whose_objects_were_frozen_for_the_jobs_says_nothing_at_its_end():
    freezes = "from etf_platform.orchestration.collector import freeze_once\nfreeze_once()\nfreeze_once()\n"

    assert ends(freezes + "assert gc.get_freeze_count() > 1000") == (0, "")


@pytest.mark.parametrize("fault", ["raise SystemExit(3)", "raise RuntimeError('other errors stay visible')"])
def test_other_errors_are_not_hidden(fault):
    freezes = "from etf_platform.orchestration.collector import freeze_once\nfreeze_once()\n"

    code, said = ends(freezes + fault)
    assert code == (3 if "SystemExit" in fault else 1)
    assert "nanobind" not in said and ("other errors stay visible" in said) == (code == 1)
