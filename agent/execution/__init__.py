"""Turning a planned batch into fills, through ports."""
