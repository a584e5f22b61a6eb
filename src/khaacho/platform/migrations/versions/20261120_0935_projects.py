"""Projects, applications and refunds."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
    CREATE TABLE projects (
        id uuid PRIMARY KEY,
        owner_id uuid NOT NULL REFERENCES users,
        title text NOT NULL CHECK (length(title) BETWEEN 1 AND 200),
        description text NOT NULL,
        category text NOT NULL CHECK (category IN ('DELIVERY', 'SHOP_SETUP', 'PHOTOGRAPHY', 'DESIGN', 'OTHER')),
        city text,
        budget_paisa bigint CHECK (budget_paisa > 0),
        status text NOT NULL CHECK (status IN ('OPEN', 'ASSIGNED', 'COMPLETED', 'CLOSED', 'CANCELLED', 'EXPIRED')),
        status_reason text,
        status_since timestamptz NOT NULL,
        assigned_application_id uuid,
        deadline timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        CONSTRAINT projects_assigned_check CHECK (CASE
            WHEN status IN ('ASSIGNED', 'COMPLETED') THEN assigned_application_id IS NOT NULL
            ELSE status = 'CANCELLED' OR assigned_application_id IS NULL
        END)
    );
    CREATE INDEX projects_owner_idx ON projects (owner_id, id);
    CREATE INDEX projects_status_idx ON projects (status, id);
    CREATE INDEX projects_deadline_idx ON projects (deadline) WHERE status = 'OPEN';

    CREATE TABLE applications (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES projects,
        freelancer_id uuid NOT NULL REFERENCES users,
        message text,
        bid_paisa bigint CHECK (bid_paisa > 0),
        -- What applying cost when it was done; the price may have changed since.
        spent_units integer NOT NULL CHECK (spent_units > 0),
        status text NOT NULL CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED', 'WITHDRAWN', 'COMPLETED')),
        status_reason text,
        status_since timestamptz NOT NULL,
        created_at timestamptz NOT NULL
    ) WITH (fillfactor = 90);
    CREATE UNIQUE INDEX applications_one_live ON applications (project_id, freelancer_id)
        WHERE status IN ('PENDING', 'APPROVED');
    CREATE INDEX applications_project_idx ON applications (project_id, id);
    CREATE INDEX applications_freelancer_idx ON applications (freelancer_id, id);
    ALTER TABLE projects ADD CONSTRAINT projects_assigned_application_id_fkey
        FOREIGN KEY (assigned_application_id) REFERENCES applications;
    CREATE INDEX projects_assigned_idx ON projects (assigned_application_id)
        WHERE assigned_application_id IS NOT NULL;

    -- Paying back everyone who applied to a project. `reached` is the last application that is settled, so that
    -- whoever goes on after a process was killed knows where.
    CREATE TABLE project_refund_runs (
        id uuid PRIMARY KEY,
        project_id uuid NOT NULL REFERENCES projects,
        cause text NOT NULL CHECK (cause IN ('PROJECT_CANCELLED', 'PROJECT_EXPIRED', 'ADMIN')),
        reached uuid,
        applications integer NOT NULL DEFAULT 0 CHECK (applications >= 0),
        refunded_units bigint NOT NULL DEFAULT 0 CHECK (refunded_units >= 0),
        actor_id uuid,
        actor_name text NOT NULL,
        started_at timestamptz NOT NULL,
        finished_at timestamptz
    );
    CREATE INDEX project_refund_runs_project_idx ON project_refund_runs (project_id, id);
    CREATE UNIQUE INDEX project_refund_runs_one_open ON project_refund_runs (project_id) WHERE finished_at IS NULL;

    -- An application is refunded once, whatever the cause.
    CREATE TABLE application_refunds (
        id uuid PRIMARY KEY,
        application_id uuid NOT NULL CONSTRAINT application_refunds_application_key UNIQUE REFERENCES applications,
        run_id uuid REFERENCES project_refund_runs,
        cause text NOT NULL CHECK (cause IN ('PROJECT_CANCELLED', 'PROJECT_EXPIRED', 'TECHNICAL_ERROR', 'DUPLICATE',
            'ADMIN', 'WITHDRAWN')),
        percent integer NOT NULL CHECK (percent BETWEEN 1 AND 100),
        units integer NOT NULL CHECK (units > 0),
        created_at timestamptz NOT NULL
    );
    CREATE INDEX application_refunds_run_idx ON application_refunds (run_id) WHERE run_id IS NOT NULL;
    CREATE TRIGGER application_refunds_append_only BEFORE UPDATE OR DELETE ON application_refunds
        FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER application_refunds_no_truncate BEFORE TRUNCATE ON application_refunds
        FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

    DO $$
    BEGIN
        IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'khaacho_app') THEN
            GRANT SELECT, INSERT, UPDATE, DELETE ON projects, applications, project_refund_runs TO khaacho_app;
            GRANT SELECT, INSERT ON application_refunds TO khaacho_app;
        END IF;
    END $$;
    """)
