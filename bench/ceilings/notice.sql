INSERT INTO payment_notice (account_id, notice_id, subject, is_pushed, body, received_at, state, state_at)
VALUES (1, gen_random_uuid()::text, 'payment', true, %s, %s, 'STORED', %s)
