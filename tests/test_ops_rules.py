"""The rules of `manage.py doctor` and /ops/: which facts are which symptom, at which threshold, and nothing else."""

from __future__ import annotations

import re
from math import inf

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as some

from consumers.ops import symptoms
from consumers.ops.away import Away
from consumers.ops.configuration import Wrong
from consumers.ops.facts import Facts
from consumers.ops.lately import SECONDS, Lately
from consumers.ops.process_facts import Silent, sorted_out
from consumers.ops.registry import Told
from consumers.ops.report import Heard, heard
from feed.history import Mark
from tests.live import ROOT
from tests.operators import MIB, PROCESSES, a_report, database, facts, queue, redis, web

NOBODY = msgspec.structs.replace(PROCESSES, reporting=[a_report(9, kind="worker")])
NO_WORKER = msgspec.structs.replace(PROCESSES, reporting=[a_report(1), a_report(2)])
KILLED = msgspec.structs.replace(PROCESSES, silent=[Silent(a_report(8), 3.5)])
STUDENT = {"feed.student.17": Heard(1, "e", 7, missing=2)}

# Facts that have a symptom, and facts that nearly have it.
TABLE: dict[str, tuple[list[Facts], list[Facts]]] = {
    "redis_away": (
        [facts(redis=Away("ConnectionError: refused"), processes=Away("the same"))],
        [facts(redis=Away("NOPERM", refused=True), processes=Away("NOPERM", refused=True))],
    ),
    "redis_refuses": (
        [facts(redis=Away("WRONGPASS", refused=True)), facts(processes=Away("NOPERM", refused=True))],
        [facts(redis=Away("gone"))],
    ),
    "redis_replica": ([redis(role="slave")], [redis()]),
    "redis_full": (
        [redis(memory=100 * MIB), redis(memory=101 * MIB)],
        [redis(memory=99 * MIB), redis(memory=101 * MIB, policy="allkeys-lru"), redis(memory=MIB, most_memory=0)],
    ),
    "redis_memory": ([redis(memory=90 * MIB)], [redis(memory=89 * MIB), redis(memory=100 * MIB), redis(most_memory=0)]),
    "redis_policy": (
        [redis(policy="allkeys-lru"), redis(policy="volatile-ttl")],
        [redis(policy="allkeys-lru", most_memory=0)],
    ),
    "redis_evicts": ([redis(policy="allkeys-lru", evicted=1)], [redis(evicted=1), redis(policy="allkeys-lru")]),
    "redis_save_fails": ([redis(saves=True, save_failing=True)], [redis(saves=True), redis(saves=False)]),
    "redis_buffers": (
        [redis(pubsub_buffer=8 * MIB)],
        [redis(pubsub_buffer=8 * MIB - 1), redis(pubsub_buffer=None, not_permitted=["CLIENT LIST"])],
    ),
    "database_away": (
        [facts(database=Away("refused"), queue=Away("refused"))],
        [facts(database=Away("too many clients", full=True))],
    ),
    "connections_used_up": ([facts(database=Away("too many clients", full=True))], [facts(database=Away("refused"))]),
    "connections": ([database(connections=88)], [database(connections=87)]),
    "database_slow": (
        [web(lately={"commits": 4, "commit_seconds": 2.0})],
        [web(lately={"commits": 4, "commit_seconds": 1.9}), web(lately={"commits": 2, "commit_seconds": 9.0})],
    ),
    "locks_waiting": (
        [database(waiting_for_locks=1, longest_lock_wait=2)],
        [database(waiting_for_locks=1, longest_lock_wait=1.9)],
    ),
    "idle_in_transaction": ([database(longest_idle=10)], [database(longest_idle=9.9)]),
    "long_transaction": ([database(longest_transaction=60)], [database(longest_transaction=59)]),
    "outbox_old": ([database(outbox_rows=1, outbox_age=5)], [database(outbox_rows=900, outbox_age=4.9)]),
    "no_worker": (
        [facts(processes=NO_WORKER), facts(processes=Away("gone"), queue=queue(workers=0).queue)],
        [facts(processes=Away("gone")), facts(processes=Away("gone"), queue=Away("gone"))],
    ),
    "jobs_waiting": ([queue(oldest=60)], [queue(oldest=59)]),
    "jobs_stuck": ([queue(orphans=1)], [queue(jobs={"doing": 5})]),
    "jobs_failed": ([queue(jobs={"failed": 1})], [queue(jobs={"todo": 100, "doing": 5})]),
    "no_web": ([facts(processes=NOBODY)], [facts(processes=Away("gone"))]),
    "process_silent": ([facts(processes=KILLED)], [facts()]),
    "process_draining": (
        [web(draining=True, draining_seconds=10)],
        [web(draining=True, draining_seconds=9.9)],
    ),
    "reports_unacked": ([web(unacked_seconds=3)], [web(unacked_seconds=2.9, waiting_reports=500)]),
    "loop_late": ([web(loop_lag=0.5)], [web(loop_lag=0.49)]),
    "versions_differ": ([web(version="2")], [facts()]),
    "limits_met": (
        [web(lately={"limit.ticks_per_second": 30})],
        [web(lately={"limit.ticks_per_second": 29, "limit.frame_bytes": 29})],
    ),
    "will_not_start": ([facts(wrong=[Wrong("feed.E001", "No histories.", "Set it.", serious=True)])], [facts()]),
    "misconfigured": (
        [facts(wrong=[Wrong("project.W001", "No mail.", "Set EMAIL_URL.", serious=False)])],
        [facts(wrong=[Wrong("feed.E001", "No histories.", "Set it.", serious=True)])],
    ),
    "group_lags": ([web(groups=STUDENT)], [web(groups={"feed.all": Heard(2, "e", 1)})]),
    "group_elsewhere": ([web(groups={"feed.all": Heard(2, "old", 7, elsewhere=True)})], [facts()]),
    "histories_lost": ([web(lately={"histories_lost": 1})], [facts()]),
    "gaps": ([web(lately={"gaps": 9})], [web(lately={"gaps": 8})]),
    "viewers_behind": ([web(viewers_behind=1)], [facts()]),
    "unsent_bytes": ([web(unsent_bytes=8 * MIB)], [web(unsent_bytes=8 * MIB - 1)]),
}


