"""Notices: stored and answered over HTTP, against a bare view with one INSERT; then applied."""

from __future__ import annotations

import time
from collections.abc import Sequence
from math import ceil
from pathlib import Path

from django.db import connection

from bench import load, processes
from bench.databases import Databases, tidy, using
from bench.fleet import PRICE_MINOR, Fleet, furnish, sim_ids
from bench.payments import notices
from bench.report import Result, rate
from bench.sizes import Sizes
from bench.worker import interpreter_of_worker
from xuliu.common import clock
from xuliu.common.chunks import in_chunks
from xuliu.ordering.buying import by_notice
from xuliu.payment.models import Notice, Payment

SHARE, LEAST_APPLIED = 0.6, 2_000
WARM_UP = 0.1  # of the requests, so that every thread of the server has imported and connected


def hear_notices(databases: Databases, folder: Path, sizes: Sizes) -> list[Result]:
    """Notices a second: stored, and applied."""
    with using(databases.make("bench_ours")):
        fleet = furnish(folder, sims=sizes.notices)
        _await_payment(fleet)
        tidy()
        signed = notices(folder, list(Payment.objects.order_by("id").values_list("reference", "amount_minor")))
    requests = [load.request("/webhooks/wx/", headers, body) for headers, body in signed]
    databases.make("bench_ceiling")
    ours, ceiling = [], []
    for part in in_chunks(requests, ceil(len(requests) / sizes.rounds)):
        ours.append(_stored(databases, "bench_ours", folder, part, sizes, bare=False))
        ceiling.append(_stored(databases, "bench_ceiling", folder, part, sizes, bare=True))
    stored = rate("notices stored and answered", max(ours), ceiling=max(ceiling), unit="notices/s", share=SHARE)
    return [stored, _apply(sizes)]


def _stored(
    databases: Databases, name: str, folder: Path, requests: Sequence[bytes], sizes: Sizes, *, bare: bool
) -> float:
    port, env = processes.free_port(), {"DATABASE_URL": databases.url(name)}
    command = ["-m", "bench.baseline"] if bare else ["-m", "xuliu", "serve", "--demo", "--port"]
    few = round(len(requests) * WARM_UP)
    with processes.serving([*command, str(port)], port, env, folder / "serve.log"):
        load.send(port, requests[:few], connections=sizes.connections, folder=folder)
        return load.send(port, requests[few:], connections=sizes.connections, folder=folder)


def _apply(sizes: Sizes) -> Result:
    with using("bench_ours"), interpreter_of_worker():
        started = time.perf_counter()
        while by_notice.apply_notices():
            pass
        took = time.perf_counter() - started
        assert Notice.objects.filter(state=Notice.State.APPLIED).count() == sizes.notices
        assert Payment.objects.filter(is_applied=True).count() == sizes.notices
    return rate("notices applied", sizes.notices / took, unit="notices/s", least=LEAST_APPLIED)


def _await_payment(fleet: Fleet) -> None:
    """An order of one line for each SIM, its payment open at the provider. As placing makes them, only faster."""
    sql = """
        WITH given AS (SELECT s, n FROM unnest(%(sims)s::bigint[]) WITH ORDINALITY AS u(s, n)),
        ordered AS (
            INSERT INTO ordering_order (code, number, seller_id, price_list_id, channel, currency, total_minor,
                line_count, is_waited_for, state, state_at, quoted_at, valid_until)
            SELECT left(md5(n::text), 26), n::text, %(seller)s, %(list)s, 'command', 'CNY', %(price)s, 1, false,
                'AWAITING_PAYMENT', %(at)s, %(at)s, %(at)s::timestamptz + interval '15 minutes' FROM given
            RETURNING id, number),
        lined AS (
            INSERT INTO ordering_orderline (order_id, position, sim_id, offering_id, account_id, reference, list_minor,
                price_minor, tax_basis_points, tax_minor, cost_minor, starts_on, ends_on, state, state_at, due_at)
            SELECT o.id, 1, s, %(offering)s, %(account)s, gen_random_uuid(), %(price)s, %(price)s, 600, 204, 1500,
                current_date, current_date + 365, 'WAITING', %(at)s, %(at)s
            FROM ordered o JOIN given ON given.n::text = o.number)
        INSERT INTO payment_payment (reference, order_id, account_id, way, description, amount_minor, currency,
            state, state_at, opened_at, expires_at, due_at)
        SELECT md5(number), id, %(provider)s, 'native', number, %(price)s, 'CNY', 'PENDING', %(at)s, %(at)s,
            %(at)s::timestamptz + interval '15 minutes', %(at)s::timestamptz + interval '1 minute' FROM ordered"""
    values = {
        "sims": sim_ids(fleet.account),
        "seller": fleet.price_list.seller_id,
        "list": fleet.price_list.pk,
        "offering": fleet.offering.pk,
        "account": fleet.account.pk,
        "provider": fleet.provider.pk,
        "price": PRICE_MINOR,
        "at": clock.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
