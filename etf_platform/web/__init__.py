"""The web server: REST and pages over stored tables. It knows no Dagster; what changes state is handed in by the command line."""
