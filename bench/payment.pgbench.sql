\set person random(:person_from, :person_to)
BEGIN;
INSERT INTO idempotency_keys (scope, key, request_hash, outcome, created_at)
VALUES ('payments', gen_random_uuid()::text, '\x00', '{"payment_id": "0", "allocations": []}', now());
SELECT account.id AS line_id, account.posted, account.held, account.version, person.retailer_id, gen_random_uuid() AS payment_id,
    gen_random_uuid() AS transfer_id
FROM bench_people AS person JOIN ledger_accounts AS account ON account.id = person.line_id
WHERE person.n = :person::integer FOR NO KEY UPDATE OF account \gset
SELECT id FROM ledger_accounts WHERE kind = 'UNAPPLIED_CREDIT' AND unit = 'NPR' AND owner_id = :line_id::uuid FOR NO KEY UPDATE;
SELECT credit_status FROM retailers WHERE id = :retailer_id::uuid FOR NO KEY UPDATE;
SELECT limit_paisa FROM credit_accounts WHERE id = :line_id::uuid;
SELECT id AS debit_id FROM credit_debits WHERE account_id = :line_id::uuid AND cleared_paisa < amount_paisa
ORDER BY opened_at, id LIMIT 1 \gset
INSERT INTO credit_payments (id, retailer_id, account_id, amount_paisa, method, state, event_at, created_at, cleared_at,
    actor_name)
VALUES (:payment_id::uuid, :retailer_id::uuid, :line_id::uuid, 100, 'CASH', 'CLEARED', now(), now(), now(), 'bench');
INSERT INTO ledger_transfers (id, debit_account_id, credit_account_id, unit, amount, code, source_kind, source_id,
    idempotency_key, event_at, created_at, actor_name)
SELECT :transfer_id::uuid, id, :line_id::uuid, 'NPR', 100, 'PAYMENT', 'payment', :payment_id::uuid, 'payment:' || :payment_id::text,
    now(), now(), 'bench'
FROM ledger_accounts WHERE kind = 'CASH' AND unit = 'NPR' AND owner_id IS NULL;
INSERT INTO ledger_entries (account_id, version, kind, transfer_id, posted_change, held_change, posted_before,
    posted_after, held_before, held_after, event_at, created_at)
VALUES (:line_id::uuid, :version::bigint + 1, 'POST', :transfer_id::uuid, -100, 0, :posted::bigint, :posted::bigint - 100, :held::bigint, :held::bigint, now(), now());
UPDATE ledger_accounts SET posted = posted - 100, version = version + 1 WHERE id = :line_id::uuid;
INSERT INTO credit_allocations (id, payment_id, debit_id, amount_paisa, event_at, created_at)
VALUES (gen_random_uuid(), :payment_id::uuid, :debit_id::uuid, 100, now(), now());
UPDATE credit_debits SET cleared_paisa = cleared_paisa + 100 WHERE id = :debit_id::uuid;
INSERT INTO audit_entries (id, action, subject_kind, subject_id, retailer_id, actor_name, new_values, created_at)
VALUES (gen_random_uuid(), 'CREDIT_CLEARED', 'payment', :payment_id::uuid, :retailer_id::uuid, 'bench',
    '{"amount_paisa": 100, "method": "CASH", "allocations": {}, "unapplied_paisa": 0}', now());
WITH job AS (
    INSERT INTO pgqueuer (priority, entrypoint, payload, execute_after, status)
    VALUES (20, 'DeliverEvent', '{"event_id": "0", "kind": "PaymentRecorded"}', now(), 'queued')
    RETURNING id, entrypoint, priority
)
INSERT INTO pgqueuer_log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM job;
COMMIT;
