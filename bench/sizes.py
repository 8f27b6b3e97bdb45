"""How much is measured: the whole bench, and a small one that only shows that it runs."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """Counts of lines, postings, notices, top-ups, calls and strangers."""

    orders: tuple[int, ...]  # lines in an order that is placed
    lines: int  # in the order that is completed, sent beside an old snapshot, or stood behind
    postings: int
    notices: int
    connections: int  # of the load generator
    topups: int
    calls: int  # to the outside
    strangers: int  # who never end a body
    # What is short is measured so often, ours and its ceiling in turns, and the best of either counts: what the others
    # take longer is taken by other guests of the machine.
    rounds: int


WHOLE = Sizes(
    orders=(1, 1_000, 100_000),
    lines=100_000,
    postings=200_000,
    notices=6_000,
    connections=8,
    topups=600,
    calls=6_000,
    strangers=220,
    rounds=3,
)
SMALL = Sizes(
    orders=(1, 20), lines=40, postings=60, notices=20, connections=2, topups=4, calls=40, strangers=4, rounds=1
)
