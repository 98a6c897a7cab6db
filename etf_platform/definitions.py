"""The Dagster code location; `workspace.yaml` points here. Which installation it shows comes from the environment."""

from etf_platform.core.workspace import Workspace
from etf_platform.orchestration.build import build_definitions

defs = build_definitions(Workspace.from_env())
