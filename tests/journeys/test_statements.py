"""A write is a constant number of statements a chunk: for one card, for a thousand and for a hundred thousand."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from types import FrameType

import pytest
from django.db import connection
from django.db.models import Count

import xuliu
from tests.books import check_own_books
from tests.journeys import paper_carrier as carrier
from tests.journeys.paper_carrier import Paper
from tests.world import make_world, pass_time
from xuliu.balance.operations import request_readings
from xuliu.balance.refresh import refresh
from xuliu.carrier.contract import Answer, Reason
from xuliu.common import clock
from xuliu.common.chunks import CHUNK as RELEASED_AT_ONCE
from xuliu.inventory.import_sims import Report, import_sims
from xuliu.ordering.buying.by_notice import apply_notices
from xuliu.ordering.buying.place import place
from xuliu.ordering.buying.quote import LINES_PER_STATEMENT
from xuliu.ordering.delivering import check, fulfil, verify
from xuliu.ordering.delivering.ready import release_rest
from xuliu.ordering.ending import receipts, settle
from xuliu.ordering.ending.withdraw import withdraw
from xuliu.ordering.models import Order, OrderLine, Receipt
from xuliu.ordering.overdue import tell_of_overdue
from xuliu.sandbox.testing import Sandbox
from xuliu.ticket.models import Case

CHUNK = 1_000
OURS = str(Path(xuliu.__file__).parent)
MOST_CALLS_A_LINE = 125  # of our own functions, from READY to COMPLETED; each takes a good tenth of a microsecond
Counts = dict[str, set[int]]


@pytest.fixture
def paper(fresh_database: str, clock_file: Path, sandbox: Sandbox) -> Iterator[Paper]:
    with carrier.dropped_in():
        yield carrier.make_paper(make_world(sandbox, "http://127.0.0.1:1", clock_file))
        check_own_books()


def _count(run: Callable[[], object]) -> tuple[int, object]:
    """How many statements it made, and what it returned."""
    made = 0

    def counting(execute: Callable[..., object], *given: object) -> object:
        nonlocal made
        made += 1
        return execute(*given)

    with connection.execute_wrapper(counting):
        returned = run()
    return made, returned


def _each_run(step: Callable[[], int], *, most: int = 1_000) -> set[int]:
    """The statements of every run of a step that found something to do, of at most so many runs."""
    counts: set[int] = set()
    for _ in range(most):
        made, found = _count(step)
        if not found:
            break
        counts.add(made)
    return counts


def _one_order(paper: Paper, lines: int, *, most: int = 1_000) -> tuple[Counts, Order]:
    """One order of so many lines from its quote to its receipt; of it at most so many chunks a step."""
    counts: Counts = {}
    sims = carrier.make_paper_sims(paper, lines)
    made, quoted = _count(lambda: carrier.make_quote(paper, sims))
    assert isinstance(quoted, Order)
    counts["quote"] = {made - (lines - 1) // LINES_PER_STATEMENT}  # one more a chunk
    counts["place"] = {_count(lambda: place(order_id=quoted.pk, way="native"))[0]}
    carrier.pay([quoted])
    counts["apply"] = _each_run(apply_notices)
    counts["release"] = _each_run(release_rest, most=most) if lines > CHUNK else set()
    counts |= _delivered(paper, most=most)
    return counts, quoted


def _delivered(paper: Paper, *, most: int = 1_000) -> Counts:
    counts: Counts = {"fulfil": _each_run(lambda: fulfil.fulfil(paper.account.pk, limit=CHUNK), most=most)}
    pass_time(paper.world, timedelta(seconds=5))
    if paper.books.says_later:
        counts["check"] = _each_run(lambda: check.check(paper.account.pk, limit=50))
    counts["verify"] = _each_run(lambda: verify.verify(paper.account.pk, limit=CHUNK))
    counts["settle"] = _each_run(settle.settle)
    counts["receipts"] = _each_run(receipts.issue_receipts)
    return counts


def _constant(counts: Counts, *others: Counts) -> bool:
    """Whether every run of every step made as many statements, whatever the number of rows."""
    names = {name for one in (counts, *others) for name in one}
    return all(len(set().union(*[one.get(name, set()) for one in (counts, *others)])) <= 1 for name in names)


@pytest.mark.parametrize("says_later", [False, True], ids=["done at once", "accepted first"])
def test_one_line_and_a_thousand_take_the_same_statements(paper: Paper, says_later: bool) -> None:
    paper.books.says_later = says_later
    one, _ = _one_order(paper, 1)
    many, order = _one_order(paper, CHUNK)

    assert _constant(one, many), f"one {one}, a thousand {many}"
    assert not OrderLine.objects.filter(order=order).exclude(state="COMPLETED").exists()


def test_a_line_of_a_chunk_is_delivered_by_few_calls_of_our_functions(paper: Paper) -> None:
    """What our side costs, as it can be counted on any machine: the bench compares it with plain SQL."""
    calls = []
    for number in (1, CHUNK):
        order = carrier.make_quote(paper, carrier.make_paper_sims(paper, number))
        place(order_id=order.pk, way="native")
        carrier.pay([order])
        apply_notices()
        calls.append(_calls(lambda: fulfil.fulfil(paper.account.pk, limit=CHUNK)))
        pass_time(paper.world, timedelta(seconds=5))
        calls[-1] += _calls(lambda: verify.verify(paper.account.pk, limit=CHUNK))
        assert not order.lines.exclude(state="COMPLETED").exists()

    assert (calls[1] - calls[0]) / (CHUNK - 1) <= MOST_CALLS_A_LINE, calls


def _calls(run: Callable[[], object]) -> int:
    """How often functions of ours were called, the test's own carrier left out."""
    made = 0

    def counting(frame: FrameType, event: str, _: object) -> None:
        nonlocal made
        made += event == "call" and frame.f_code.co_filename.startswith(OURS)

    sys.setprofile(counting)
    try:
        run()
    finally:
        sys.setprofile(None)
    return made


