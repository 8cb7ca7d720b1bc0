"""A server that dies at the worst moment: `python -m tests.faults.dying serve`.

It kills itself, as by `kill -9`, before it sends its first message or right after the other side
took it; DIES says which, and without it nothing dies. It may reach webhooks on this machine.
"""

import os
import signal
from typing import Any

from app import commands
from app.web import outgoing_messages
from app.web.clinic import alarm

SENDERS = ("post_webhook", "send_mail")


def run() -> None:
    """The command line, with the fault built in."""
    outgoing_messages.is_public_address = lambda _: True
    for name in SENDERS:
        setattr(alarm, name, _dying(getattr(alarm, name), os.environ.get("DIES", "")))
    commands.run_command_line()


def _dying(send: Any, dies: str) -> Any:
    def sent(*words: Any) -> None:
        if dies == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        send(*words)
        if dies == "after":
            os.kill(os.getpid(), signal.SIGKILL)

    return sent


if __name__ == "__main__":
    run()
