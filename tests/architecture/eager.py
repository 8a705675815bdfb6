"""A module that does what none of ours may: it connects to something while it is imported."""

import contextlib
import socket

with contextlib.suppress(OSError), socket.socket() as plug:
    plug.settimeout(0.1)
    plug.connect(("127.0.0.1", 9))
