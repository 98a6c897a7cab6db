"""One command line in a process of its own; run by `Installation.process`, which sets WORDS and LOG."""

import os
import sys

from etf_platform.cli import main

log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)  # type: ignore[name-defined]  # noqa: F821
os.dup2(log, 1)
os.dup2(log, 2)
sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
main(WORDS)  # type: ignore[name-defined]  # noqa: F821
