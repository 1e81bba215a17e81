"""Measurements: each prints ratios to a peer or a limit timed in the same run; `python -m bench` runs them."""
