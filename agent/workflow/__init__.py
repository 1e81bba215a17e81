"""Cycles that survive a restart: each runs as a durable workflow, once, on the schedule's slots."""
