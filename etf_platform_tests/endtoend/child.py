"""One command line in a process of its own; run by `Installation.process`, which sets WORDS, LOG and PIXEL."""

import os
import sys

from etf_platform.cli import main
from etf_platform.reports.plots import canvas

log = os.open(LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND)  # type: ignore[name-defined]  # noqa: F821
os.dup2(log, 1)
os.dup2(log, 2)
sys.stdout, sys.stderr = os.fdopen(1, "w", buffering=1), os.fdopen(2, "w", buffering=1)
canvas.to_png = lambda figure, simulated: PIXEL  # type: ignore[name-defined]  # noqa: F821
main(WORDS)  # type: ignore[name-defined]  # noqa: F821
