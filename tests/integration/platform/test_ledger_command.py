"""`khaacho ledger` as a person meets it: what it says, and with which exit code. [C5] [C6]"""

from __future__ import annotations

from pathlib import Path

import psycopg
from tests.integration.ledger.test_guards import World, world
from tests.integration.test_cli import environment, khaacho

__all__ = ["world"]


async def test_sealing_and_verifying_on_the_command_line(world: World, dsn: str, tmp_path: Path) -> None:
    """[C6] 0 and figures while nothing was touched; 1 and the first row that was; a hash noted elsewhere counts too."""
    env = environment(dsn, tmp_path)
    sealed = khaacho(env, tmp_path, "ledger", "seal")
    assert (sealed.returncode, "rows sealed; the chain ends with" in sealed.stdout) == (0, True)
    noted = sealed.stdout.strip().rpartition(" ")[2].rstrip(".")
    sound = khaacho(env, tmp_path, "ledger", "verify", "--noted", noted)
    assert (sound.returncode, "Nothing sealed was changed." in sound.stdout) == (0, True)
    assert noted in sound.stdout
    with psycopg.connect(dsn, autocommit=True) as vandal:
        vandal.execute("SET session_replication_role = replica")
        changed = vandal.execute(
            "UPDATE ledger_transfers SET amount = 1 WHERE id = (SELECT min(id::text)::uuid FROM ledger_transfers)"
            " RETURNING id"
        ).fetchone()
    assert changed is not None
    broken = khaacho(env, tmp_path, "ledger", "verify")
    assert broken.returncode == 1
    assert f"BROKEN, first here: ledger_transfers {changed[0]} was changed" in broken.stdout
    other = khaacho(env, tmp_path, "ledger", "verify", "--noted", f"1:{'00' * 32}")
    assert (other.returncode, "its hash was noted as" in other.stdout) == (1, True)
    nonsense = khaacho(env, tmp_path, "ledger", "verify", "--noted", "1:xyz")
    assert (nonsense.returncode, "Traceback" in nonsense.stderr) == (1, False)
