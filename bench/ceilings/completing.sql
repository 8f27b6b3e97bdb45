-- One chunk of lines READY → COMPLETED in the five transactions that calls to a carrier part, each with the writes that
-- ours has. The readings are made up where they are written.
WITH candidate AS (
    SELECT id, sim_id, attempt + 1 AS attempt FROM ordering_orderline
    WHERE account_id = %(account)s AND state = 'READY' AND NOT is_set_aside AND due_at <= %(at)s
    ORDER BY rank, turn, id LIMIT %(chunk)s FOR NO KEY UPDATE SKIP LOCKED),
flown AS (
    INSERT INTO ordering_flight (sim_id, line_id, account_id, attempt, lease_until)
    SELECT sim_id, id, %(account)s, attempt, now() + %(lease)s FROM candidate
    ON CONFLICT DO NOTHING RETURNING line_id, attempt),
tried AS (
    INSERT INTO ordering_attempt (line_id, number, account_id) SELECT line_id, attempt, %(account)s FROM flown),
moved AS (
    UPDATE ordering_orderline l SET state = 'SUBMITTING', state_at = %(at)s, attempt = f.attempt
    FROM flown f WHERE l.id = f.line_id RETURNING l.id)
INSERT INTO common_event (kind, subject_id, was, became, why_code, detail, actor_kind, actor_label, at)
SELECT 'orderline', id, 'READY', 'SUBMITTING', '', '', 'system', '', %(at)s FROM moved RETURNING subject_id;
-- commit
WITH sent AS (
    UPDATE ordering_flight SET sent_at = %(at)s, lease_until = now() + %(lease)s
    WHERE line_id = ANY(%(ids)s::bigint[]) RETURNING line_id, attempt)
UPDATE ordering_attempt a SET sent_at = %(at)s, before = jsonb_build_object('iccid', '89860400000000000001',
    'as_of', %(at)s, 'state', 'active', 'period_end_on', %(at)s::date, 'granted_bytes', 314572800, 'used_bytes', 0,
    'left_bytes', 314572800)
FROM sent WHERE a.line_id = sent.line_id AND a.number = sent.attempt RETURNING a.line_id;
-- commit
UPDATE ordering_attempt a SET answered_at = %(at)s, outcome = 'done', reason = '', detail = '', recheck_at = NULL
FROM ordering_orderline l WHERE l.id = ANY(%(ids)s::bigint[]) AND a.line_id = l.id AND a.number = l.attempt;
WITH moved AS (
    UPDATE ordering_orderline SET state = 'VERIFYING', state_at = %(at)s, due_at = %(at)s, tries = 0
    WHERE id = ANY(%(ids)s::bigint[]) RETURNING id)
INSERT INTO common_event (kind, subject_id, was, became, why_code, detail, actor_kind, actor_label, at)
SELECT 'orderline', id, 'SUBMITTING', 'VERIFYING', 'carrier_says_done', '', 'system', '', %(at)s FROM moved;
UPDATE ordering_flight SET lease_until = NULL WHERE line_id = ANY(%(ids)s::bigint[]);
-- commit
UPDATE ordering_orderline SET due_at = %(at)s + interval '1 minute', tries = tries + 1 WHERE id IN (
    SELECT id FROM ordering_orderline
    WHERE state IN ('ACCEPTED', 'VERIFYING', 'UNKNOWN', 'DISPUTED') AND state = 'VERIFYING' AND due_at <= %(at)s
        AND account_id = %(account)s AND NOT is_set_aside
    ORDER BY rank, due_at, id LIMIT %(chunk)s FOR NO KEY UPDATE SKIP LOCKED)
RETURNING id;
-- commit
WITH moved AS (
    UPDATE ordering_orderline SET state = 'COMPLETED', state_at = %(at)s
    WHERE id = ANY(%(ids)s::bigint[]) RETURNING id)
INSERT INTO common_event (kind, subject_id, was, became, why_code, detail, actor_kind, actor_label, at)
SELECT 'orderline', id, 'VERIFYING', 'COMPLETED', '', '', 'system', '', %(at)s FROM moved;
INSERT INTO ledger_posting
    (reference, source, destination, amount_minor, currency, order_id, line_id, at, actor_kind)
SELECT 'line:' || l.id || ':' || p.what, p.source, p.destination, p.amount, 'CNY', l.order_id, l.id, %(at)s, 'system'
FROM ordering_orderline l, LATERAL (VALUES
    ('release', 'order:' || l.order_id || ':held', 'revenue:data', l.price_minor),
    ('tax', 'revenue:data', 'tax:vat:payable', l.tax_minor),
    ('cost', 'carrier:' || l.account_id || ':payable', 'cost:data', l.cost_minor))
    AS p(what, source, destination, amount)
WHERE l.id = ANY(%(ids)s::bigint[]) ON CONFLICT (reference) DO NOTHING;
INSERT INTO balance_bucket (line_id, sim_id, granted_bytes, starts_on, ends_on)
SELECT l.id, l.sim_id, o.size_bytes, l.starts_on, l.ends_on
FROM ordering_orderline l JOIN catalog_offering o ON o.id = l.offering_id WHERE l.id = ANY(%(ids)s::bigint[]);
UPDATE inventory_sim s SET period_end_on = l.ends_on, anchor_day = extract(day FROM l.ends_on)
FROM ordering_orderline l WHERE l.id = ANY(%(ids)s::bigint[]) AND s.id = l.sim_id AND s.period_end_on < l.ends_on;
UPDATE ordering_attempt a SET proof = 'period_end', after = jsonb_build_object('iccid', '89860400000000000001',
    'as_of', %(at)s, 'state', 'active', 'period_end_on', %(at)s::date, 'granted_bytes', 314572800, 'used_bytes', 0,
    'left_bytes', 314572800)
FROM ordering_orderline l WHERE l.id = ANY(%(ids)s::bigint[]) AND a.line_id = l.id AND a.number = l.attempt;
DELETE FROM ordering_flight WHERE line_id = ANY(%(ids)s::bigint[]);
INSERT INTO balance_provenreading AS p (sim_id, line_id, as_of, period_end_on, granted_bytes, plans)
SELECT sim_id, id, %(at)s, ends_on, 314572800, '[]'
FROM ordering_orderline WHERE id = ANY(%(ids)s::bigint[])
ON CONFLICT (sim_id) DO UPDATE SET line_id = excluded.line_id, as_of = excluded.as_of,
    period_end_on = excluded.period_end_on, granted_bytes = excluded.granted_bytes, plans = excluded.plans;
INSERT INTO balance_reading AS r (sim_id, as_of, carrier_state, period_end_on, granted_bytes, used_bytes, left_bytes)
SELECT sim_id, %(at)s, 'active', ends_on, 314572800, 0, 314572800
FROM ordering_orderline WHERE id = ANY(%(ids)s::bigint[])
ON CONFLICT (sim_id) DO UPDATE SET as_of = excluded.as_of, carrier_state = excluded.carrier_state,
    period_end_on = excluded.period_end_on, granted_bytes = excluded.granted_bytes, used_bytes = excluded.used_bytes,
    left_bytes = excluded.left_bytes, requested_at = NULL, failed_at = NULL;
SELECT unnest(%(ids)s::bigint[])
