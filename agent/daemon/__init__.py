"""One cycle, from signals to the report: what is done in which order, and what ends it early."""
