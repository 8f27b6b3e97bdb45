-- An order quoted and placed: its lines by one INSERT … SELECT, a move, a payment.
INSERT INTO ordering_order (code, number, seller_id, price_list_id, channel, currency, total_minor, line_count,
    is_waited_for, state, state_at, quoted_at, valid_until)
SELECT left(replace(gen_random_uuid()::text, '-', ''), 26), left(gen_random_uuid()::text, 24), %(seller)s, %(list)s,
    'bench', 'CNY', p.amount_minor * %(lines)s, %(lines)s, false, 'QUOTED', %(at)s, %(at)s, %(until)s
FROM catalog_price p WHERE p.price_list_id = %(list)s AND p.offering_id = %(offering)s AND p.valid @> %(at)s
RETURNING id;
INSERT INTO ordering_orderline (order_id, position, sim_id, offering_id, account_id, reference, list_minor,
    price_minor, tax_basis_points, tax_minor, cost_minor, starts_on, ends_on, state, state_at, due_at)
SELECT (%(ids)s::bigint[])[1], row_number() OVER (ORDER BY s.id), s.id, o.id, s.account_id, gen_random_uuid(),
    p.amount_minor, p.amount_minor, o.tax_basis_points,
    (2 * p.amount_minor * o.tax_basis_points + 10000 + o.tax_basis_points) / (2 * (10000 + o.tax_basis_points)),
    o.cost_minor, s.period_end_on, s.period_end_on + make_interval(months => o.months, days => o.days), 'WAITING',
    %(at)s, %(at)s
FROM inventory_sim s CROSS JOIN catalog_offering o
JOIN catalog_price p ON p.offering_id = o.id AND p.price_list_id = %(list)s AND p.valid @> %(at)s
WHERE s.id BETWEEN %(first)s AND %(last)s AND o.id = %(offering)s AND s.state IN ('ASSIGNED', 'ACTIVE', 'SUSPENDED');
SELECT (%(ids)s::bigint[])[1];
-- commit
UPDATE ordering_order SET state = 'AWAITING_PAYMENT', state_at = %(at)s WHERE id = ANY(%(ids)s::bigint[]);
INSERT INTO common_event (kind, subject_id, was, became, why_code, detail, actor_kind, actor_label, at)
SELECT 'order', id, 'QUOTED', 'AWAITING_PAYMENT', '', '', 'system', '', %(at)s FROM ordering_order
WHERE id = ANY(%(ids)s::bigint[]);
INSERT INTO payment_payment (reference, order_id, account_id, way, description, amount_minor, currency, state,
    state_at, opened_at, expires_at, due_at)
SELECT replace(gen_random_uuid()::text, '-', ''), id, %(provider)s, 'native', number, total_minor, 'CNY', 'OPENING',
    %(at)s, %(at)s, %(until)s, %(at)s FROM ordering_order WHERE id = ANY(%(ids)s::bigint[])
