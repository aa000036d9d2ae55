"""The figures of a page, against runs whose figures are known."""

import pytest
from handmade import MS, Made, S, read_page

from minicloud.report.page.figures.latency import bucket_ns_of
from minicloud.scenario.comparing.quantiles import quantile


@pytest.fixture
def made(tmp_path):
    made = Made(tmp_path / "run")
    made.boot("kv-r1", "alice", "bob")
    return made


def test_a_percentile_is_one_of_the_numbers():
    numbers = list(range(1, 101))
    assert [quantile(numbers, q) for q in ("0", "0.5", "0.9", "0.99", "1")] == [1, 50, 90, 99, 100]
    assert quantile([7], "0.99") == 7
    # 0.07 * 100 is 7.000000000000001.
    assert quantile(numbers, "0.07") == 7


@pytest.mark.parametrize(
    ("end_s", "operations", "least", "most"),
    [(60, 0, 20, 50), (60, 100_000, 60, 250), (3600, 500, 20, 60), (0.001, 3, 20, 50)],
)
def test_a_run_has_twenty_buckets_or_more(end_s, operations, least, most):
    end_ns = round(end_s * S)
    assert least <= end_ns / bucket_ns_of(end_ns, operations) <= most


def test_a_run_of_no_time_has_a_bucket(made):
    made.result["virtual_s"] = 0.0
    data = read_page(made.folder())
    assert data["figures"]["t"] == [0]
    assert data["figures"]["availability"] == [None]


def test_quantiles_and_rates_by_the_time_of_asking(made):
    for number in range(100):
        made.op("alice", 1 * S + number * MS, 1 * S + number * MS + (number + 1) * MS)
    made.op("bob", 9 * S, 9 * S + MS, "fail")
    made.op("bob", 9 * S + 2 * MS, None)
    figures = read_page(made.folder())["figures"]
    assert figures["bucket_ns"] == 500 * MS
    writes = figures["functions"]["write"]
    assert (writes["count"], writes["ok"], writes["fail"], writes["unknown"]) == (102, 100, 1, 1)
    assert [writes[p][2] for p in ("p50_ms", "p90_ms", "p99_ms", "max_ms")] == [50, 90, 99, 100]
    assert writes["p50_ms"][3] is None
    assert (writes["rate_ok"][2], writes["rate_fail"][18], writes["rate_unknown"][18]) == (
        200,
        2,
        2,
    )
    assert figures["availability"][2] == 1
    assert figures["availability"][18] == 0
    assert figures["availability"][5] is None


def test_response_time_begins_when_it_was_meant_to(made):
    made.op("alice", 3 * S, 3 * S + 5 * MS, due=2 * S)
    made.op("alice", 4 * S, 4 * S + 5 * MS)
    data = read_page(made.folder())
    assert data["operations"]["late"] == [1 * S, 0]
    spectrum = data["figures"]["spectrum"]["write"]
    assert spectrum[-1] == [1.0, 1005.0, 5.0]
    assert spectrum[0] == [0.0, 5.0, 5.0]


def test_a_quantile_that_too_few_operations_reach_is_not_told(made):
    for number in range(20):
        made.op("alice", number * 100 * MS, number * 100 * MS + MS)
    quantiles = [q for q, _, _ in read_page(made.folder())["figures"]["spectrum"]["write"]]
    assert quantiles == [0.0, 0.25, 0.5, 0.75, 0.9, 0.95, 1.0]


def test_messages_per_operation_count_those_that_bear_its_name(made):
    made.op("alice", 1 * S, 2 * S, name="alice:1")
    made.op("alice", 3 * S, 4 * S, f="read", name="alice:2")
    for second in (1, 1, 1, 3):
        made.send("alice", "kv-r1", second * S + MS, op=f"alice:{1 if second == 1 else 2}")
    made.send("kv-r1", "kv-r1", 5 * S)
    data = read_page(made.folder())
    assert data["operations"]["messages"] == [3, 1]
    assert data["figures"]["messages_per_operation"] == {"read": 1, "write": 3}
    assert data["figures"]["per_operation"] == 2.5, "gossip is a cost, too"
    assert data["figures"]["totals"] == {"sent": 5, "delivered": 5, "bytes": 200}


def steady(made, client, begin_ms, end_ms, outcome="ok", *, every=100):
    for at in range(begin_ms, end_ms, every):
        made.op(client, at * MS, at * MS + MS, outcome)


def test_an_outage_lasts_from_the_first_miss_to_the_next_ok(made):
    made.fault("partition-1", "partition", "begin", 3 * S)
    made.fault("partition-1", "partition", "end", 5 * S)
    for client in ("alice", "bob"):
        steady(made, client, 0, 3000)
        steady(made, client, 3000, 5300, "info")
        steady(made, client, 5300, 9000)
    (row,) = read_page(made.folder())["figures"]["unavailable"]
    assert (row["service"], row["client"]) == ("kv", None)
    assert (row["begin"], row["end"]) == (3 * S, 5301 * MS)
    assert (row["after"], row["healed"]) == ("partition-1", 301 * MS)
    assert row["why"] == "nobody had an ok: 46 unknown; the last 0.301 s after partition-1 was over"


def test_whoever_is_cut_off_alone_has_an_outage_alone(made):
    steady(made, "alice", 0, 9000)
    steady(made, "bob", 0, 3000)
    steady(made, "bob", 3000, 6000, "fail")
    steady(made, "bob", 6000, 9000)
    (row,) = read_page(made.folder())["figures"]["unavailable"]
    assert (row["client"], row["begin"], row["end"]) == ("bob", 3 * S, 6001 * MS)
    assert row["after"] is None


def test_a_refusal_now_and_then_is_no_outage(made):
    steady(made, "alice", 0, 9000)
    for at in range(50, 9000, 700):
        made.op("bob", at * MS, at * MS + MS, "fail" if at % 1400 == 50 else "ok")
    assert read_page(made.folder())["figures"]["unavailable"] == []


def test_an_outage_that_a_power_cut_began_has_no_end(made):
    made.crash("kv-r1", 3 * S)
    for client in ("alice", "bob"):
        steady(made, client, 0, 3000)
        steady(made, client, 3000, 9000, "info")
    (row,) = read_page(made.folder())["figures"]["unavailable"]
    assert (row["end"], row["after"], row["healed"]) == (None, "crash of kv-r1", None)


def test_a_client_without_power_is_no_witness(made):
    made.crash("bob", 3 * S)
    steady(made, "alice", 0, 9000)
    steady(made, "bob", 0, 2950)
    made.op("bob", 2990 * MS, None)
    assert read_page(made.folder())["figures"]["unavailable"] == []


def test_the_matrix_counts_by_fate(made):
    made.send("alice", "kv-r1", 1 * S)
    made.send("alice", "kv-r1", 2 * S, fate="cut by partition-1")
    made.send("kv-r1", "alice", 3 * S)
    data = read_page(made.folder())
    rows = [{**row, "from": data["lanes"][row["from"]]["name"]} for row in data["network"]]
    assert {row["from"]: row["fates"] for row in rows} == {
        "alice": {"cut by partition-1": 1, "delivered": 1},
        "kv-r1": {"delivered": 1},
    }
    assert sum(row["bytes"] for row in rows) == 120
