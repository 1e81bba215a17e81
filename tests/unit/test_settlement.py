from dataclasses import replace
from decimal import Decimal

import pytest

from agent.domain.canonical import content_id
from agent.domain.portfolio import Holding, Portfolio
from agent.errors import OutcomeMismatchError
from agent.execution.events import (
    DEPOSIT,
    SWAP_V2,
    SWAP_V4,
    WITHDRAWAL,
    approved,
    swaps,
    transferred,
)
from agent.execution.prepared import open_batches
from agent.execution.settlement import check_balances, net_changes, settled, slippage_bps
from tests.batches import (
    BATCH,
    BUY_LINK,
    LINK,
    ROUTED_USDC,
    SELL_UNI,
    SELL_USDC,
    UNI,
    UNI_WETH,
    USDC,
    USDC_WETH,
    WETH,
)
from tests.fakes import FakeLedger
from tests.logbook import ACCOUNT, VAULT, Week, block, plan_of
from tests.logbook import receipt as receipt_in_block
from tests.receipts import (
    SWAP_PANCAKE_V3,
    approval,
    batch_logs,
    entry,
    executed,
    padded,
    swap,
    transfer,
)

PLAN = plan_of(Week(number=0).inputs, "aa" * 32, (BATCH,))
(PREPARED,) = open_batches(FakeLedger(), PLAN, plan_id=content_id(PLAN))


def receipt(logs, *, is_success=True):
    return receipt_in_block("0x" + "ab" * 32, block(123), logs=tuple(logs), is_success=is_success)


def test_fills_are_what_the_pools_say():
    less = {0: 3 * 10**17 - 3 * 10**13, 2: 120 * 10**18 + 10**18}

    outcome = settled(PREPARED, receipt(batch_logs(PREPARED, amounts_out=less)))

    assert [less[0], SELL_USDC.amount_out, less[2]] == [f.amount_out for f in outcome.fills]
    assert [leg.amount_in for leg in BATCH.legs] == [f.amount_in for f in outcome.fills]
    assert [Decimal("1.00"), Decimal("0.00"), Decimal("-83.33")] == [
        f.realised_slippage_bps for f in outcome.fills
    ]
    assert [0, 1, 2] == [f.leg_index for f in outcome.fills]


def test_a_revert_has_no_fills_and_is_no_success():
    outcome = settled(PREPARED, receipt((), is_success=False))

    assert (False, ()) == (outcome.is_success, outcome.fills)


def test_two_legs_through_one_pool_are_told_apart_by_their_order():
    back = replace(
        SELL_UNI, zero_for_one=False, token_in=WETH, token_out=UNI, amount_in=10**17, amount_out=9
    )
    batch = replace(BATCH, legs=(SELL_UNI, back), floors=BATCH.floors[:3])
    prepared = replace(PREPARED, batch=batch)

    outcome = settled(prepared, receipt(batch_logs(prepared)))

    assert [SELL_UNI.amount_out, 9] == [f.amount_out for f in outcome.fills]


@pytest.mark.parametrize(
    ("logs", "what"),
    [
        (batch_logs(PREPARED)[:-1], "the event of the batch"),
        ((*batch_logs(PREPARED), executed(PREPARED)), "the event of the batch"),
        (batch_logs(replace(PREPARED, intent_hash="77" * 32)), "the event of the batch"),
        (
            (*batch_logs(PREPARED)[:-1], replace(executed(PREPARED), address=UNI_WETH)),
            "the event of the batch",
        ),
        (batch_logs(PREPARED)[3:], "the list of swaps"),
        ((swap(SELL_UNI, VAULT, amount_out=1), *batch_logs(PREPARED)), "the list of swaps"),
        (
            batch_logs(
                replace(PREPARED, batch=replace(BATCH, legs=(SELL_USDC, SELL_UNI, BUY_LINK)))
            ),
            "the list of swaps",
        ),
        (
            (transfer(USDC.address, VAULT, ACCOUNT, 1), *batch_logs(PREPARED)),
            "the sum of the transfers",
        ),
        (batch_logs(PREPARED)[1:], "the sum of the transfers"),
        (batch_logs(PREPARED, amounts_out={2: 118 * 10**18}), "the change of LINK"),
    ],
)
def test_events_that_do_not_fit_the_batch_are_refused(logs, what):
    with pytest.raises(OutcomeMismatchError, match=what):
        settled(PREPARED, receipt(logs))


def test_swaps_of_pancake_pools_are_understood():
    logs = [swap(SELL_UNI, VAULT, amount_out=5, topic=SWAP_PANCAKE_V3)]

    (found,) = swaps(logs, frozenset({UNI_WETH}), by=VAULT)

    assert (True, SELL_UNI.amount_in, 5) == (
        found.is_zero_for_one,
        found.amount_in,
        found.amount_out,
    )


def test_what_a_pair_gives_back_of_a_token_is_not_sold():
    log = entry(USDC_WETH, (SWAP_V2, *[padded(VAULT)] * 2), 1_005, 0, 5, 70)

    (found,) = swaps([log], frozenset({USDC_WETH}), by=VAULT)

    assert (True, 1_000, 70) == (found.is_zero_for_one, found.amount_in, found.amount_out)


def test_swaps_of_v4_pools_are_told_under_their_ids_from_the_other_side():
    pool = "0x" + "c0" * 32
    words = (2**256 - 1_000, 70, 1, 1, 0, 3000)
    who = padded(VAULT)
    log = entry(LINK.address, (SWAP_V4, pool, who), *words)
    other = entry(LINK.address, (SWAP_V4, "0x" + "c1" * 32, who), *words)

    (found,) = swaps([log, other], frozenset({pool}), by=VAULT)

    assert (pool, True, 1_000, 70) == (
        found.pool,
        found.is_zero_for_one,
        found.amount_in,
        found.amount_out,
    )


