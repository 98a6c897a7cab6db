"""What the assets do: read tables, call one layer, write tables. Imported when a step runs; knows no Dagster."""
