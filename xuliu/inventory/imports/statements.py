"""The SQL of an import: what it checks for a chunk of lines, and one statement per table it writes.

`inventory_import` holds the chunk; FIND (what exists) and RESOLVE fill in its ids. Every statement writes only
differences, so that the same lines again write nothing.
"""

TABLE = """
    CREATE TEMPORARY TABLE IF NOT EXISTS inventory_import (
        line int PRIMARY KEY, iccid text, msisdn text, account_id bigint, state text, is_state_given bool,
        starts_on date, ends_on date, anchor_day smallint, serial_number text, brand text, model text, imei text,
        merchant_code text, merchant_name text, service_password text, names text[], ways text[], sticker_code text,
        sim_id bigint, terminal_id bigint, merchant_id bigint, model_id bigint)"""

BEGIN = "SELECT pg_advisory_xact_lock(%s)"

EMPTY = "TRUNCATE inventory_import"

COPY = """
    COPY inventory_import (
        line, iccid, msisdn, account_id, state, is_state_given, starts_on, ends_on, anchor_day, serial_number, brand,
        model, imei, merchant_code, merchant_name, service_password, names, ways, sticker_code) FROM STDIN"""

# One look-up by key per line (a scalar query here, LATERAL below): a chunk's cost must not grow with the fleet,
# and after a table has just grown the planner knows too little about it to choose well.
FIND = """
    UPDATE inventory_import i SET
        sim_id = (SELECT s.id FROM inventory_sim s WHERE s.iccid = i.iccid),
        terminal_id = (SELECT t.id FROM inventory_terminal t WHERE t.serial_number = i.serial_number)"""

# A card with 19 and 20 digits is one SIM only if its own carrier says so.
FIND_OTHERWISE = """
    UPDATE inventory_import i SET sim_id = (
        SELECT s.id FROM inventory_sim s
        JOIN carrier_carrieraccount theirs ON theirs.id = s.account_id
        JOIN carrier_carrieraccount ours ON ours.id = i.account_id AND ours.connector = theirs.connector
        WHERE s.iccid = ANY(i.names) ORDER BY s.id LIMIT 1)
    WHERE i.sim_id IS NULL AND cardinality(i.names) > 1"""

# Names beginning with "kept" are warnings (the stored value is kept); all others refuse the line.
AGAINST = """
    SELECT i.line, against.kind, against.other FROM inventory_import i CROSS JOIN LATERAL (
        SELECT 'other_account', a.code
        FROM inventory_sim s JOIN carrier_carrieraccount a ON a.id = s.account_id
        WHERE s.id = i.sim_id AND s.account_id <> i.account_id
        UNION ALL
        SELECT 'terminal_taken', s.iccid
        FROM inventory_binding b JOIN inventory_sim s ON s.id = b.sim_id
        WHERE b.terminal_id = i.terminal_id AND b.unbound_at IS NULL AND b.sim_id IS DISTINCT FROM i.sim_id
        UNION ALL
        SELECT 'bound_elsewhere', t.serial_number
        FROM inventory_binding b JOIN inventory_terminal t ON t.id = b.terminal_id
        WHERE b.sim_id = i.sim_id AND b.unbound_at IS NULL
            AND i.serial_number <> '' AND b.terminal_id IS DISTINCT FROM i.terminal_id
        UNION ALL
        SELECT 'number_taken', s.iccid FROM inventory_sim s
        WHERE s.msisdn = ANY(i.ways) AND s.id IS DISTINCT FROM i.sim_id AND s.state <> 'TERMINATED'
        UNION ALL
        SELECT 'kept_state', s.state FROM inventory_sim s
        WHERE s.id = i.sim_id AND i.is_state_given AND s.state <> i.state
        UNION ALL
        SELECT 'kept_period', (s.period_end_on - 1)::text FROM inventory_sim s
        WHERE s.id = i.sim_id AND i.ends_on < s.period_end_on) AS against(kind, other)
    ORDER BY i.line, against.kind, against.other"""

LEAVE_OUT = "DELETE FROM inventory_import WHERE line = ANY(%s)"

# Makes are compared without regard to case; the first spelling stays.
MODELS = """
    INSERT INTO inventory_terminalmodel (brand, name)
    SELECT DISTINCT ON (lower(i.brand), lower(i.model)) i.brand, i.model FROM inventory_import i
    WHERE i.serial_number <> '' AND NOT EXISTS (
        SELECT FROM inventory_terminalmodel m WHERE lower(m.brand) = lower(i.brand) AND lower(m.name) = lower(i.model))
    ORDER BY lower(i.brand), lower(i.model), i.line"""

