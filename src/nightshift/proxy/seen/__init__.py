"""What a balancer lets others see of its work: metrics, an access log, traces.

Read in this order: `outcome` (what is known of one finished request), `observer` (who is told), then
`metrics` with `tally` and `histogram` (plain counters on the hot path), `catalogue` (every metric's name,
type, labels and meaning), `reading` (what is asked of the balancer when somebody looks) and `exposition`
(the page); `access_log` with `line_writer`; `trace_context` and `traces`; `quiet_log` (one line per cause).

Nothing here decides anything, and nothing here holds a prompt, a key or a query string.
"""
