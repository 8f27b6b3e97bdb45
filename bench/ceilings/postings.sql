INSERT INTO ledger_posting
    (reference, source, destination, amount_minor, currency, order_id, line_id, at, actor_kind)
SELECT 'line:' || n || ':release', 'order:' || n / 10 || ':held', 'revenue:data', 3600, 'CNY', n / 10, n, %(at)s,
    'system'
FROM generate_series(%(first)s, %(first)s + %(count)s - 1) AS n
ON CONFLICT (reference) DO NOTHING
