-- One order ends and gets its receipt.
WITH moved AS (
    UPDATE ordering_order o SET state = 'COMPLETED', state_at = %(at)s
    WHERE id = %(order)s AND NOT EXISTS (
        SELECT 1 FROM ordering_orderline l WHERE l.order_id = o.id
            AND l.state IN ('WAITING', 'READY', 'SUBMITTING', 'ACCEPTED', 'VERIFYING', 'UNKNOWN', 'DISPUTED'))
    RETURNING id)
INSERT INTO common_event (kind, subject_id, was, became, why_code, detail, actor_kind, actor_label, at)
SELECT 'order', id, 'PAID', 'COMPLETED', '', '', 'system', '', %(at)s FROM moved;
-- commit
UPDATE ordering_order SET is_receipted = true WHERE id = %(order)s;
UPDATE party_seller SET last_receipt_number = last_receipt_number + 1;
INSERT INTO ordering_receipt (order_id, seller_id, number, text_number, code, check_code, issued_at, amount_minor,
    tax_minor, currency)
SELECT o.id, o.seller_id, 1, 'XL00000001', 'code', 'check', %(at)s, sum(l.price_minor), sum(l.tax_minor), o.currency
FROM ordering_order o JOIN ordering_orderline l ON l.order_id = o.id WHERE o.id = %(order)s GROUP BY o.id
