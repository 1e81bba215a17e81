"""Settings of the public providers of rankings and regimes: where they are, and the keys to them."""

from __future__ import annotations

from pydantic import SecretStr

from agent.settings.fields import Section, UrlSetting


class FeedSettings(Section):
    """An address replaces the provider's own, such as that of a paid plan; a key travels in a header."""

    coingecko_url: UrlSetting | None = None
    coingecko_key: SecretStr | None = None
    coinmarketcap_url: UrlSetting | None = None
    coinmarketcap_key: SecretStr | None = None
    coinpaprika_url: UrlSetting | None = None
    coinpaprika_key: SecretStr | None = None
    tokenmetrics_url: UrlSetting | None = None
    tokenmetrics_key: SecretStr | None = None
    tokenmetrics_key_header: str = "x-api-key"

    def url(self, provider: str) -> SecretStr | None:
        """Return the address that replaces a provider's own."""
        found: SecretStr | None = getattr(self, f"{provider}_url")
        return found

    def key(self, provider: str) -> SecretStr | None:
        found: SecretStr | None = getattr(self, f"{provider}_key")
        return found
