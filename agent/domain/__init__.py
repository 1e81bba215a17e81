"""Values that every stage passes on: frozen, in base units, free of I/O."""