def ids(looked: Facts) -> list[str]:
    return [each.id for each in symptoms.found(looked)]


def test_a_site_where_all_is_well_has_no_symptom() -> None:
    assert symptoms.found(facts()) == []
    assert symptoms.status([]) == 0


def test_every_symptom_stands_in_the_table() -> None:
    assert set(TABLE) == set(symptoms.IDS)
    assert len(symptoms.IDS) == len(set(symptoms.IDS))


@pytest.mark.parametrize("id", TABLE)
def test_a_symptom_is_seen_at_its_threshold_and_not_below(id: str) -> None:
    having, lacking = TABLE[id]
    for looked in having:
        assert id in ids(looked), looked
    for looked in lacking:
        assert id not in ids(looked), looked


@pytest.mark.parametrize("id", TABLE)
def test_a_symptom_says_in_sentences_what_it_means_and_what_to_do(id: str) -> None:
    [said] = [each for each in symptoms.found(TABLE[id][0][0]) if each.id == id]
    for sentence in (said.what, said.means, said.do):
        assert re.fullmatch(r"[A-Z0-9].*[.)]", sentence), sentence
        assert "%(" not in sentence
        assert "feed.student.17" not in sentence


def test_what_is_down_stands_first_and_decides_the_status() -> None:
    looked = web(loop_lag=1, unacked_seconds=9)
    assert ids(looked) == ["reports_unacked", "loop_late"]
    assert symptoms.status(symptoms.found(looked)) == 2
    assert symptoms.status(symptoms.found(web(loop_lag=1))) == 1


