"""The signed-trade log: records, hash chain, checkpoints, and what proves them."""
