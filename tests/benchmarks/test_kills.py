"""A few of the benchmark's kills: nothing is lost, nothing is left over."""

from benchmarks import kills


def test_killed_at_random_moments_nothing_is_lost_and_nothing_left(tmp_path):
    tally = kills.run(tmp_path, kills=6, seed=7)
    assert (tally.kills, tally.lost, tally.orphans, tally.faults) == (6, 0, 0, [])
