"""Coverage: which seconds of a lesson were really played, each counted once."""

from collections.abc import Iterable, Sequence

from progress.percent import cut

Segment = tuple[float, float]  # seconds into the lesson, from <= to


def clamp(segments: Iterable[Segment], *, duration: float) -> list[Segment]:
    """Return the segments cut to the lesson's own length, in the order given; what lies outside is left out."""
    inside = ((max(0.0, start), min(end, duration)) for start, end in segments)
    return [(start, end) for start, end in inside if end > start]


def union(segments: Iterable[Segment]) -> list[Segment]:
    """Return the sorted, disjoint segments that cover the same seconds.

    Touching segments merge: a player reports [0, 5] and [5, 10], and nobody watched a gap of zero.
    """
    merged: list[Segment] = []
    for start, end in sorted(segments):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged


def seconds(segments: Iterable[Segment]) -> float:
    """Return how many seconds disjoint segments hold."""
    return sum(end - start for start, end in segments)


def percentage(segments: Sequence[Segment], *, duration: float) -> float:
    """Return the share of the lesson that sorted, disjoint segments cover, 0 to 100, cut to two decimals."""
    if duration <= 0:
        return 0.0
    inside = segments if not segments or segments[-1][1] <= duration else clamp(segments, duration=duration)
    return cut(seconds(inside) / duration * 100)


def bounded(segments: list[Segment], *, most: int) -> list[Segment]:
    """Return at most `most` of these disjoint, sorted segments, the longest.

    A row must not grow without limit under a client that reports thousands of crumbs. Crumbs that fall out are
    seconds not counted, so coverage can only be understated by this, never overstated.
    """
    if len(segments) <= most:
        return segments
    longest = sorted(segments, key=lambda segment: segment[0] - segment[1])[:most]
    return sorted(longest)
