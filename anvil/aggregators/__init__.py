"""Aggregators for development: a loopback server with their wire formats, over a fork's own pools."""
