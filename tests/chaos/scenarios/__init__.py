"""The scenarios, a module for each thing that fails."""

from tests.chaos.scenarios import clocks, crowds, database, disk, processes, readers, redis, soak

__all__ = ["clocks", "crowds", "database", "disk", "processes", "readers", "redis", "soak"]
