"""`python -m app` is the command `calcinosis-check`."""

from app.commands import run_command_line

run_command_line()
