BEGIN;
SELECT n / :person_to::bigint AS project_n, n % :person_to::bigint + 1 AS person_n FROM (SELECT nextval('bench_pairs') AS n) AS pair \gset
SELECT id AS project_id, owner_id FROM projects WHERE id = (SELECT id FROM bench_projects WHERE n = :project_n::integer) FOR SHARE \gset
SELECT account_id, user_id FROM bench_freelancers WHERE n = :person_n::integer \gset
SELECT application_units FROM prepaid_terms WHERE effective_at <= now() ORDER BY effective_at DESC, id DESC LIMIT 1;
SELECT count(DISTINCT phone) FROM users WHERE id IN (:owner_id::uuid, :user_id::uuid);
SELECT gen_random_uuid() AS application_id, gen_random_uuid() AS transfer_id, gen_random_uuid() AS movement_id \gset
INSERT INTO applications (id, project_id, freelancer_id, spent_units, status, status_since, created_at)
VALUES (:application_id::uuid, :project_id::uuid, :user_id::uuid, 1, 'PENDING', now(), now()) ON CONFLICT DO NOTHING;
SELECT posted, version FROM ledger_accounts WHERE id = :account_id::uuid FOR NO KEY UPDATE \gset
SELECT id AS lot_id FROM prepaid_lots WHERE user_id = :user_id::uuid AND left_units > 0 ORDER BY id LIMIT 1 \gset
SELECT id FROM prepaid_movements WHERE idempotency_key = 'application:' || :application_id::text;
INSERT INTO ledger_transfers (id, debit_account_id, credit_account_id, unit, amount, code, source_kind, source_id,
    idempotency_key, event_at, created_at, actor_name)
SELECT :transfer_id::uuid, :account_id::uuid, id, 'CREDITS', 1, 'CREDITS_SPENT', 'application', :application_id::uuid,
    'bench ' || :application_id::text, now(), now(), 'bench'
FROM ledger_accounts WHERE kind = 'CREDITS_SPENT' AND unit = 'CREDITS' AND owner_id IS NULL;
INSERT INTO ledger_entries (account_id, version, kind, transfer_id, posted_change, held_change, posted_before,
    posted_after, held_before, held_after, event_at, created_at)
VALUES (:account_id::uuid, :version::bigint + 1, 'POST', :transfer_id::uuid, 1, 0, :posted::bigint, :posted::bigint + 1, 0, 0, now(), now());
UPDATE ledger_accounts SET posted = posted + 1, version = version + 1 WHERE id = :account_id::uuid;
INSERT INTO prepaid_movements (id, user_id, kind, units, balance_before, balance_after, source_kind, source_id,
    idempotency_key, transfer_id, created_at, actor_name)
VALUES (:movement_id::uuid, :user_id::uuid, 'SPEND', -1, -:posted::bigint, -:posted::bigint - 1, 'application', :application_id::uuid,
    'application:' || :application_id::text, :transfer_id::uuid, now(), 'bench');
UPDATE prepaid_lots SET left_units = left_units - 1 WHERE id = :lot_id::uuid;
INSERT INTO prepaid_lot_uses (movement_id, lot_id, units) VALUES (:movement_id::uuid, :lot_id::uuid, 1);
INSERT INTO audit_entries (id, action, subject_kind, subject_id, actor_name, old_values, new_values, created_at)
VALUES (gen_random_uuid(), 'CREDITS_SPEND', 'prepaid_balance', :user_id::uuid, 'bench', '{"units": 2}', '{"units": 1, "source": "application"}', now()),
    (gen_random_uuid(), 'APPLICATION_SENT', 'application', :application_id::uuid, 'bench', NULL, '{"project_id": "", "spent_units": 1}', now());
COMMIT;
