"""The projects domain's invariants [C5, P21, P22]."""

from __future__ import annotations

from khaacho.platform.checks import Check

CHECKS = (
    Check(
        name="application_paid",
        promise="Every application was paid for exactly once, by its freelancer, with what it says it cost.",
        sql="""
            SELECT a.id AS subject, '1 spend of ' || a.spent_units AS expected,
                count(m.id) || ' of ' || COALESCE(SUM(-m.units), 0) AS actual
            FROM applications AS a
            LEFT JOIN prepaid_movements AS m ON m.source_id = a.id AND m.kind = 'SPEND'
                AND m.source_kind = 'application' AND m.user_id = a.freelancer_id
            GROUP BY a.id
            HAVING count(m.id) <> 1 OR COALESCE(SUM(-m.units), 0) <> a.spent_units
        """,
        counts="SELECT count(*) FROM applications",
    ),
    Check(
        name="application_refunded",
        promise="What a refund says was given back is what came back to the freelancer, once.",
        sql="""
            SELECT a.id AS subject, COALESCE(r.units, 0) AS expected,
                count(m.id) || ' of ' || COALESCE(SUM(m.units), 0) AS actual
            FROM applications AS a
            LEFT JOIN application_refunds AS r ON r.application_id = a.id
            LEFT JOIN prepaid_movements AS spend
                ON spend.source_id = a.id AND spend.kind = 'SPEND' AND spend.source_kind = 'application'
            LEFT JOIN prepaid_movements AS m ON m.refunds_id = spend.id
            GROUP BY a.id, r.units
            HAVING COALESCE(SUM(m.units), 0) <> COALESCE(r.units, 0) OR count(m.id) > 1
                OR COALESCE(r.units, 0) > a.spent_units
        """,
        counts="SELECT count(*) FROM application_refunds",
    ),
    Check(
        name="fallen_projects_paid_back",
        promise="Once its refunds are done, nobody who had a live application to a fallen project is unpaid.",
        sql="""
            SELECT a.id AS subject, 'a refund' AS expected, a.status || ' in a project ' || p.status AS actual
            FROM projects AS p
            JOIN applications AS a ON a.project_id = p.id AND a.status IN ('PENDING', 'APPROVED')
            WHERE p.status IN ('CANCELLED', 'EXPIRED')
                AND NOT EXISTS (SELECT FROM application_refunds AS r WHERE r.application_id = a.id)
                AND NOT EXISTS (
                    SELECT FROM project_refund_runs AS run WHERE run.project_id = p.id AND run.finished_at IS NULL)
        """,
        counts="SELECT count(*) FROM projects WHERE status IN ('CANCELLED', 'EXPIRED')",
    ),
    Check(
        name="assigned_applications",
        promise="The work is with exactly the application a project names: one at work, none once it is over.",
        sql="""
            SELECT p.id AS subject,
                p.status || ' with ' || COALESCE(p.assigned_application_id::text, 'nobody') AS expected,
                COALESCE(string_agg(a.id || ' ' || a.status, ', '), 'nobody') AS actual
            FROM projects AS p
            LEFT JOIN applications AS a ON a.project_id = p.id AND a.status IN ('APPROVED', 'COMPLETED')
            GROUP BY p.id
            HAVING count(a.id) <> CASE WHEN p.assigned_application_id IS NULL THEN 0 ELSE 1 END
                OR bool_or(a.id <> p.assigned_application_id)
                OR bool_or(a.status = 'COMPLETED') IS DISTINCT FROM
                    CASE WHEN p.assigned_application_id IS NOT NULL THEN p.status = 'COMPLETED' END
        """,
        counts="SELECT count(*) FROM projects",
    ),
    Check(
        name="ended_projects",
        promise="Nobody waits for an answer from a project that was completed or closed.",
        sql="""
            SELECT a.id AS subject, 'an ended application' AS expected,
                a.status || ' in a project ' || p.status AS actual
            FROM projects AS p
            JOIN applications AS a ON a.project_id = p.id AND a.status IN ('PENDING', 'APPROVED')
            WHERE p.status IN ('COMPLETED', 'CLOSED')
        """,
        counts="SELECT count(*) FROM projects WHERE status IN ('COMPLETED', 'CLOSED')",
    ),
)