def test_every_symptom_has_an_entry_in_the_runbook_and_every_entry_a_symptom() -> None:
    text = (ROOT / "docs" / "operations.md").read_text()
    _, found, section = text.partition("## Runbook\n")
    assert found
    entries = re.findall(r"^### `(\w+)`$", section.partition("\n## ")[0], flags=re.M)
    assert sorted(entries) == sorted(symptoms.IDS)


def test_what_a_counter_rose_by_is_forgotten_after_a_minute() -> None:
    lately = Lately()
    assert lately.since({"gaps": 5}, 0) == {}
    assert lately.since({"gaps": 7}, 2) == {"gaps": 2}
    assert lately.since({"gaps": 7}, SECONDS + 1) == {"gaps": 2}
    assert lately.since({"gaps": 7}, SECONDS + 2) == {}


@given(some.lists(some.integers(0, 5), min_size=1, max_size=200))
def test_what_a_counter_rose_by_is_what_was_counted_within_the_minute(rises: list[int]) -> None:
    lately, total, said = Lately(), 0.0, {}
    for second, by in enumerate(rises):
        total += by
        said = lately.since({"gaps": total}, float(second))
    assert said.get("gaps", 0) == sum(rises[1:][-int(SECONDS) :])


def test_a_process_that_another_one_has_replaced_is_not_missed() -> None:
    killed = Told(a_report(1, at=100.0), age=5, alive=True)
    worker = Told(a_report(2, kind="worker", started_at=101.0), age=0, alive=True)
    before = Told(a_report(3, started_at=99.0), age=0, alive=True)
    heir = Told(a_report(4, started_at=101.0), age=0, alive=True)
    assert [each.report.pid for each in sorted_out([killed, worker, before])[1]] == [1]
    assert sorted_out([killed, worker, before, heir])[1] == []
    second = Told(a_report(5, at=100.5), age=70, alive=False)
    assert [each.report.pid for each in sorted_out([killed, second, heir])[1]] == [5]


def test_of_a_process_that_is_killed_over_and_over_only_the_last_may_be_missed() -> None:
    first = Told(a_report(1, started_at=50.0, at=100.0), age=60, alive=False)
    second = Told(a_report(2, started_at=101.0, at=110.0), age=50, alive=False)
    third = Told(a_report(3, started_at=111.0, at=120.0), age=40, alive=False)
    fourth = Told(a_report(4, started_at=121.0, at=160.0), age=0, alive=True)
    assert sorted_out([first, second, third, fourth]) == ([fourth.report], [])
    assert [each.report.pid for each in sorted_out([first, second, third])[1]] == [3]


def test_who_took_the_place_of_a_killed_process_and_ended_leaves_none_missing() -> None:
    killed = Told(a_report(1, at=100.0), age=60, alive=False)
    heir = Told(a_report(2, started_at=101.0, at=110.0), age=inf, alive=False, ended=True)
    other = Told(a_report(3, started_at=50.0, at=160.0), age=0, alive=True)
    assert sorted_out([killed, heir, other]) == ([other.report], [])


def test_what_was_told_before_the_last_report_must_be_heard_by_this_one() -> None:
    at, ahead, new = Mark("e", 5), Mark("e", 6), Mark("new", 0)
    assert heard(1, at, at, ahead) == Heard(1, "e", 5, missing=0)  # told since: it may be on its way
    assert heard(1, at, ahead, ahead) == Heard(1, "e", 5, missing=1)
    assert heard(1, at, None, ahead) == Heard(1, "e", 5)
    assert heard(1, new, at, at).elsewhere  # Redis was and is where it is not
    assert not heard(1, new, at, new).elsewhere  # it has just heard of the new one
    assert not heard(1, at, at, new).elsewhere  # it will hear of it
