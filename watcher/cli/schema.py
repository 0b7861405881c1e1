"""`watcher schema`: the JSON Schema of the thresholds file."""

from __future__ import annotations

import typer


def schema() -> None:
    """Print the JSON Schema of the thresholds file, for editors.

    Save it beside the file and begin the file with: # yaml-language-server: $schema=thresholds.schema.json
    """
    from watcher.config.schema import text

    typer.echo(text(), nl=False)
