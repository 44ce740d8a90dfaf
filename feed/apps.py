"""The app of how what students did becomes entries, and who may see them."""

from django.apps import AppConfig


class FeedConfig(AppConfig):
    name = "feed"
    verbose_name = "Activity feed"

    def ready(self) -> None:
        """Connect the receivers of progress' signals, and the checks of the layer."""
        from feed import checks, receivers  # noqa: F401

        receivers.connect()
