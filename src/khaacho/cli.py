"""`khaacho`: the command line, put together from one file per subject in `khaacho.commands`."""

from __future__ import annotations

import logging
import sys
from importlib.metadata import version

from cyclopts import App, CycloptsError, Parameter

from khaacho.commands import credit, doctor, importing, jobs, ledger, people, running, seeding, understand
from khaacho.commands.terminal import KNOWN_FAILURES, WRONG_COMMAND, err, exit_code_of

SUBJECTS = (running, seeding, importing, people, doctor, jobs, ledger, credit, understand)


def build() -> App:
    """The whole command line."""
    app = App(
        name="khaacho",
        help="Wholesale ordering on credit over WhatsApp, for the small shops of Nepal.",
        version=version("khaacho"),
        help_epilogue=(
            "Exit codes: 0 done; 1 the answer is no; 2 the command line was wrong; 3 the settings have faults; "
            "4 the database does not answer."
        ),
        help_format="plaintext",
        default_parameter=Parameter(negative=""),
        exit_on_error=False,
        print_error=True,
        result_action="return_value",
    )
    for subject in SUBJECTS:
        subject.add_to(app)
    return app


def main() -> None:
    """Run one command and exit with its code; a failure we know is one line, never a traceback."""
    # One line at the end says that the database does not answer; web and worker set up their own logs.
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
    try:
        code = build()()
    except CycloptsError:
        sys.exit(WRONG_COMMAND)
    except KNOWN_FAILURES as error:
        err.print(f"khaacho: {error}", markup=False, highlight=False, soft_wrap=True)
        sys.exit(exit_code_of(error))
    sys.exit(code if isinstance(code, int) else 0)
