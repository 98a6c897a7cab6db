"""One filter per file; the folder is the registry (`core.catalog.collect`)."""
