"""The cycle as a durable workflow; the only importer of DBOS."""
