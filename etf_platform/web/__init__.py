"""The REST API and the page: FastAPI over stored tables and the tracker's rows.

Reads the lake and the ops database, renders them as JSON, and hands the few changing requests on. Not here: the
arithmetic of signals and back-tests, Dagster, and anything that fetches from a provider.
"""
