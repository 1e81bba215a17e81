"""The commented settings file that `agent init` writes: every key, its unit, and its default."""

from __future__ import annotations

import json
from collections.abc import Mapping

REQUIRED = {
    "vault": "0x0000000000000000000000000000000000000000",
    "rpc_url": "http://127.0.0.1:8545",
    "ranking": "https://signals.example.com/ranking.json",
    "regime": "https://signals.example.com/regime.json",
    "keystore": "keystore.json",
    "password_file": "keystore-password",
    "checkpoint_key": "checkpoint.pem",
}
"""The keys without a default, each with an example of what to write."""

TEMPLATE = """\
# Settings of the agent. Every key can also be given in the environment, as AGENT_<SECTION>__<KEY>.
# Paths are relative to this file. `agent check` says what is wrong, and how to mend it.

[portfolio]
name = "index"              # begins every cycle id
{vault}

[chain]
id = 1
{rpc_url}
# rpc_urls = ["https://node-b.example.com", "https://node-c.example.com"]   # must agree with rpc_url
# quorum = 2                # how many of them all must agree; by default more than half
route = "public"            # "private": batches go to private_rpc_urls alone
# private_rpc_urls = ["https://relay.example.com"]
# public_after_blocks = 25  # what was private so long goes to the public nodes, too; without it, never
confirmations = 2           # blocks until a batch counts as landed, its own included
bump_blocks = 4             # blocks that a transaction waits before it is sent at a higher price
replacement_raise_bps = 1000        # by how much; 1250 where an endpoint wants an eighth

[signals]                   # each a path or an http(s) address; see `agent signals schema`
{ranking}
{regime}
ranking_others = []         # asked where the first has nothing usable ...
regime_others = []
ranking_agree = 1           # ... or, above 1, so many of all must agree
regime_agree = 1
keys = []                   # who may sign: "ed25519:HEX" or "eip191:0xADDRESS"; none: unsigned is taken
# webhook_port = 8790       # takes signed signals on 127.0.0.1; then a place may be "webhook://"
inbox = "inbox"             # where pushed signals lie
max_age_s = 172800          # an older signal is refused
max_gap_s = 86400           # ranking and regime issued further apart are refused
max_skew_s = 120            # how far a signal's clock may run ahead of ours

[regime]                    # bullish: in the index; bearish: out, in stablecoins
exit_probability = 0.5      # a bearish reading counts from here; less changes nothing
entry_probability = 0.6     # a bullish one; so does a neutral reading
exit_confirmations = 1      # bearish readings that count, until all is sold
entry_confirmations = 2     # bullish ones without another between them, until all is bought again
min_out_s = 172800          # after an exit no re-entry within; an exit itself is never delayed
max_reentries = 2           # in 30 days
exit_notice_s = 0           # how long before an exit is executed it is proposed
exit_approval = "none"      # "required": no exit without `agent approve`
watch_s = 300               # how often the regime is read between cycles; 0: only for a cycle

[breakers]                  # lead out of the index whatever the regime says, until `agent regime override`
max_drawdown_ppm = 0        # below the highest since the portfolio is in; 0 switches a breaker off
max_volatility_ppm = 0      # a year's, over the window
volatility_window_s = 604800
max_oracle_failures = 0     # looks in a row at which nothing could be valued
max_depegs = 0              # looks in a row at which one of the policy's stablecoins was off its peg
look_s = 3600

[quarantine]                # what of a ranking is not acted on at once; 0 switches a rule off
list_ranks = 110            # a coin beyond this rank has left the list
max_rank_jump = 40          # places between two rankings
max_cap_mismatch_ppm = 100000       # market cap against price x supply, where the feed has both
max_supply_jump_ppm = 250000        # of the supply that cap and price imply, between two rankings
min_age_days = 30           # since a coin was listed, or first seen
readings_back = 2           # rankings until a coin that left the list may be bought again
max_turnover_ppm = 250000   # of the list at once, by coins or weight; beyond it the ranking is stopped
min_depth_usd = 25000       # what a coin's allowlisted pools must hold
exempt = []                 # coin ids that pass every rule

[policy]                    # ppm: parts per million of the portfolio; bps: hundredths of a percent
universe = "strict"         # "strict": what of the top N can be held; "fill": the first N that can
top_n = 100
# max_coin_weight_ppm = 250000   # no coin above this; without it there is no cap
drift_band_ppm = 500        # a coin is left alone within the larger of this ...
drift_band_of_target_ppm = 100000   # ... and this share of its own target
min_notional_usd = 50       # smaller orders are skipped
max_slippage_bps = 50       # what a batch may lose against its plan before it reverts
max_price_deviation_bps = 500       # pool price against signal and feeds; beyond it a coin is skipped
max_feed_age_s = 90000      # an older price feed is not used; stablecoin feeds beat once a day
max_order_usd = 1000000     # a limit of one order; a breach of this and the next six signs nothing
max_cycle_usd = 5000000
max_turnover_ppm = 2000000  # sells and buys together, of the portfolio
max_cost_bps = 150          # of the notional: gas, venue fees and price impact
max_fee_per_gas_gwei = 100
min_gas_reserve_eth = 0.05  # what the agent's account must keep
batch_gas_share_ppm = 900000        # of the 2^24 gas that one transaction may use
deadline_s = 1800           # a batch that has not landed by then cannot land
max_price_move_bps = 1000   # from proposal to plan; beyond it there is a new proposal
on_revert = "skip-and-report"  # a coin whose trade fails in rehearsal is left out; or "all-or-nothing"
# amsterdam_at = 1800000000 # Unix seconds at which that fork reprices gas, once it is known

[policy.stablecoin_weight_ppm]      # what is held while the regime is bearish; sums to 1000000
usd-coin = 500000
tether = 500000

[venues]                    # pools beside those of the vault's allowlist; docs/execution.md, Venues
weighted = []               # of Balancer v2: {{ pool_id = "0x...", token0 = "0x...", token1 = "0x..." }}

[aggregators]               # beside the pools; docs/aggregators.md says what each one needs
services = []               # of "0x", "1inch", "velora", "kyberswap", "odos", "openocean"
deadline_s = 20             # when a ladder of quotes ends, with whatever came
sizes = 3                   # of an order that are quoted: all of it, a half, a quarter ...
orders = 100                # that are quoted, those that can gain most first
# keys = {{ "0x" = "...", "1inch" = "..." }}     # under systemd: credentials `0x-key`, `1inch-key` ...
# urls = {{ "odos" = "https://enterprise-api.odos.xyz" }}
# code_hashes = {{ "0x111111125421cA6dc452d289314280a0f8842A65" = "0x..." }}   # `agent check` shows them

[stable]                    # which stablecoins are left and not entered
max_depeg_bps = 200         # off a dollar, by Chainlink's feed or the deepest pool; 0 switches it off
cap_ppm_by_issuer = {{}}      # of the way out, such as {{ Circle = 600000 }}; issuers as in the token map

[index]                     # which of the ranked coins; coins are CoinGecko ids
first_place = 1             # 11 with policy.top_n = 90: the mid caps of a top 100
enter_within_ppm = 950000   # of top_n: a coin that is not held enters up to place 95 of 100 ...
leave_beyond_ppm = 1100000  # ... and one that is held leaves beyond place 110
include = []                # in wherever they rank
exclude = []
sectors = []                # only these; none: all. See agent/data/sectors.json
weighting = "cap"           # "equal"; "volatility": one over a coin's volatility

[index.max_weight_ppm_by_coin]      # under policy.max_coin_weight_ppm, such as: bitcoin = 300000

[index.max_weight_ppm_by_sector]    # such as: defi = 200000

[drift]                     # when a drift is traded, and how far back
band_rule = "fixed"         # the policy's bands; "no_trade": by each coin's cost and volatility
trade_to = "target"         # "edge" of the band; "cost": the edge, or the target where gas decides
trades_constituents = true  # coins that enter are bought inside their bands too
risk_aversion = 10          # what a drift is worth closing; 0: every drift beyond its band
benefit_days = 365          # how long a drift would last otherwise
mandate_bps = 100           # what it is worth besides that a coin enters or leaves, of its order
assumed_volatility_ppm = 800000     # a year's, of the market and of a coin with too few prices
trend_probability = 0.8     # from this regime probability on the market trends, else it ranges
trend_band_ppm = 1000000    # bands are scaled by this in a trend ...
range_band_ppm = 1000000    # ... and by this in a range
trend_rest_days = 0         # after a rebalance drifts rest so long; entries and exits do not
range_rest_days = 0
# runner_ppm = 500000       # a coin that is by this share of its target above it is trimmed in steps
trim_ppm = 500000           # a step: this share of what is too much ...
trim_days = 7               # ... and the next one so long after it
cash_reserve_usd = 0        # kept in the stable hub, for a withdrawal to come

[budget]                    # of rebalancing, in any 7 and any 365 days; a switch of regime is free
# week_turnover_ppm = 100000        # sells and buys together, of the portfolio; the rest is carried over
# year_turnover_ppm = 4000000
# week_cost_bps = 10                # of the portfolio
# year_cost_bps = 200

[feeds]                     # providers; keys are best given as credentials or in the environment
# coingecko_url = "https://pro-api.coingecko.com/api/v3"   # with the key of a paid plan
# coingecko_key = "..."
# coinmarketcap_url = "https://pro-api.coinmarketcap.com"
# coinmarketcap_key = "..."
# coinpaprika_url = "https://api-pro.coinpaprika.com/v1"
# coinpaprika_key = "..."
# tokenmetrics_url = "https://api.tokenmetrics.com/v2"
# tokenmetrics_key = "..."
tokenmetrics_key_header = "x-api-key"

[schedule]                  # all times are UTC
cron = "0 0 * * MON"        # when a cycle executes
notice_hours = 12           # how long before that it is proposed
approval = "none"           # "required": nothing is executed without `agent approve`
retry_s = 3600              # how long a node or source out of reach is tried again
fee_wait_s = 86400          # how long a cycle waits for gas under policy.max_fee_per_gas_gwei
window_s = 0                # from its time on a proposal is executed within this; 0: at once
window_jitter_s = 0         # a random part of it, before the first look
window_fee_percentile_ppm = 300000  # base fee among the cheapest of the hours to come; later more will do
window_min_depth_ppm = 0    # pools at least so deep, of what was proposed on; 0: not looked at
blackout_hours = []         # UTC hours in which nothing is executed before the window's end

[notify]                    # who is told what, beside the log; quiet hours hold back all but errors
quiet_from_hour = 0         # UTC; the same hour twice: no quiet hours
quiet_to_hour = 0
level = "info"              # "warning": what is to be looked at; "error": what somebody must act on

[notify.channels]           # Apprise addresses (secrets; under systemd: credential `channels`)
# team = "slack://token-a/token-b/token-c"
# pager = "ntfys://ntfy.example.com/agent"

[notify.level_by_channel]   # where a channel is told less or more than the others
# pager = "error"

[key]                       # under systemd: credentials `keystore` and `keystore-password`
{keystore}
{password_file}

[ledger]
# url = "postgresql://agent@127.0.0.1/agent"   # a PostgreSQL database instead of the file
path = "agent.sqlite"       # under systemd: /var/lib/agent/agent.sqlite

[log]
{checkpoint_key}
"""


def settings_template(values: Mapping[str, str]) -> str:
    """Return the settings file with the given required values; the others stand commented out."""
    lines = {
        key: f"{key} = {json.dumps(values[key])}"
        if key in values
        else f"# {key} = {json.dumps(example)}   # FILL IN"
        for key, example in REQUIRED.items()
    }
    return TEMPLATE.format(**lines)
