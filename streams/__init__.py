"""Kafka in, Kafka out: the only package that knows Faust, aiokafka, Kafka topics and offsets.

A page's way is `app` → `intake` (on a `consumer_thread`) → `agent` → `outcomes` (with `records`, `repeats`) →
`delivery`, or `transactions` (with a `partition_writer` each) for output that is there exactly once. What keeps a
worker honest stands beside it: `custody` and `sandbox` (pages that kill), `watchdog` with `progress` and `group_view`
(workers that get nowhere), `supervisor`, `metrics` and `status`. `subscribe`, with its `place` and `sieve`, is the
other end; `deadletters` and `backlog` read what is there. `security` says how Kafka is reached, and `reach` why it is
not.

The delivery guarantee, each sentence with the test that holds it on a real Kafka:

1. A page's records, and after them its outcome, are delivered before its offset is committed
   (`tests/integration/test_outage.py`, `tests/unit/test_delivery.py`).
2. A crash repeats work and never loses it: a page that is handed out again gives the same ids
   (`test_pipeline.py::test_killed_and_joined_under_load`).
3. A subscriber of ours is shown a part once, also across its restart and among the members of its group
   (`test_subscribers.py`).
4. Every page has an outcome, whatever is in it: also one that takes its process along (`test_deadletters.py`,
   `test_killers.py`).
5. A worker that cannot go on leaves, with its reason, and acknowledges nothing that was not delivered
   (`test_watchdog.py`, `test_outage.py`).

With NEWSIEVE_DELIVERY=exactly-once the first two become one: records, outcome and offset are there together or not at
all, and nothing is on a topic twice for whoever reads what is committed (`test_exactly_once.py`,
`tests/unit/test_transactions.py`).
"""
