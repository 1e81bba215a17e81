"""Settings in, wired things out: the only place that names concrete adapters."""
