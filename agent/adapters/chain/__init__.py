"""The chain through one node: what is read of it, and whether the node is fit to be asked."""

from agent.adapters.chain.node import RpcChain

__all__ = ["RpcChain"]
