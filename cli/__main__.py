"""`python -m cli`, which the `fugace` script runs."""

from cli.app import app

app(prog_name="fugace")
