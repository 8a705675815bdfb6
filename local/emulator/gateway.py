"""The gateway: what it listens on."""

from ministack import app


def only_the_chosen_port_is_opened() -> None:
    """Nothing listens but where it was told to: ministack also takes 443 on loopback, if it may."""
    may_bind = app._port_is_bindable
    app._port_is_bindable = lambda host, port: port != 443 and may_bind(host, port)  # noqa: PLR2004 - HTTPS


def serve() -> None:
    """Serve until told to stop."""
    app.main()


REPAIRS = (only_the_chosen_port_is_opened,)