RESOLVE = """
    UPDATE inventory_import i SET merchant_id = w.merchant_id, model_id = w.model_id
    FROM (
        SELECT i.line, c.id AS merchant_id, m.id AS model_id FROM inventory_import i
        LEFT JOIN party_merchant c ON c.code = i.merchant_code
        LEFT JOIN (
            SELECT lower(brand) AS brand, lower(name) AS model, min(id) AS id FROM inventory_terminalmodel GROUP BY 1, 2
        ) m ON (m.brand, m.model) = (lower(i.brand), lower(i.model))) w
    WHERE i.line = w.line"""

TERMINALS_CHANGED = """
    UPDATE inventory_terminal t SET imei = w.imei, model_id = w.model_id, merchant_id = w.merchant_id
    FROM (
        SELECT t.id, n.* FROM inventory_import i
        CROSS JOIN LATERAL (SELECT * FROM inventory_terminal t WHERE t.id = i.terminal_id OFFSET 0) t
        CROSS JOIN LATERAL (
            SELECT coalesce(nullif(i.imei, ''), t.imei) AS imei, i.model_id,
                coalesce(i.merchant_id, t.merchant_id) AS merchant_id) n
        WHERE (t.imei, t.model_id, t.merchant_id) IS DISTINCT FROM (n.imei, n.model_id, n.merchant_id)) w
    WHERE t.id = w.id"""

TERMINALS_NEW = """
    INSERT INTO inventory_terminal (serial_number, imei, sticker_code, merchant_id, model_id)
    SELECT i.serial_number, i.imei, i.sticker_code, i.merchant_id, i.model_id FROM inventory_import i
    WHERE i.serial_number <> '' AND i.terminal_id IS NULL ORDER BY i.line"""

# The anchor stays if it can lead to the new end: 31 goes with 28 February, 15 does not.
SIMS_CHANGED = """
    UPDATE inventory_sim s SET msisdn = w.msisdn, merchant_id = w.merchant_id, period_start_on = w.starts_on,
        period_end_on = w.ends_on, anchor_day = w.anchor_day, service_password = w.service_password
    FROM (
        SELECT s.id, n.* FROM inventory_import i
        CROSS JOIN LATERAL (SELECT * FROM inventory_sim s WHERE s.id = i.sim_id OFFSET 0) s
        CROSS JOIN LATERAL (
            SELECT coalesce(i.ends_on >= s.period_end_on, i.ends_on IS NOT NULL) AS is_newer,
                s.anchor_day IS NOT NULL AND extract(day FROM i.ends_on) = least(s.anchor_day, extract(
                    day FROM date_trunc('month', i.ends_on) + interval '1 month - 1 day')) AS has_fitting_anchor) p
        CROSS JOIN LATERAL (
            SELECT coalesce(nullif(i.msisdn, ''), s.msisdn) AS msisdn,
                coalesce(i.merchant_id, s.merchant_id) AS merchant_id,
                coalesce(CASE WHEN p.is_newer THEN i.starts_on END, s.period_start_on) AS starts_on,
                CASE WHEN p.is_newer THEN i.ends_on ELSE s.period_end_on END AS ends_on,
                CASE WHEN p.is_newer AND NOT p.has_fitting_anchor THEN i.anchor_day ELSE s.anchor_day END AS anchor_day,
                coalesce(nullif(i.service_password, ''), s.service_password) AS service_password) n
        WHERE (s.msisdn, s.merchant_id, s.period_start_on, s.period_end_on, s.anchor_day, s.service_password)
            IS DISTINCT FROM (n.msisdn, n.merchant_id, n.starts_on, n.ends_on, n.anchor_day, n.service_password)) w
    WHERE s.id = w.id"""

SIMS_NEW = """
    INSERT INTO inventory_sim (iccid, msisdn, account_id, merchant_id, state, state_at, period_start_on, period_end_on,
        anchor_day, service_password)
    SELECT i.iccid, i.msisdn, i.account_id, i.merchant_id, i.state, %(at)s, i.starts_on, i.ends_on, i.anchor_day,
        i.service_password
    FROM inventory_import i WHERE i.sim_id IS NULL ORDER BY i.line"""

BINDINGS_NEW = """
    INSERT INTO inventory_binding (sim_id, terminal_id, bound_at)
    SELECT coalesce(i.sim_id, (SELECT s.id FROM inventory_sim s WHERE s.iccid = i.iccid)),
        coalesce(i.terminal_id, (SELECT t.id FROM inventory_terminal t WHERE t.serial_number = i.serial_number)),
        %(at)s
    FROM inventory_import i WHERE i.serial_number <> '' AND NOT EXISTS (
        SELECT FROM inventory_binding b WHERE b.sim_id = i.sim_id AND b.unbound_at IS NULL) ORDER BY i.line"""
