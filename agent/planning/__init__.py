"""Decisions: plain functions from values to values."""
