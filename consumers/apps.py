"""The app that speaks WebSocket."""

from django.apps import AppConfig


class ConsumersConfig(AppConfig):
    name = "consumers"
    verbose_name = "Sockets"

    def ready(self) -> None:
        """Connect the receivers that act on open sockets, the checks, and what is kept of people here."""
        from consumers import access, attention, checks  # noqa: F401
        from consumers.ops import actions_log

        access.connect()
        attention.connect()
        actions_log.connect()
