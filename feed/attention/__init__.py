"""Who needs me now: what a student did, or ceased to do, that wants somebody's attention, each with its reason.

Rules are pure and stand over facts; facts are read along indexes, the most urgent first; what an instructor dismissed
(progress.attention) is left out for all instructors of the course.
"""

from feed.attention.listing import for_student, for_viewer

__all__ = ["for_student", "for_viewer"]
