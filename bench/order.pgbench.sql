\set person random(:person_from, :person_to)
\set good random(1, 298)
BEGIN;
SELECT account.id AS line_id, account.posted, account.held, account.version, person.retailer_id
FROM bench_people AS person JOIN ledger_accounts AS account ON account.id = person.line_id
WHERE person.n = :person::integer FOR NO KEY UPDATE OF account \gset
SELECT limit_paisa, max_order_paisa FROM credit_accounts WHERE id = :line_id::uuid \gset
SELECT COALESCE(SUM(amount_paisa - cleared_paisa), 0) AS overdue FROM credit_debits
WHERE account_id = :line_id::uuid AND cleared_paisa < amount_paisa AND due_on < CURRENT_DATE \gset
SELECT status FROM retailers WHERE id = :retailer_id::uuid \gset
SELECT stock.id FROM stock JOIN bench_goods AS good ON good.offer_id = stock.id
WHERE good.n BETWEEN :good::integer AND :good::integer + 2 ORDER BY stock.id FOR NO KEY UPDATE OF stock;
SELECT gen_random_uuid() AS order_id, gen_random_uuid() AS hold_id, nextval('order_numbers') AS number \gset
INSERT INTO ledger_holds (id, account_id, amount, source_kind, source_id, idempotency_key, created_at, actor_name)
VALUES (:hold_id::uuid, :line_id::uuid, 33900, 'order', :order_id::uuid, 'order:' || :order_id::text, now(), 'bench');
INSERT INTO ledger_entries (account_id, version, kind, hold_id, posted_change, held_change, posted_before,
    posted_after, held_before, held_after, event_at, created_at)
VALUES (:line_id::uuid, :version::bigint + 1, 'HOLD', :hold_id::uuid, 0, 33900, :posted::bigint, :posted::bigint, :held::bigint, :held::bigint + 33900, now(), now());
UPDATE ledger_accounts SET held = held + 33900, version = version + 1 WHERE id = :line_id::uuid;
UPDATE stock SET reserved = reserved + 1 FROM bench_goods AS good
WHERE good.offer_id = stock.id AND good.n BETWEEN :good::integer AND :good::integer + 2;
INSERT INTO orders (id, code, placement_key, retailer_id, vendor_id, status, payment_mode, credit_account_id, hold_id,
    subtotal_paisa, tax_paisa, total_paisa, placed_at, status_since)
SELECT :order_id::uuid, 'PGB' || :number::text, :order_id::text, :retailer_id::uuid, id, 'PENDING', 'CREDIT', :line_id::uuid, :hold_id::uuid,
    30000, 3900, 33900, now(), now() FROM vendors LIMIT 1;
INSERT INTO order_lines (order_id, position, product_id, offer_id, sku, name, quantity, unit_price_paisa,
    vat_basis_points, amount_paisa, tax_paisa)
SELECT :order_id::uuid, good.n - :good::integer + 1, good.product_id, good.offer_id, good.sku, good.sku, 1, good.price_paisa, 1300,
    10000, 1300 FROM bench_goods AS good WHERE good.n BETWEEN :good::integer AND :good::integer + 2;
INSERT INTO order_history (id, order_id, to_status, actor_name, created_at)
VALUES (gen_random_uuid(), :order_id::uuid, 'PENDING', 'bench', now());
INSERT INTO vendor_requests (id, order_id, vendor_id, attempt, score, asked_at, answer_by)
SELECT gen_random_uuid(), :order_id::uuid, id, 1, 80, now(), now() + interval '30 minutes' FROM vendors LIMIT 1;
INSERT INTO audit_entries (id, action, subject_kind, subject_id, retailer_id, actor_name, new_values, created_at)
VALUES (gen_random_uuid(), 'ORDER_CREATED', 'order', :order_id::uuid, :retailer_id::uuid, 'bench',
    '{"code": "PGB", "total_paisa": 33900, "payment_mode": "CREDIT"}', now());
INSERT INTO idempotency_keys (scope, key, request_hash, outcome, created_at)
VALUES ('orders', :order_id::text, '\x00', '{"order_ids": []}', now());
WITH job AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
    SELECT 10, kind, '{"event_id": "0", "kind": "OrderPlaced"}', now() + wait, 'queued'
    FROM (VALUES ('DeliverEvent', interval '0'), ('DeliverEvent', interval '0'),
        ('VendorRequestTimeout', interval '30 minutes')) AS jobs (kind, wait)
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM job;
COMMIT;
