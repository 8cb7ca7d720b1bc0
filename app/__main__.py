"""`python -m app` is the command `calcinosis-check`."""

from app.commands import run

run()
