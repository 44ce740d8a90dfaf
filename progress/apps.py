"""The app of what students did."""

from django.apps import AppConfig


class ProgressConfig(AppConfig):
    name = "progress"
    verbose_name = "Progress"

    def ready(self) -> None:
        """Connect the receiver of Django's sign-out."""
        from progress import sign_out  # noqa: F401
