"""What to say to people, and delivering it: events -> outbox -> channels.

An `Event` says what happened; `wording` builds events; `routing` chooses channels from `alerts.yaml`; `post` puts them
into the outbox in the caller's transaction; `dispatch` delivers what is due. Nothing here knows Dagster.
"""
