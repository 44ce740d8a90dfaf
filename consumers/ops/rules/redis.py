"""Rules about Redis."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from consumers.ops.away import Away
from consumers.ops.facts import Facts
from consumers.ops.redis_facts import RedisFacts
from consumers.ops.symptom import Said, rule

MEMORY_SHARE: Final = 0.9
"""Of `maxmemory`: what is left is a busy course's history."""

BUFFER_BYTES: Final = 8 * 1024 * 1024
"""What Redis lets a client that listens leave unread for a minute (`client-output-buffer-limit pubsub`)."""


def _facts(facts: Facts) -> RedisFacts | None:
    return None if isinstance(facts.redis, Away) else facts.redis


@rule("redis_away", "down")
def away(facts: Facts) -> Said | None:
    """It does not answer."""
    if not isinstance(facts.redis, Away) or facts.redis.refused:
        return None
    return Said(
        _("Redis does not answer: %(why)s.") % {"why": facts.redis.why.rstrip(".")},
        _("Students' work is saved all the same; nothing new appears on open pages until Redis is back."),
        _("Start Redis, or mend the way to it; what waited is told by itself within seconds."),
    )


@rule("redis_refuses", "down")
def refuses(facts: Facts) -> Said | None:
    """It answers that we may not."""
    said = next((each.why for each in (facts.redis, facts.processes) if isinstance(each, Away) and each.refused), None)
    if said is None:
        return None
    return Said(
        _("Redis refuses us: %(why)s.") % {"why": said.rstrip(".")},
        _("Students' work is saved all the same; nothing new appears on open pages until Redis lets us in."),
        _("Set the user, the password and the ACL line of docs/operations.md, and the same user in REDIS_URL."),
    )


@rule("redis_replica", "down")
def replica(facts: Facts) -> Said | None:
    """It is somebody's copy, and takes no writes."""
    redis = _facts(facts)
    if redis is None or redis.role == "master":
        return None
    return Said(
        _("REDIS_URL leads to a replica, which takes no writes."),
        _("Students' work is saved all the same; nothing new appears on open pages."),
        _("Point REDIS_URL at the primary, or promote this one with REPLICAOF NO ONE."),
    )


@rule("redis_full", "down")
def full(facts: Facts) -> Said | None:
    """It has no memory left, and evicts nothing."""
    redis = _facts(facts)
    if redis is None or not redis.most_memory or redis.memory < redis.most_memory or redis.policy != "noeviction":
        return None
    return Said(
        _("Redis has used up its memory and refuses every write."),
        _("Students' work is saved all the same; nothing new appears on open pages."),
        _("Raise maxmemory, or remove what others keep there; what waited is told by itself after that."),
    )


@rule("redis_memory", "warning")
def memory(facts: Facts) -> Said | None:
    """It will have no memory left."""
    redis = _facts(facts)
    if redis is None or not redis.most_memory or full(facts) or redis.memory < MEMORY_SHARE * redis.most_memory:
        return None
    return Said(
        _("Redis uses %(share)d%% of the memory that it may.") % {"share": 100 * redis.memory // redis.most_memory},
        _("Nobody notices anything yet; once it is full, nothing new appears on open pages."),
        _("Raise maxmemory, or remove what others keep there."),
    )


@rule("redis_policy", "warning")
def policy(facts: Facts) -> Said | None:
    """It may evict our histories: all of our keys have a lifetime, so the `volatile-` policies reach them too."""
    redis = _facts(facts)
    if redis is None or not redis.most_memory or redis.policy == "noeviction":
        return None
    return Said(
        _("Redis may throw away histories when memory is short: maxmemory-policy is %(policy)s.")
        % {"policy": redis.policy},
        _("Pages whose history is thrown away load anew, all of a course at once."),
        _("CONFIG SET maxmemory-policy noeviction, and the same in its configuration file."),
    )


@rule("redis_evicts", "warning")
def evicts(facts: Facts) -> Said | None:
    """It has evicted, and still may."""
    redis = _facts(facts)
    if redis is None or not redis.evicted or policy(facts) is None:
        return None
    return Said(
        _("Redis has thrown away %(keys)d keys since it started.") % {"keys": redis.evicted},
        _("Pages whose history was thrown away loaded anew; entries are all in the database."),
        _("Give Redis more memory, and set maxmemory-policy to noeviction."),
    )


@rule("redis_save_fails", "warning")
def save_fails(facts: Facts) -> Said | None:
    """It is to save and cannot; by default it then refuses writes. That it does not save at all is no fault."""
    redis = _facts(facts)
    if redis is None or not redis.save_failing:
        return None
    return Said(
        _("Redis cannot write its save to disk."),
        _("By default Redis then refuses writes, and nothing new appears on open pages."),
        _("Look for a full disk or missing rights where Redis runs; or turn saving off, which we do not need."),
    )


@rule("redis_buffers", "warning")
def buffers(facts: Facts) -> Said | None:
    """A process reads what it is told more slowly than it is told."""
    redis = _facts(facts)
    if redis is None or redis.pubsub_buffer is None or redis.pubsub_buffer < BUFFER_BYTES:
        return None
    return Said(
        _("A process leaves %(size)d MiB unread in Redis.") % {"size": redis.pubsub_buffer // 1024**2},
        _("Entries come late on the pages of that process; Redis ends its connection soon, and it recovers."),
        _("Look for a process whose event loop is late, and drain it; start more processes if all are busy."),
    )
