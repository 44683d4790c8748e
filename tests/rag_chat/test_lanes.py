import threading
import time

import pytest
import torch

from rag_chat.lanes import AHEAD, LEAST_TOKENS, MOST_TOKENS, WIDTHS, Lanes


def cores_seen(_):
    time.sleep(0.01)
    return threading.get_ident(), torch.get_num_threads()


def test_a_lane_computes_with_one_core_and_everything_else_with_as_many_as_before():
    before = torch.get_num_threads()
    seen = list(Lanes(3).map(cores_seen, range(12)))
    assert {cores for _, cores in seen} == {1}
    assert len({thread for thread, _ in seen}) > 1
    assert torch.get_num_threads() == before
    fresh = []
    thread = threading.Thread(target=lambda: fresh.append(torch.get_num_threads()))
    thread.start()
    thread.join()
    assert fresh == [before]


def test_a_single_lane_keeps_all_cores():
    ((_, cores),) = Lanes(1).map(cores_seen, [0])
    assert cores == torch.get_num_threads()


def test_results_come_in_order_and_few_are_begun_ahead():
    lanes, begun = Lanes(2), []

    def work(item):
        begun.append(item)
        time.sleep(0.02 * (item % 2))
        return item * item

    results = lanes.map(work, range(20))
    assert next(results) == 0
    assert len(begun) <= AHEAD * 2 + 1
    assert list(results) == [n * n for n in range(1, 20)]


def test_an_error_is_raised_and_the_rest_is_not_begun():
    begun = []

    def work(item):
        begun.append(item)
        if item == 1:
            raise ValueError("one")
        return item

    with pytest.raises(ValueError, match="one"):
        list(Lanes(2).map(work, range(100)))
    assert len(begun) < 10


def test_batches_are_sorted_by_length_and_every_lane_gets_as_much():
    tokens = [7, 250, 3, 249, 120, 118, 60, 61] * 8
    batches = Lanes(2).batches(tokens)
    assert sorted(place for batch in batches for place in batch) == list(range(len(tokens)))
    assert [tokens[i] for batch in batches for i in batch] == sorted(tokens, reverse=True)
    assert len(batches) % 2 == 0
    sizes = [sum(tokens[i] for i in batch) for batch in batches]
    assert max(sizes) <= MOST_TOKENS + 250
    assert max(sizes) - min(sizes) <= 2 * 250


def test_batches_of_a_width_have_as_many_rows_so_that_few_kernels_serve_a_long_document():
    """Each shape costs a kernel of its own and blocks of memory that no other shape fits into."""
    batches = Lanes(2).batches([60 + i % 190 for i in range(8000)])
    shapes = {(len(batch), -(-max(60 + i % 190 for i in batch) // WIDTHS)) for batch in batches[:-1]}
    assert len(shapes) <= 190 // WIDTHS + 2
    assert len(batches) > 200


def test_little_work_is_not_split_and_none_is_no_batch():
    assert Lanes(2).batches([10] * 5) == [[0, 1, 2, 3, 4]]
    assert len(Lanes(2).batches([LEAST_TOKENS] * 2)) == 2
    assert Lanes(2).batches([0, 0, 0]) == [[0, 1, 2]]
    assert Lanes(2).batches([]) == []
