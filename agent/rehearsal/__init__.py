"""The rehearsal gate: exactly the calldata that will be signed is executed first, and judged."""
