"""What people do about a stuck line, from its page."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from tests import sales
from tests.make import Shop, make_shop
from xuliu.carrier.operations import pause
from xuliu.common import clock
from xuliu.common.actor import Actor, acting
from xuliu.common.deciding import PersonReason
from xuliu.common.models import Event
from xuliu.common.state import move
from xuliu.interfaces.console.decisions import DECIDED
from xuliu.interfaces.console.tests import people
from xuliu.interfaces.console.tests.people import signed_in
from xuliu.ledger.queries import order_totals
from xuliu.ordering.delivering import decide as line_decisions
from xuliu.ordering.delivering.reasons import LineCase
from xuliu.ordering.models import Approval, OrderLine
from xuliu.ordering.patience import OverdueCase
from xuliu.ticket.kinds import kind_named
from xuliu.ticket.models import Case
from xuliu.ticket.operations import open_case

pytestmark = pytest.mark.django_db
State = OrderLine.State
Decision = Approval.Decision
SEEN = {"why": "the shop sells again", "proof": "photo of the terminal, case 17"}
ENGLISH = {"accept-language": "en"}


def decide(client: Client, line: OrderLine, what: str, **fields: str) -> str:
    """Press the button; returns what the page then says."""
    answer = client.post(reverse("admin:line_decide", args=[line.pk, what]), fields, follow=True)
    assert answer.redirect_chain == [(reverse("admin:ordering_orderline_change", args=[line.pk]), 302)]
    line.refresh_from_db()
    return " ".join(str(message) for message in answer.context["messages"])


def test_the_page_lays_before_calls_and_after_side_by_side() -> None:
    line = sales.make_disputed(make_shop())
    page = signed_in(people.olga()).get(
        reverse("admin:ordering_orderline_change", args=[line.pk]), headers={"accept-language": "en"}
    )
    evidence = page.context["evidence"]
    assert evidence.is_proven is False
    proof = next(row for row in evidence.rows if row.is_the_proof)
    assert (proof.before, proof.has_changed) == (proof.after, False)
    assert [call["operation"] for call in page.context["calls"]] == ["change/renew"]
    text = page.content.decode()
    assert text.index("<h3>Before</h3>") < text.index("What the carrier was asked") < text.index("<h3>After</h3>")
    assert "20261122000417" in text


def test_two_people_send_again_and_not_one_person_twice() -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=45)
    olga, sun = signed_in(people.olga()), signed_in(people.sun())

    decide(olga, line, "send", why="the carrier's desk knows nothing of it")
    decide(olga, line, "send", why="really")
    assert line.state == State.UNKNOWN
    assert Approval.objects.filter(line=line).count() == 1
    decide(sun, line, "send", why="seen in their portal")

    assert line.state == State.READY
    moved = Event.objects.filter(kind="orderline", subject_id=line.pk, became="READY").latest("id")
    assert (moved.actor_kind, moved.actor_label, moved.detail) == ("person", "sun", "seen in their portal")
    assert Case.objects.get(kind="line_waits", subject_id=line.pk).state == Case.State.CLOSED


def test_before_it_has_settled_nobody_sends_again() -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=3)
    client = signed_in(people.olga())
    page = client.get(reverse("admin:ordering_orderline_change", args=[line.pk]))
    assert page.context["actions"]["is_too_early"]
    assert b'name="why"' not in page.content.split(b"/decide/send/")[1].split(b"</form>")[0]
    decide(client, line, "send", why="impatient")
    assert (line.state, Approval.objects.count()) == (State.UNKNOWN, 0)


def test_a_line_without_an_answer_is_given_back_with_a_reason() -> None:
    line = sales.make_unknown(make_shop())
    client = signed_in(people.fei())
    decide(client, line, "refund", why=" ")
    assert line.state == State.UNKNOWN
    decide(client, line, "refund", why="the shop does not want to wait")
    assert line.state == State.REJECTED
    totals = order_totals([line.order_id])[line.order_id]
    assert (totals.held_minor, totals.refunded_minor) == (0, line.price_minor)
    assert Case.objects.get(kind="line_waits").state == Case.State.CLOSED


def test_a_disputed_line_is_accepted_with_reason_and_proof_and_not_without() -> None:
    line = sales.make_disputed(make_shop())
    client = signed_in(people.fei())
    decide(client, line, "accept", why="the shop sells again", proof="")
    assert line.state == State.DISPUTED
    decide(client, line, "accept", why="the shop sells again", proof="photo of the terminal, case 17")
    assert line.state == State.COMPLETED
    moved = Event.objects.filter(kind="orderline", subject_id=line.pk, became="COMPLETED").get()
    assert "photo of the terminal" in moved.detail


def test_two_people_accept_what_the_carrier_does_not_answer_and_not_one_person_twice() -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=3)
    olga, fei = signed_in(people.olga()), signed_in(people.fei())

    decide(olga, line, "accept", why="the shop sells again", proof=" ")
    assert not Approval.objects.exists(), "each of the two has a proof"
    noted = decide(olga, line, "accept", **SEEN)
    decide(olga, line, "accept", **SEEN)
    assert (line.state, Approval.objects.count()) == (State.UNKNOWN, 1)
    assert noted == DECIDED["seen"]
    assert Case.objects.get(kind="line_waits").state == Case.State.OPEN
    decide(fei, line, "accept", why="asked the shop", proof="its manager's mail")

    assert line.state == State.COMPLETED
    totals = order_totals([line.order_id])[line.order_id]
    assert (totals.held_minor, totals.refunded_minor) == (0, 0)
    assert Case.objects.get(kind="line_waits", subject_id=line.pk).state == Case.State.CLOSED


def test_who_may_not_move_money_accepts_nothing() -> None:
    line = sales.make_unknown(make_shop())
    client = signed_in(people.sun())
    page = client.get(reverse("admin:ordering_orderline_change", args=[line.pk]))
    assert not page.context["actions"]["accept"]
    answer = client.post(reverse("admin:line_decide", args=[line.pk, "accept"]), SEEN)
    assert (answer.status_code, Approval.objects.count()) == (403, 0)


def test_the_page_shows_each_word_beside_its_own_decision_alone() -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=45)
    olga, fei = signed_in(people.olga()), signed_in(people.fei())
    address = reverse("admin:ordering_orderline_change", args=[line.pk])
    decide(olga, line, "accept", **SEEN)

    hers, his = (client.get(address, headers=ENGLISH).content.decode() for client in (olga, fei))
    chinese = fei.get(address, headers={"accept-language": "zh-hans"}).content.decode()

    send, seen = (his.split(f"/decide/{what}/")[1].split("</form>")[0] for what in ("send", "accept"))
    assert "photo of the terminal" in seen
    assert "I have seen it too" in seen
    assert "photo of the terminal" not in send
    assert "I say so: send again" in send, "nobody has said that"
    assert "the shop sells again；凭据：photo of the terminal, case 17" in chinese
    assert "waits for a second person" in hers.split("/decide/accept/")[1].split("</form>")[0]
    assert "I say so: send again" in hers, "she may change her mind"


@pytest.mark.parametrize("said", [Decision.SEND_AGAIN, Decision.SEND_ON_READING, Decision.ACCEPT])
@pytest.mark.parametrize(
    ("what", "decision"),
    [("send", Decision.SEND_AGAIN), ("let", Decision.SEND_ON_READING), ("accept", Decision.ACCEPT)],
)
def test_a_word_for_one_decision_counts_for_no_other(what: str, decision: str, said: str) -> None:
    shop = make_shop()
    line = sales.make_held_back(shop) if what == "let" else sales.make_unknown(shop)
    Approval.objects.create(
        line=line, attempt=1, decision=said, person_id=people.fei().pk, why="her word", at=clock.now()
    )

    decide(signed_in(people.olga()), line, what, **SEEN)

    after = {"send": State.READY, "let": State.READY, "accept": State.COMPLETED}[what]
    is_done = line.state == after and not line.is_set_aside
    assert is_done is (said == decision)


def test_who_says_something_else_has_taken_back_what_they_said_before() -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=45)
    olga, fei, sun = signed_in(people.olga()), signed_in(people.fei()), signed_in(people.sun())

    decide(olga, line, "send", why="the carrier's desk knows nothing of it")
    decide(olga, line, "accept", **SEEN)
    decide(sun, line, "send", why="the carrier's desk knows nothing of it")
    assert line.state == State.UNKNOWN, "Olga does not say so any more"
    decide(fei, line, "accept", **SEEN)

    assert line.state == State.COMPLETED
    standing = Approval.objects.filter(taken_back_at=None).order_by("id").values_list("decision", flat=True)
    assert (list(standing), Approval.objects.count()) == (["accept", "send_again", "accept"], 4)


def test_the_database_keeps_one_word_of_a_person_on_an_attempt() -> None:
    line = sales.make_unknown(make_shop())
    word = {"line": line, "attempt": 1, "person_id": 1, "why": "so", "at": clock.now()}
    Approval.objects.create(decision=Decision.ACCEPT, **word)
    with pytest.raises(IntegrityError, match="approval_one_word_a_person"), transaction.atomic():
        Approval.objects.create(decision=Decision.SEND_AGAIN, **word)
    with pytest.raises(IntegrityError, match="approval_of_a_known_decision"), transaction.atomic():
        Approval.objects.create(decision="whatever", **word | {"person_id": 2})


def test_a_line_tried_just_now_is_told_by_the_time_of_its_payment() -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=27 * 60)
    for state in (State.READY, State.SUBMITTING, State.UNKNOWN):
        move(OrderLine, [line.pk], to=state)
    pause([line.account_id], why=PersonReason.A_PERSON_SAYS, detail="the carrier moves house")
    open_case(OverdueCase.CARRIER_ACCOUNT, ("carrieraccount", line.account_id), {"count": 1})
    client = signed_in(people.olga())

    overview = client.get(reverse("admin:index"), headers=ENGLISH).content.decode()
    page = client.get(reverse("admin:ordering_orderline_change", args=[line.pk]), headers=ENGLISH).content.decode()

    assert "1 overdue" in overview
    assert "27 h" in overview
    assert all(words in page for words in ("paid 27 h ago", "Overdue", "Lines wait at a carrier account"))


def test_asking_again_brings_a_line_back_that_was_set_aside() -> None:
    line = sales.make_set_aside(make_shop())
    decide(signed_in(people.sun()), line, "ask")
    assert not line.is_set_aside
    assert line.due_at <= clock.now()
    assert Case.objects.get(kind="line_set_aside").state == Case.State.CLOSED


def test_support_may_ask_and_say_so_but_moves_no_money() -> None:
    shop = make_shop()
    unknown, disputed = sales.make_unknown(shop), sales.make_disputed(shop)
    client = signed_in(people.sun())
    page = client.get(reverse("admin:ordering_orderline_change", args=[disputed.pk]))
    assert (page.context["actions"]["ask"], page.context["actions"]["accept"]) == (True, False)
    for line, what in ((unknown, "refund"), (disputed, "refund"), (disputed, "accept")):
        answer = client.post(reverse("admin:line_decide", args=[line.pk, what]), {"why": "x", "proof": "y"})
        assert answer.status_code == 403
    assert set(OrderLine.objects.values_list("state", flat=True)) == {State.UNKNOWN, State.DISPUTED}


def test_a_line_that_moved_on_in_the_meantime_is_left_alone() -> None:
    line = sales.make_unknown(make_shop())
    first, second = signed_in(people.olga()), signed_in(people.fei())
    decide(first, line, "refund", why="first")
    decide(second, line, "refund", why="second")
    whys = Event.objects.filter(kind="orderline", became="REJECTED").values_list("detail", flat=True)
    assert list(whys) == ["first"]


def test_a_decision_is_posted_and_never_followed() -> None:
    line = sales.make_unknown(make_shop())
    client = signed_in(people.olga())
    assert client.get(reverse("admin:line_decide", args=[line.pk, "refund"])).status_code == 405
    assert client.post(reverse("admin:line_decide", args=[line.pk, "delete"])).status_code == 404
    assert Client(enforce_csrf_checks=True).post(reverse("admin:line_decide", args=[line.pk, "ask"])).status_code != 200
    line.refresh_from_db()
    assert line.state == State.UNKNOWN


def test_a_decision_without_the_form_s_token_is_refused() -> None:
    line = sales.make_unknown(make_shop())
    plain = signed_in(people.olga())
    strict = Client(enforce_csrf_checks=True)
    strict.cookies = plain.cookies
    answer = strict.post(reverse("admin:line_decide", args=[line.pk, "refund"]), {"why": "forged"})
    assert answer.status_code == 403
    line.refresh_from_db()
    assert line.state == State.UNKNOWN


def test_a_second_attempt_wants_two_new_voices() -> None:
    line = sales.make_unknown(make_shop(), minutes_ago=60)
    Approval.objects.create(
        line=line,
        attempt=0,
        decision=Decision.SEND_AGAIN,
        person_id=people.fei().pk,
        why="old",
        at=clock.now() - timedelta(days=1),
    )
    decide(signed_in(people.olga()), line, "send", why="again")
    assert line.state == State.UNKNOWN


def test_a_line_that_was_held_back_shows_what_was_proven_beside_what_is_said() -> None:
    line = sales.make_held_back(make_shop())
    client = signed_in(people.olga())
    page = client.get(reverse("admin:ordering_orderline_change", args=[line.pk]), headers=ENGLISH)

    ends = next(row for row in page.context["evidence"].rows if row.has_changed)
    assert ends.before > ends.after
    text = page.content.decode()
    assert text.index("<h3>Proven last</h3>") < text.index("<h3>What the carrier shows now</h3>")
    assert "Not sent: the carrier shows less than was proven" in text
    assert "Sent –" not in text, "an attempt that was not sent has no time of sending"
    assert not page.context["actions"]["send"]


def test_two_people_send_on_the_reading_for_which_a_line_was_held_back() -> None:
    line = sales.make_held_back(make_shop())
    olga, sun = signed_in(people.olga()), signed_in(people.sun())

    decide(olga, line, "let", why="the carrier took the period back, they say")
    decide(olga, line, "let", why="really")
    assert line.is_set_aside
    decide(sun, line, "let", why="seen in their portal")

    assert (line.state, line.is_set_aside) == (State.READY, False)
    told = Event.objects.filter(kind="orderline", subject_id=line.pk).latest("id")
    assert (told.became, told.actor_label, told.detail) == ("READY", "sun", "seen in their portal")
    assert Case.objects.get(kind="line_held_back").state == Case.State.CLOSED


def test_what_was_held_back_is_given_back_with_a_reason() -> None:
    line = sales.make_held_back(make_shop())

    decide(signed_in(people.fei()), line, "refund", why="the carrier shows nonsense")

    assert line.state == State.REJECTED
    assert Case.objects.get(kind="line_held_back").state == Case.State.CLOSED


@pytest.mark.parametrize(
    ("taken", "kind", "answered"),
    [
        (partial(line_decisions.ask_again), sales.make_set_aside, "line_set_aside"),
        (partial(line_decisions.refund, why="they gave up"), sales.make_disputed, "line_disputed"),
        (
            partial(line_decisions.accept, why="the shop sells again", proof="photo of the terminal, case 17"),
            sales.make_disputed,
            "line_disputed",
        ),
    ],
)
def test_a_decision_closes_what_it_answers_in_its_own_transaction_whoever_takes_it(
    taken: Callable[..., object], kind: Callable[[Shop], OrderLine], answered: str
) -> None:
    line, olga = kind(make_shop()), people.olga()
    open_case(kind_named(answered), ("orderline", line.pk), {})
    open_case(LineCase.DELIVERED_AFTER_REFUSAL, ("orderline", line.pk), {})

    with acting(Actor("person", olga.pk, "olga")), undone():
        taken(line_id=line.pk)
        assert list(Case.objects.filter(state="OPEN").values_list("kind", flat=True)) == ["delivered_after_refusal"]

    assert Case.objects.filter(state="OPEN", kind=answered).exists()


@contextmanager
def undone() -> Iterator[None]:
    """As if the process died before the commit of what is done inside."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
