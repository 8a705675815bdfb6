"""The gateway: what it listens on, and how it stops."""

import asyncio
import os
import signal

import hypercorn.asyncio
from ministack import app
from ministack.core import lambda_runtime

from local.emulator import state


def only_the_chosen_port_is_opened() -> None:
    """Nothing listens but where it was told to: ministack also takes 443 on loopback, if it may."""
    may_bind = app._port_is_bindable
    app._port_is_bindable = lambda host, port: port != 443 and may_bind(host, port)  # noqa: PLR2004 - HTTPS


def stopping_is_quick() -> None:
    """Told to stop, it lets go of its functions, writes everything down, and is gone.

    ministack waits half a minute for the connections that its own idle functions keep open to it.
    """
    serve_until = hypercorn.asyncio.serve
    hypercorn.asyncio.serve = lambda asgi, config: serve_until(asgi, config, shutdown_trigger=_stop)


async def _stop() -> None:
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asked.set)
    await asked.wait()
    lambda_runtime.reset()
    any(state.write() for _ in range(5))
    os._exit(0)


def serve() -> None:
    """Serve until told to stop."""
    app.main()


REPAIRS = (only_the_chosen_port_is_opened, stopping_is_quick)
