"""What only those need who fill an empty system with a past: forgetting its jobs, counting its tables."""

from __future__ import annotations

from khaacho.platform.database import Transaction


async def discard_all_jobs(tx: Transaction) -> int:
    """Forget every job, so that no worker tells people today what happened last month; answers how many there were.

    For seeding only: in a system that lives, each of these jobs is somebody's message.
    """
    discarded = await tx.execute("DELETE FROM pgqueuer")
    await tx.execute("DELETE FROM pgqueuer_log")
    return discarded


async def gather_statistics(tx: Transaction) -> None:
    """Let the planner count what was just poured in, instead of waiting for autovacuum to come by."""
    # Counting a table is its owner's right, which the role of the application is not.
    await tx.execute("SET LOCAL ROLE NONE")
    await tx.execute("ANALYZE")
