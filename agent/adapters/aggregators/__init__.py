"""Aggregators over HTTP: what each one's wire format says, behind one port."""
