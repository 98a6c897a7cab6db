"""One factor per file; the folder is the registry (`core.catalog.collect`)."""
