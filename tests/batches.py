"""Sample batches for tests: two coins sold into WETH, part of it turned into a third."""

from dataclasses import replace

from agent.domain.order import Batch, Floor, Leg, RouterLeg
from agent.domain.pool import PoolKind
from agent.domain.token import Token
from agent.domain.units import ZERO_ADDRESS, Address

WETH = Token(
    chain_id=1,
    address=Address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2"),
    symbol="WETH",
    decimals=18,
)
UNI = Token(
    chain_id=1,
    address=Address("0x1f9840a85d5aF5bf1D1762F925BDADdC4201F984"),
    symbol="UNI",
    decimals=18,
)
LINK = Token(
    chain_id=1,
    address=Address("0x514910771AF9Ca656af840dff83E8264EcF986CA"),
    symbol="LINK",
    decimals=18,
)
USDC = Token(
    chain_id=1,
    address=Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"),
    symbol="USDC",
    decimals=6,
)
UNI_WETH = Address("0x1d42064Fc4Beb5F8aAF85F4617AE8b3b5B8Bd801")
LINK_WETH = Address("0xa2107FA5B38d9bbd2C461D6EDf11B11A50F6b974")
USDC_WETH = Address("0xB4e16d0168e52d35CaCD2c6185b44281Ec28C9Dc")
PLAN_ID = "11" * 32
INTENT_HASH = "22" * 32
DEADLINE = 1_775_000_000

SELL_UNI = Leg(
    order_id="sell-uni",
    pool=UNI_WETH,
    kind=PoolKind.V3,
    page=0,
    record=5,
    zero_for_one=True,
    token_in=UNI,
    token_out=WETH,
    amount_in=100 * 10**18,
    amount_out=3 * 10**17,
    mid_amount_out=31 * 10**16,
    fee_pips=3000,
    gas=90_000,
)
SELL_USDC = Leg(
    order_id="sell-usdc",
    pool=USDC_WETH,
    kind=PoolKind.V2,
    page=1,
    record=0,
    zero_for_one=True,
    token_in=USDC,
    token_out=WETH,
    amount_in=1_000 * 10**6,
    amount_out=3 * 10**17,
    mid_amount_out=301 * 10**15,
    fee_pips=3000,
    gas=80_000,
)
ROUTED_USDC = RouterLeg(
    order_id="sell-usdc",
    venue="kyberswap",
    router=Address("0x6131B5fae19EA4f9D964eAc0408E4408b66337b5"),
    token_in=USDC,
    token_out=WETH,
    amount_in=1_000 * 10**6,
    amount_out=3 * 10**17,
    min_amount_out=298 * 10**15,
    mid_amount_out=301 * 10**15,
    gas=200_000,
    calldata=bytes.fromhex("e21fd0e9"),
)
BUY_LINK = Leg(
    order_id="buy-link",
    pool=LINK_WETH,
    kind=PoolKind.V3,
    page=0,
    record=6,
    zero_for_one=False,
    token_in=WETH,
    token_out=LINK,
    amount_in=59 * 10**16,
    amount_out=120 * 10**18,
    mid_amount_out=121 * 10**18,
    fee_pips=3000,
    gas=100_000,
)
FLOORS = (
    Floor(token=ZERO_ADDRESS, symbol="ETH", min_delta=0),
    Floor(token=WETH.address, symbol="WETH", min_delta=5 * 10**15),
    Floor(token=UNI.address, symbol="UNI", min_delta=-100 * 10**18),
    Floor(token=USDC.address, symbol="USDC", min_delta=-1_000 * 10**6),
    Floor(token=LINK.address, symbol="LINK", min_delta=119 * 10**18),
)
BATCH = Batch(
    index=0,
    sequence=1,
    legs=(SELL_UNI, SELL_USDC, BUY_LINK),
    floors=FLOORS,
    gas_forecast=300_000,
    gas_limit=400_000,
)
SECOND_BATCH = replace(
    BATCH,
    index=1,
    sequence=2,
    legs=(SELL_UNI,),
    floors=(
        Floor(token=ZERO_ADDRESS, symbol="ETH", min_delta=0),
        Floor(token=WETH.address, symbol="WETH", min_delta=29 * 10**16),
        Floor(token=UNI.address, symbol="UNI", min_delta=-100 * 10**18),
    ),
)
