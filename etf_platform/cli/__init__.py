"""The command `etf-platform`. Commands parse options, call `orchestration`, and print; nothing is computed here."""

from etf_platform.cli.main import main

__all__ = ["main"]
