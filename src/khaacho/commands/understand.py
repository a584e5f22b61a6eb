"""`khaacho understand`: messages of a file understood with the code the chat uses, without a database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import App, Parameter

from khaacho.whatsapp.understanding import commandline


def add_to(app: App) -> None:
    app.command(understand)


def understand(
    *,
    catalog: Path,
    messages: Annotated[Path, Parameter(name="--in")],
    predictions: Annotated[Path, Parameter(name="--out")],
) -> int:
    """Read a catalogue and messages, and write what each message asks for.

    Parameters
    ----------
    catalog
        The catalogue, a CSV file with the columns of docs/understanding.md.
    messages
        The messages, one JSON object a line: {id, text, context?}.
    predictions
        Where the predictions go, one JSON object a line.
    """
    return commandline.run(catalog, messages, predictions)
