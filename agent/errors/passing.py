"""What may pass: the same call is made again in the same cycle."""

from __future__ import annotations

from agent.errors.root import RetryableError


class MessengerUnavailableError(RetryableError):
    """A channel to the operators did not take a notice."""

    def __init__(self, *, channel: str, reason: str) -> None:
        """Name the channel, never its address."""
        self.channel, self.reason = channel, reason
        super().__init__(f"channel {channel}: {reason}")


class RpcUnavailableError(RetryableError):
    """The node does not answer, or not sensibly."""

    def __init__(self, *, endpoint: str, reason: str) -> None:
        """Name the endpoint (without credentials) and what happened."""
        self.endpoint, self.reason = endpoint, reason
        super().__init__(
            f"RPC {endpoint} is not usable: {reason}: check chain.rpc_url and the node"
        )


class NodesDisagreeError(RetryableError):
    """Nodes say different things of the same: nothing is signed while they do."""

    exit_code = 6

    def __init__(self, *, what: str, said: tuple[tuple[str, str], ...]) -> None:
        """Give (endpoint, what it says) of each."""
        self.what, self.said = what, said
        words = ", ".join(f"{name} says {value}" for name, value in said)
        super().__init__(
            f"RPC endpoints disagree on {what}: {words}: nothing is signed until a quorum agrees; "
            "see which one is wrong, and take it out of chain.rpc_urls"
        )


class SourceUnavailableError(RetryableError):
    """A signal source does not answer."""

    def __init__(self, *, source: str, reason: str) -> None:
        """Name the source and what happened."""
        self.source, self.reason = source, reason
        super().__init__(
            f"signal source {source} is not usable: {reason}: check signals.* settings"
        )


class AggregatorUnusableError(RetryableError):
    """An aggregator makes no offers, or its router may not be called; a cycle goes on without it."""

    def __init__(self, *, service: str, reason: str) -> None:
        """Name the service and what is wrong with it."""
        self.service, self.reason = service, reason
        super().__init__(
            f"aggregator {service} is not usable: {reason}: cycles go on without it; mend it, or take "
            "it out of aggregators.services"
        )


class InDoubtError(RetryableError):
    """A transaction that was sent is neither confirmed nor known to have failed."""

    def __init__(self, *, tx_hash: str, waited_s: int) -> None:
        """Name the transaction and how long it was watched, in seconds."""
        self.tx_hash, self.waited_s = tx_hash, waited_s
        super().__init__(
            f"transaction {tx_hash} is not confirmed after {waited_s} s: its fate is open, nothing else "
            "is sent; start again to go on with the same bytes"
        )


class FeedUnusableError(RetryableError):
    """A price feed that nothing can be valued without has no fresh answer."""

    def __init__(self, *, token: str, feed: str, reason: str) -> None:
        """Name the token, its feed, and what is wrong with it."""
        self.token, self.feed, self.reason = token, feed, reason
        super().__init__(
            f"price feed {feed} of {token} is not usable: {reason}: wait for its next round, "
            "correct the address book, or raise policy.max_feed_age_s"
        )
