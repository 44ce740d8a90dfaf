"""Law 4, as one table: at rest, a connected viewer's list equals a fresh snapshot with the same filters, row for row.

Each cell (who, with which filters, over the socket or by polling, on which process) follows the same term
(tests/term.py), all at once. What is wrong is collected, and told cell by cell.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from contextlib import AsyncExitStack
from datetime import datetime
from itertools import product

from asgiref.sync import sync_to_async
from django.utils import timezone

from progress.models import User
from tests.cast import Cast
from tests.followers import Asking, Entry, Page, Subscribed, View, newest_first, on_a_socket
from tests.live import Live, until
from tests.term import Term

TYPES = ("certification_issued", "exam_attempt", "lesson_completed", "progress_update")
Fresh = dict[tuple[User, str], list[Entry]]
ALL, THREE, NOTHING = "no filter", "the first three", "what is not there"


def views(cast: Cast, since: datetime) -> list[View]:
    """What pages show, each filter also in plain Python."""
    moment = since.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    both = ["exam_attempt", "lesson_completed"]

    def of(type: str) -> Callable[[Entry], bool]:
        return lambda entry: entry["type"] == type

    def of_ada(entry: Entry) -> bool:
        return bool(entry["user"]["id"] == cast.ada.pk)

    def of_bernoulli(entry: Entry) -> bool:
        return bool(entry["lesson"] and entry["lesson"]["slug"] == "bernoulli")

    return [
        View(ALL),
        View(THREE, limit=3),
        *(View(f"type {each}", {"type": each}, of(each)) for each in TYPES),
        View("course", {"course": cast.algorithms.pk}, lambda entry: entry["course"]["slug"] == "algorithms"),
        View("student", {"student": cast.ada.pk}, of_ada),
        View("q", {"q": "ADA  bernou"}, lambda entry: of_ada(entry) and of_bernoulli(entry)),
        View("since", {"since": moment}, lambda entry: entry["timestamp"] >= moment),
        View(
            "two types and student",
            {"type": both, "student": cast.ada.pk},
            lambda entry: entry["type"] in both and of_ada(entry),
        ),
        View(NOTHING, {"q": "nobody is called so"}, lambda entry: False),
    ]


def rights(term: Term) -> dict[User, Callable[[Entry], bool]]:
    """Who may see what, in plain Python."""
    cast = term.cast
    return {
        cast.admin: lambda entry: True,
        cast.grace: lambda entry: entry["course"]["slug"] in ("algorithms", "analysis"),
        cast.ada: lambda entry: entry["user"]["id"] == cast.ada.pk,
        term.tess: lambda entry: entry["course"]["slug"] == "algorithms",
        cast.oscar: lambda entry: entry["course"]["slug"] == "botany",
    }


class Table:
    """Everybody's pages, and what is wrong with them.

    Each view is on a socket of one process, and by polling on the other; without filters there is a socket on both.
    tess, who is here for her groups, has the views without filters alone.
    """

    def __init__(self, term: Term, since: datetime) -> None:
        self.term = term
        self.may_see = rights(term)
        self.views = views(term.cast, since)
        self.sockets: list[Subscribed] = []
        self.polls: list[Asking] = []
        self.wrong: list[str] = []

    @property
    def pages(self) -> list[Page]:
        """Every cell."""
        return [*self.sockets, *self.polls]

    def check(self, right: bool, page: Page, what: str) -> None:
        """Note what is wrong with a cell."""
        if not right:
            self.wrong.append(f"{page}: {what}")

    async def open(self, opened: AsyncExitStack) -> None:
        """Have every page take its snapshot."""
        sockets = []
        for person, (number, view) in product(self.may_see, enumerate(self.views)):
            if person == self.term.tess and view.filters:
                continue
            for web in (0, 1) if view.name == ALL else (number % 2,):
                browser = await self.term.browser(person, web)
                sockets.append(opened.enter_async_context(on_a_socket(self.term.live, browser, person, view, web)))
            other = 1 - number % 2
            self.polls.append(Asking(await self.term.browser(person, other), person, view, other))
        self.sockets = await asyncio.gather(*sockets)
        await asyncio.gather(*(page.begin() for page in self.polls))

    async def subscribe(self) -> None:
        """Have every page with a socket go on from there."""
        await asyncio.gather(*(page.subscribe() for page in self.sockets))
        await until(lambda: all(page.live for page in self.sockets), what="every page to be live")

    async def poll(self) -> None:
        """Have every page without a socket ask."""
        await asyncio.gather(*(page.poll() for page in self.polls))

    async def until_begun_anew(self, *people: User) -> None:
        """Wait until the sockets of these people have taken another snapshot; who has not is told of at the end."""
        pages = [page for page in self.sockets if page.person in people]
        with contextlib.suppress(AssertionError):
            await until(lambda: all(page.live and page.snapshots > 1 for page in pages), within=5)

    async def come_to_rest(self) -> Fresh:
        """Wait until every page has all that was sent to it; return fresh snapshots by person and view."""
        await self.term.at_rest()
        taken = await asyncio.gather(*(page.snapshot() for page in self.sockets))
        ends = {page.person: answer["position"] for page, answer in zip(self.sockets, taken, strict=True)}
        # Marks are told with entries: where none is hidden they say how far the process is. Pages with filters were
        # given theirs in the same pass, and what is answered after it comes after it.
        open_ones = [page for page in self.sockets if not page.view.filters]
        with contextlib.suppress(AssertionError):
            await until(lambda: all(page.position == ends[page.person] for page in open_ones), within=5)
        await self.poll()
        answered = await asyncio.gather(*(page.answered() for page in self.sockets), return_exceptions=True)
        for socket, failure in zip(self.sockets, answered, strict=True):
            self.check(failure is None, socket, f"answers no more: {failure!r}")
        await asyncio.gather(*(page.idle() for page in self.pages))
        for page in (*open_ones, *self.polls):
            self.check(page.position == ends[page.person], page, f"is at {page.position}, not {ends[page.person]}")
        return {
            (page.person, page.view.name): answer["entries"] for page, answer in zip(self.sockets, taken, strict=True)
        }


def difference(shown: list[Entry], fresh: list[Entry]) -> str:
    """What differs, in a few words."""
    ids, expected = ([entry["id"] for entry in entries] for entries in (shown, fresh))
    if Counter(ids) != Counter(expected):
        lacking, more = Counter(expected) - Counter(ids), Counter(ids) - Counter(expected)
        return f"lacks {sorted(lacking.elements())}, has too much {sorted(more.elements())}"
    if ids != expected:
        return f"has the order {ids} instead of {expected}"
    return f"differs in {[pair for pair in zip(shown, fresh, strict=True) if pair[0] != pair[1]]}"


def check_lists(table: Table, fresh: Fresh) -> None:
    """The law; and a snapshot is itself what rights and filters leave of everything."""
    everything = fresh[table.term.cast.admin, ALL]
    for page in table.pages:
        expected = fresh[page.person, page.view.name]
        table.check(page.rows == expected, page, difference(page.rows, expected))
        may_see, wants = table.may_see[page.person], page.view.wants
        left = newest_first([entry for entry in everything if may_see(entry) and wants(entry)], page.view.limit)
        table.check(left == expected, page, f"a fresh snapshot {difference(expected, left)}")


def check_nothing_hidden_came(table: Table) -> None:
    """Nothing came that the rights or the filters of a page hide, not even the id of what was taken back."""
    known = {id: entry for page in table.pages for id, entry in page.seen.items()}
    for page in table.pages:
        may_see, wants = table.may_see[page.person], page.view.wants
        hidden = {entry["id"] for entry in page.seen.values() if not (may_see(entry) and wants(entry))}
        hidden |= {id for id in page.gone & known.keys() if not may_see(known[id])}
        table.check(not hidden, page, f"got {sorted(hidden)}")


def check_everything_happened(table: Table, fresh: Fresh) -> None:
    """The table says something: what may differ did come, in every cell that should show it."""
    cast = table.term.cast
    for page in table.pages:
        name = page.view.name
        came = Counter((entry["id"], entry["timestamp"]) for entry in page.came)
        if name != NOTHING and page.person != cast.oscar:
            table.check(bool(page.came), page, "nothing came")
            table.check(bool(fresh[page.person, name]), page, "nothing is left")
        if page.person == cast.admin and page.view.filters:
            table.check(len(fresh[page.person, name]) < len(fresh[page.person, ALL]), page, "nothing is hidden")
        if name == ALL:
            table.check({entry["type"] for entry in page.came} == set(TYPES), page, "not every type came")
            replaced = max(page.replaced.values(), default=0)
            table.check(replaced > 1 or page.person == cast.oscar, page, "no row was replaced again and again")
            table.check(max(came.values(), default=0) > 1, page, "nothing was told again")
        if name == ALL and page.person in (cast.admin, cast.grace, cast.ada):
            table.check(page.snapshots > 1, page, "was not told of the new name")
            taken_back = {page.seen[id]["type"] for id in page.gone if id in page.seen}
            table.check(taken_back == set(TYPES), page, f"of {taken_back} alone something was taken back")
        if name == THREE:
            fell_out = page.seen.keys() - page.gone - {entry["id"] for entry in page.rows}
            table.check(bool(fell_out) or page.person == cast.oscar, page, "no row fell out")
            table.check(page.refills > 0, page, "was never refilled")


async def test_at_rest_every_viewers_list_equals_a_fresh_snapshot(live: Live, cast: Cast) -> None:
    term = await sync_to_async(Term.begin)(live, cast)
    await term.before()
    table = Table(term, since=timezone.now())
    async with AsyncExitStack() as opened:
        await table.open(opened)
        await term.watch_lessons()
        await table.subscribe()
        await table.poll()
        await term.be_examined()
        await term.require_less()
        await table.poll()
        await term.correct()
        check_lists(table, await table.come_to_rest())
        await term.rename()
        await table.until_begun_anew(cast.admin, cast.grace, cast.ada)
        await table.poll()
        await term.tell_again()
        fresh = await table.come_to_rest()
        check_lists(table, fresh)
    check_nothing_hidden_came(table)
    check_everything_happened(table, fresh)
    assert not table.wrong, f"{len(table.wrong)} faults in {len(table.pages)} cells:\n" + "\n".join(table.wrong)
