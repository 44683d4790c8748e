import time

import pytest

from rag_chat.trace import Trace


def test_a_stage_that_runs_twice_adds_up():
    trace = Trace()
    trace.add("verify", 0.25)
    trace.add("verify", 0.5)
    assert trace.seconds()["verify"] == 0.75


def test_a_stage_is_timed_even_where_it_fails():
    trace = Trace()
    with pytest.raises(ZeroDivisionError), trace.stage("retrieve"):
        time.sleep(0.01)
        raise ZeroDivisionError
    assert 0.01 <= trace.seconds()["retrieve"] <= trace.seconds()["total"]


def test_the_total_runs_on_from_the_start():
    trace = Trace()
    first = trace.seconds()["total"]
    time.sleep(0.01)
    assert trace.seconds()["total"] >= first + 0.009
    assert list(trace.seconds()) == ["total"]
