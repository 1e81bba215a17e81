"""One chain as port `Chain`: through one node, or through several that must agree."""

from agent.adapters.chain.node import RpcChain
from agent.adapters.chain.quorum import QuorumChain

__all__ = ["QuorumChain", "RpcChain"]
