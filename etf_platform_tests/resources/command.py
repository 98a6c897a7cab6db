"""Runs a command of `etf-platform` in this process.

Commands set environment variables for the processes they start; here they are put back, also when the caller is a
fixture of a whole module, so that no later test runs on another test's source.
"""

import os
from collections.abc import Sequence

from click.testing import CliRunner, Result

from etf_platform.cli import main


def invoke(words: Sequence[object]) -> Result:
    """The result, with `exit_code`, `stdout` and `stderr`; an exception that is no exit is raised."""
    before = dict(os.environ)
    try:
        done = CliRunner().invoke(main, [str(word) for word in words])
    finally:
        os.environ.clear()
        os.environ.update(before)
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done
