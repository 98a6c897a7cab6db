"""How Dagster keeps its own books: the event log, and the configuration of one instance.

Belongs here: storage classes that `dagster.yaml` names, and writing that file. Does not: assets, jobs, schedules.
"""
