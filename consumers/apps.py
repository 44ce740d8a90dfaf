"""The app that speaks WebSocket."""

from django.apps import AppConfig


class ConsumersConfig(AppConfig):
    name = "consumers"
    verbose_name = "Sockets"

    def ready(self) -> None:
        """Connect the receiver that acts on open sockets, and the checks of the sockets."""
        from consumers import access, checks  # noqa: F401

        access.connect()
