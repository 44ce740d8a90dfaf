"""The app that wires the others together: commands, pages' static files, checks."""

from django.apps import AppConfig


class ProjectConfig(AppConfig):
    name = "project"
    verbose_name = "Project"

    def ready(self) -> None:
        """Register the checks."""
        from project import checks, public_checks  # noqa: F401
