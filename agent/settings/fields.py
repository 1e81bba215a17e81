"""What the sections of the settings are made of: their base, and the fields that several share."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from eth_utils.address import is_checksum_address, to_checksum_address
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from agent.domain.units import Address


class Section(BaseModel):
    """A part of the settings: fixed once read, and without keys that it does not declare."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _address(text: Address) -> Address:
    # A typing slip keeps its mixed case and breaks the checksum; one case throughout has none to break.
    if text[2:] not in (text[2:].lower(), text[2:].upper()) and not is_checksum_address(text):
        raise ValueError("its EIP-55 checksum is wrong, copy the address again")
    return Address(to_checksum_address(text))


def _http_url(secret: SecretStr) -> SecretStr:
    parts = urlsplit(secret.get_secret_value())
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("give an http(s) address, such as http://127.0.0.1:8545")
    return secret


AddressSetting = Annotated[Address, Field(pattern=r"^0x[0-9a-fA-F]{40}$"), AfterValidator(_address)]
UrlSetting = Annotated[SecretStr, AfterValidator(_http_url)]
