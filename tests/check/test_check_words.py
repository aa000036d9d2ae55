"""Evidence in words: which operation, which value, which process, what time."""

from worlds import MS

from minicloud.check import History, Verdict, linearizable


def told(*operations, model="register", key="x"):
    """Judge (process, f, argument, begin, end, outcome, result)s, in milliseconds."""
    moments = []
    for number, (_, _, _, begin, end, _, _) in enumerate(operations):
        moments += [(begin, number, True), (end, number, False)]
    history, invoked = History(), {}
    for moment, number, begins in sorted(moments):
        process, f, argument, _, _, outcome, result = operations[number]
        if begins:
            invoked[number] = history.invoke(
                time=moment * MS, process=process, f=f, key=key, value=argument
            )
        else:
            history.complete(invoked[number], time=moment * MS, type=outcome, value=result)
    judged = linearizable(model).judge(history)
    assert judged.verdict is Verdict.INVALID
    return judged.why


def test_a_stale_read_names_operation_value_process_and_times():
    assert told(
        (2, "write", 3, 19_000, 20_000, "ok", None),
        (1, "write", 7, 24_000, 24_100, "ok", None),
        (4, "read", None, 24_200, 24_300, "ok", 7),
        (3, "read", None, 24_950, 24_990, "ok", 3),
    ) == (
        "process 3 read x=3 at 24.990 s, but process 1 had written x=7 (ok at 24.100 s) before "
        "that read began; x=3 is older: process 2 wrote x=3, ok at 20.000 s"
    )


def test_a_value_from_nowhere_says_that_nobody_wrote_it():
    assert told((3, "read", None, 10, 20, "ok", 9)) == (
        "process 3 read x=9 at 0.020 s, but nobody ever wrote 9"
    )


def test_a_value_from_the_future_says_when_it_was_written():
    assert told(
        (3, "read", None, 10, 20, "ok", 9),
        (1, "write", 9, 30, 40, "ok", None),
    ) == (
        "process 3 read x=9 at 0.020 s, but nobody had written x=9 by then: process 1 began to "
        "only at 0.030 s"
    )


def test_the_initial_value_is_nil():
    assert told(
        (1, "write", 7, 10, 20, "ok", None),
        (3, "read", None, 30, 40, "ok", None),
    ) == (
        "process 3 read x=nil at 0.040 s, but process 1 had written x=7 (ok at 0.020 s) before "
        "that read began"
    )


def test_two_reads_the_wrong_way_round():
    why = told(
        (0, "write", 1, 10, 20, "ok", None),
        (1, "write", 2, 30, 90, "ok", None),
        (2, "read", None, 40, 50, "ok", 2),
        (3, "read", None, 60, 70, "ok", 1),
    )
    assert why.startswith(
        "process 3 read x=1 at 0.070 s, but process 2 had read x=2 (ok at 0.050 s) before that "
        "read began"
    )


def test_a_lost_append():
    assert told(
        (1, "append", "a", 10, 20, "ok", None),
        (2, "append", "b", 30, 40, "ok", None),
        (3, "get", None, 50, 60, "ok", "a"),
        model="kv",
    ) == (
        'process 3 read x="a" at 0.060 s, but process 2 had appended "b" to x (ok at 0.040 s) '
        "before that read began"
    )


def test_two_holders_of_a_lock():
    assert told(
        (1, "acquire", None, 10, 20, "ok", None),
        (2, "acquire", None, 30, 40, "ok", None),
        model="mutex",
        key=None,
    ) == (
        "process 2 acquired the lock at 0.040 s, but process 1 had acquired the lock (ok at 0.020 "
        "s) before that acquire began"
    )


def test_a_value_dequeued_twice():
    assert told(
        (1, "enqueue", 5, 10, 20, "ok", None),
        (2, "dequeue", None, 30, 40, "ok", 5),
        (3, "dequeue", None, 50, 60, "ok", 5),
        model="queue",
        key=None,
    ) == (
        "process 3 dequeued 5 at 0.060 s, but process 2 had dequeued 5 (ok at 0.040 s) before that "
        "dequeue began; besides, process 1 enqueued 5 (0.010 to 0.020 s)"
    )


def test_a_failed_cas_that_took_effect():
    assert (
        told(
            (1, "write", 1, 10, 20, "ok", None),
            (2, "cas", [1, 2], 30, 40, "fail", None),
            (3, "read", None, 50, 60, "ok", 2),
            model="cas-register",
        )
        == "process 3 read x=2 at 0.060 s, but nobody ever wrote 2"
    )


def test_times_have_as_many_digits_as_tell_them_apart():
    def why(unit):
        history = History()
        write = history.invoke(time=10 * MS, process=0, f="write", value=1)
        history.complete(write, time=10 * MS + unit, type="ok")
        read = history.invoke(time=10 * MS + 2 * unit, process=1, f="read")
        history.complete(read, time=10 * MS + 3 * unit, type="ok", value=None)
        return linearizable("register").judge(history).why

    assert why(MS).startswith("process 1 read nil at 0.013 s, ")
    assert why(1000).startswith("process 1 read nil at 0.010003 s, ")
    assert why(1).startswith("process 1 read nil at 0.010000003 s, ")
    assert why(1_999_999).startswith("process 1 read nil at 0.015 s, "), "cut off, not rounded"


def test_clients_with_names_are_called_by_them():
    history = History()
    write = history.invoke(time=0, process=0, f="put", key="x", value=b"7", client="bob")
    history.complete(write, time=24_100 * MS, type="ok")
    read = history.invoke(time=24_950 * MS, process=1, f="get", key="x", client="carol")
    history.complete(read, time=24_990 * MS, type="ok", value=None)
    assert linearizable("kv").judge(history).why == (
        'carol read x=nil at 24.990 s, but bob had written x="7" (ok at 24.100 s) before that read '
        "began"
    )
