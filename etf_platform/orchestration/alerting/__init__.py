"""Finds what people must be told, and has it told: watches, the sensors that run them, the dispatcher, the heartbeat.

A watch is a function of a scene (platform, Dagster instance, clock) and of what it remembers; it returns events and
what to remember next. `tick` stores both in one transaction of the ops database, so that no event is lost or told twice
however a process ends. Not here: wording, routing and delivery, which are `etf_platform.alerts`.
"""