def test_a_hundred_thousand_lines_take_as_many_a_chunk(paper: Paper) -> None:
    one, _ = _one_order(paper, 1)
    many, order = _one_order(paper, 100 * CHUNK, most=3)  # what a chunk costs with all the others waiting behind it

    assert _constant(one, many), f"one {one}, a hundred thousand {many}"
    states = OrderLine.objects.filter(order=order).order_by().values_list("state").annotate(Count("id"))
    released = 4 * RELEASED_AT_ONCE  # with the notice, and by three runs of the step
    assert dict(states) == {
        "COMPLETED": 3 * CHUNK,
        "READY": released - 3 * CHUNK,
        "WAITING": 100 * CHUNK - released,
    }


def test_one_order_and_a_thousand_take_the_same_statements(paper: Paper) -> None:
    counts = []
    for number in (1, CHUNK):
        orders = carrier.make_orders(paper, number)
        carrier.pay(orders)
        counts.append({"apply": _each_run(apply_notices), **_delivered(paper)})

    assert _constant(*counts), f"one and a thousand: {counts}"
    assert Receipt.objects.count() == 1 + CHUNK


def test_taking_one_line_back_and_a_thousand_take_the_same_statements(paper: Paper) -> None:
    counts = []
    for number in (1, CHUNK):
        order = carrier.make_quote(paper, carrier.make_paper_sims(paper, number))
        place(order_id=order.pk, way="native")
        carrier.pay([order])
        apply_notices()
        made, withdrawn = _count(lambda: withdraw(order_id=order.pk))  # noqa: B023  # run at once
        assert withdrawn == number
        counts.append({"withdraw": {made}, "settle": _each_run(settle.settle)})

    assert _constant(*counts), f"one and a thousand: {counts}"


