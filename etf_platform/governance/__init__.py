"""What may be released, what was released, and how to get it back: the third gate, snapshots, restore.

Here: folds over recorded verdicts, and folders that are written once and verified by hash. Not here: judging
(`fuses`), rendering (`reports`), Dagster (`orchestration`).
"""
