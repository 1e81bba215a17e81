"""One module per outside thing; foreign exceptions are translated here and nowhere else."""