def test_refusing_one_line_for_ever_and_a_thousand_take_the_same_statements(paper: Paper) -> None:
    counts = []
    for number in (1, CHUNK):
        order = carrier.make_quote(paper, carrier.make_paper_sims(paper, number))
        place(order_id=order.pk, way="native")
        carrier.pay([order])
        apply_notices()
        release_rest()
        paper.books.refuses = lambda change: Answer.refused(change, Reason.TEMPORARY, "later")
        made = []
        for _ in range(6):
            pass_time(paper.world, timedelta(minutes=30))
            made.append(_each_run(lambda: fulfil.fulfil(paper.account.pk, limit=CHUNK)))
        told = _count(tell_of_overdue)[0]
        counts.append({"fulfil": made[0], "again": set().union(*made[1:5]), "in vain": made[5], "tell": {told}})
        assert max(set().union(*made[1:5])) - max(made[0]) <= 1, "one more: what earlier attempts left behind"
        assert OrderLine.objects.filter(order=order, state="READY", is_set_aside=True).count() == number
        assert Case.objects.filter(state="OPEN", kind="line_sent_in_vain").count() == number
        withdraw(order_id=order.pk)
        settle.settle()
        tell_of_overdue()

    assert _constant(*counts), f"one and a thousand: {counts}"


def test_telling_of_one_overdue_line_and_of_a_thousand_takes_the_same_statements(paper: Paper) -> None:
    counts = []
    for number in (1, CHUNK):
        order = carrier.make_quote(paper, carrier.make_paper_sims(paper, number))
        place(order_id=order.pk, way="native")
        carrier.pay([order])
        apply_notices()
        pass_time(paper.world, timedelta(days=2))
        counts.append({"tell": {_count(tell_of_overdue)[0], _count(tell_of_overdue)[0]}})
        assert Case.objects.get(state="OPEN", kind="carrier_account_waits").facts["count"] == number
        withdraw(order_id=order.pk)
        tell_of_overdue()
        assert not Case.objects.filter(state="OPEN", kind="carrier_account_waits").exists()

    assert _constant(*counts), f"one and a thousand: {counts}"


@pytest.mark.parametrize("said", [1_795_000_000, 1e30, float("inf"), float("nan"), -5, 3_601, 3_600])
def test_a_carrier_that_says_to_come_again_in_fifty_years_is_asked_within_the_hour(paper: Paper, said: float) -> None:
    (order,) = carrier.make_orders(paper, 1)
    carrier.pay([order])
    apply_notices()
    paper.books.refuses = lambda change: Answer.refused(change, Reason.TEMPORARY, "later", retry_after_seconds=said)
    fulfil.fulfil(paper.account.pk)

    line = order.lines.get()
    assert line.state == "READY"
    assert clock.now() < line.due_at <= clock.now() + timedelta(hours=1)
    withdraw(order_id=order.pk)
    settle.settle()


def test_one_reading_and_a_hundred_take_the_same_statements(paper: Paper) -> None:
    counts = []
    for number in (1, 100):
        ids = [sim.pk for sim in carrier.make_paper_sims(paper, number)]
        wanted = _count(lambda: request_readings(sim_ids=ids))[0]  # noqa: B023  # run at once
        counts.append({"want": {wanted}, "refresh": _each_run(lambda: refresh(paper.account.pk))})

    assert _constant(*counts), f"one and a hundred: {counts}"


def test_importing_one_sim_and_a_thousand_take_the_same_statements(paper: Paper, tmp_path: Path) -> None:
    counts = []
    for number in (1, CHUNK):
        path = tmp_path / f"{number}.csv"
        lines = [f"8986990{number:05d}{line:08d}" for line in range(number)]
        path.write_text("\n".join(["iccid", *lines]) + "\n")
        made, report = _count(lambda: import_sims(path=path, account_code="paper"))  # noqa: B023  # run at once
        assert isinstance(report, Report)
        assert (report.lines, report.refused_lines()) == (number, 0)
        counts.append({"import": {made}})

    assert _constant(*counts), f"one and a thousand: {counts}"
