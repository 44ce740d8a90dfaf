"""How large each thing that is measured is: as the targets say, or small, to see that it works."""

from __future__ import annotations

from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class Entries:
    """Entries at a rate, so many in one publishing, to so many sockets: no more than the load client can take."""

    rate: float
    sockets: int
    together: int = 1


@dataclass(frozen=True, slots=True)
class Sizes:
    """The size of a run. Times are in seconds, rates in entries a second."""

    rounds: int = 5
    burst_sockets: int = 500
    burst_entries: int = 400
    burst_within: float = 180
    steady_sockets: int = 500
    steady_rate: float = 200
    steady_seconds: float = 5
    wide_sockets: int = 4000
    wide_rate: float = 2
    wide_seconds: float = 8
    deaf_sockets: int = 25
    deaf_rate: float = 50
    deaf_seconds: float = 14
    deaf_entry_bytes: int = 20_000
    idle_sockets: int = 2000
    storm_sockets: int = 2000
    storm_missed: int = 50
    storm_within: float = 60
    tick_players: int = 400
    tick_seconds: float = 5
    crowd_players: int = 4000
    crowd_rates: tuple[float, ...] = (2500, 3000, 3500, 4000, 5000, 7000, 10_000)
    crowd_seconds: float = 6
    watched_rate: float = 1000
    watched_viewers: int = 100
    watched_players: int = 2000
    watched_seconds: float = 6
    mixed_rate: float = 1000
    mixed_players: int = 2000
    mixed_administrators: int = 50
    mixed_instructors: int = 50
    mixed_returning: int = 20
    mixed_pages: float = 4
    mixed_seconds: float = 12
    flood_players: int = 1000
    flood_addresses: int = 8
    flood_rate: float = 200
    flood_frames: int = 50_000
    flood_connects: float = 500
    flood_seconds: float = 8
    idle_students: int = 2000
    page_rows: int = 1_000_000
    page_requests: int = 40
    school_rows: tuple[int, ...] = (10_000, 100_000, 1_000_000, 5_000_000)
    pages_requests: int = 15
    query_times: int = 20
    scrapes: int = 100
    disk_rows: int = 500_000
    costs_ticks: tuple[float, ...] = (200, 2000, 6000)
    costs_entries: tuple[Entries, ...] = (
        Entries(20, sockets=1000),
        Entries(200, sockets=1000),
        Entries(1000, sockets=400),
        Entries(4000, together=4, sockets=100),
    )
    costs_sockets: int = 20
    costs_seconds: float = 6

    @property
    def people(self) -> int:
        """How many may watch: one for each socket."""
        mixed = self.mixed_administrators + self.mixed_returning
        one_kind = (self.burst_sockets, self.steady_sockets, self.wide_sockets, self.idle_sockets, self.storm_sockets)
        return max(*one_kind, mixed)

    @property
    def instructors(self) -> int:
        """How many teach."""
        return self.mixed_instructors

    @property
    def students(self) -> int:
        """How many study."""
        return max(self.tick_players, self.crowd_players, self.flood_players + 2, self.idle_students)

    @property
    def lessons(self) -> int:
        """Lessons, one for each class that is let in: nobody has watched it yet."""
        ticks, crowd, watched, seats = 4 * self.rounds, self.rounds + len(self.crowd_rates), self.rounds, 2
        flood, two, mixed, hot = self.rounds, 2 * self.rounds, 3 * self.rounds, 2 * self.rounds
        costs = self.rounds * len(self.costs_ticks)
        return ticks + crowd + watched + flood + costs + two + mixed + hot + seats

    def short(self) -> Sizes:
        """Between the two: half a minute for ours and one peer, and their ratio means something (test_budgets)."""
        return replace(self.small(), burst_sockets=150, burst_entries=200, tick_players=200, tick_seconds=2)

    def small(self) -> Sizes:
        """A run that takes a minute and whose figures mean nothing."""
        return replace(
            self,
            rounds=2,
            burst_sockets=50,
            burst_entries=40,
            steady_sockets=50,
            steady_rate=50,
            steady_seconds=1,
            wide_sockets=100,
            wide_seconds=2,
            deaf_seconds=2,
            idle_sockets=100,
            storm_sockets=100,
            tick_players=50,
            tick_seconds=1,
            crowd_players=100,
            crowd_rates=(100, 500),
            crowd_seconds=2,
            watched_rate=100,
            watched_viewers=10,
            watched_players=100,
            watched_seconds=2,
            mixed_rate=100,
            mixed_players=100,
            mixed_administrators=5,
            mixed_instructors=5,
            mixed_returning=4,
            mixed_pages=2,
            mixed_seconds=4,
            flood_players=100,
            flood_rate=50,
            flood_frames=5000,
            flood_connects=100,
            flood_seconds=2,
            idle_students=100,
            page_rows=10_000,
            page_requests=3,
            school_rows=(1000, 5000),
            pages_requests=3,
            query_times=2,
            scrapes=5,
            disk_rows=2000,
            costs_ticks=(100, 200),
            costs_entries=(Entries(10, sockets=50), Entries(100, together=5, sockets=30)),
            costs_sockets=10,
            costs_seconds=2,
        )
