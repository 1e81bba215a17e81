"""The joint optimum: orders, and whole baskets of them, over many pools, gas counted."""
