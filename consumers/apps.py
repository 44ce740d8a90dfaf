"""The app that speaks WebSocket."""

from django.apps import AppConfig


class ConsumersConfig(AppConfig):
    name = "consumers"
    verbose_name = "Sockets"

    def ready(self) -> None:
        """Connect the receivers that act on open sockets, and the checks of the sockets."""
        from consumers import access, attention, checks  # noqa: F401

        access.connect()
        attention.connect()
