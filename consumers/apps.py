"""The app that speaks WebSocket."""

from django.apps import AppConfig


class ConsumersConfig(AppConfig):
    name = "consumers"
    verbose_name = "Sockets"

    def ready(self) -> None:
        """Connect the receiver that acts on open sockets."""
        from consumers import access

        access.connect()
