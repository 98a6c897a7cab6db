"""The only place that knows Dagster, and the only place that knows the order of the layers.

`steps/` reads tables, calls the layers, writes tables; the rest turns steps and fuses into assets, checks, jobs,
schedules and sensors, generated from configuration. No arithmetic belongs here.
"""

import warnings

import dagster as dg

# `backfill_policy` and multi-asset checks are marked beta in 1.13; every definition would repeat the warning
warnings.filterwarnings("ignore", category=dg.BetaWarning)
