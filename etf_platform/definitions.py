"""The Dagster code location; `workspace.yaml` points here. Which installation it shows comes from the environment."""

import os

from etf_platform.core.secrets import IN_DAGSTER, SIGN_SECRET
from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.build import build_definitions

os.environ[IN_DAGSTER] = "1"  # inherited by every run: nothing below Dagster may sign for a person
os.environ.pop(SIGN_SECRET, None)

defs = build_definitions(Workspace.from_env())