def test_swaps_that_somebody_else_makes_with_our_pools_are_not_ours():
    logs = [swap(SELL_UNI, ACCOUNT, amount_out=5), swap(SELL_USDC, ACCOUNT, amount_out=5)]

    assert () == swaps(logs, frozenset({UNI_WETH, USDC_WETH}), by=VAULT)


def test_a_router_leg_brings_what_came_in_beyond_the_pools():
    batch = replace(BATCH, legs=(SELL_UNI, ROUTED_USDC, BUY_LINK))
    prepared = replace(PREPARED, batch=batch)

    outcome = settled(prepared, receipt(batch_logs(prepared, amounts_out={1: 299 * 10**15})))

    assert [SELL_UNI.amount_out, 299 * 10**15, BUY_LINK.amount_out] == [
        f.amount_out for f in outcome.fills
    ]
    assert ROUTED_USDC.router == outcome.fills[1].pool


def test_router_legs_into_one_token_share_what_came_as_they_were_quoted():
    other = replace(ROUTED_USDC, token_in=UNI, amount_in=100 * 10**18, amount_out=10**17)
    batch = replace(BATCH, legs=(ROUTED_USDC, other, BUY_LINK))
    prepared = replace(PREPARED, batch=batch)

    outcome = settled(prepared, receipt(batch_logs(prepared, amounts_out={0: 6 * 10**17, 1: 0})))

    assert [45 * 10**16, 15 * 10**16] == [f.amount_out for f in outcome.fills[:2]]


def test_a_router_that_takes_less_than_it_was_given_is_noticed():
    batch = replace(BATCH, legs=(SELL_UNI, ROUTED_USDC, BUY_LINK))
    prepared = replace(PREPARED, batch=batch)
    back = transfer(USDC.address, ROUTED_USDC.router, VAULT, 1)

    with pytest.raises(OutcomeMismatchError, match="the sum of the transfers"):
        settled(prepared, receipt((back, *batch_logs(prepared))))


def test_wrapping_counts_as_a_transfer():
    account = "0x" + VAULT[2:].lower().rjust(64, "0")
    other = "0x" + ACCOUNT[2:].lower().rjust(64, "0")
    logs = [
        entry(WETH.address, (DEPOSIT, account), 9),
        entry(WETH.address, (WITHDRAWAL, account), 4),
        entry(WETH.address, (DEPOSIT, other), 100),
    ]

    assert {WETH.address: 5} == transferred(logs, VAULT)


def test_other_events_of_a_pool_are_no_swaps():
    sync = entry(UNI_WETH, ("0x" + "1c" * 32,), 1, 2)

    assert () == swaps([sync, entry(UNI_WETH, ())], frozenset({UNI_WETH}), by=VAULT)


def test_transfers_count_both_ways_and_nfts_do_not():
    nft = entry(LINK.address, (*transfer(LINK.address, VAULT, ACCOUNT, 0).topics, "0x" + "00" * 32))
    logs = [
        transfer(UNI.address, VAULT, ACCOUNT, 7),
        transfer(UNI.address, ACCOUNT, VAULT, 2),
        transfer(WETH.address, ACCOUNT, VAULT, 4),
        transfer(WETH.address, VAULT, ACCOUNT, 4),
        transfer(USDC.address, ACCOUNT, ACCOUNT, 9),
        nft,
    ]

    assert {UNI.address: -5} == transferred(logs, VAULT)


def test_the_last_approval_stands():
    logs = [
        approval(UNI.address, VAULT, ACCOUNT, 7),
        approval(UNI.address, VAULT, ACCOUNT, 0),
        approval(WETH.address, VAULT, ACCOUNT, 3),
        approval(USDC.address, ACCOUNT, VAULT, 9),
    ]

    assert {(WETH.address, ACCOUNT): 3} == approved(logs, VAULT)


def test_slippage_is_positive_when_less_came_out():
    assert Decimal("100.00") == slippage_bps(planned=10_000, realised=9_900)
    assert Decimal("-0.01") == slippage_bps(planned=1_000_000, realised=1_000_001)


def test_changes_of_a_batch_net_its_hubs():
    assert {
        UNI.address: -100 * 10**18,
        USDC.address: -1_000 * 10**6,
        WETH.address: 10**16,
        LINK.address: 120 * 10**18,
    } == net_changes(BATCH.legs)


def portfolio(**amounts):
    tokens = {"UNI": UNI, "WETH": WETH, "USDC": USDC, "LINK": LINK}
    return Portfolio(
        account=VAULT,
        holdings=tuple(Holding(token=tokens[s], amount=a) for s, a in amounts.items()),
    )


BEFORE = portfolio(UNI=500 * 10**18, USDC=2_000 * 10**6)
AFTER = {"UNI": 400 * 10**18, "USDC": 1_000 * 10**6, "WETH": 10**16, "LINK": 120 * 10**18}


def test_balances_that_the_fills_explain_pass():
    outcome = settled(PREPARED, receipt(batch_logs(PREPARED)))

    check_balances(BEFORE, portfolio(**AFTER), [outcome])
    check_balances(BEFORE, portfolio(**(AFTER | {"UNI": 401 * 10**18})), [outcome])


@pytest.mark.parametrize("symbol", AFTER)
def test_a_balance_with_something_missing_halts(symbol):
    outcome = settled(PREPARED, receipt(batch_logs(PREPARED)))
    short = portfolio(**(AFTER | {symbol: AFTER[symbol] - 1}))

    with pytest.raises(OutcomeMismatchError, match=f"the balance of {symbol}"):
        check_balances(BEFORE, short, [outcome])
