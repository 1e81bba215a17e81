"""Kills the agent at every point, on every fault, and proves that money moved once: schedules and their judge."""
