"""Group names: every audience that an entry can be sent to, and the groups of a viewer."""

from progress.models import User
from progress.querysets import is_administrator

ALL = "feed.all"


def of_course(course_id: int) -> str:
    """The group of a course's instructors."""
    return f"feed.course.{course_id}"


def of_student(user_id: int) -> str:
    """The group of a student's own feed."""
    return f"feed.student.{user_id}"


def of_entry(*, user_id: int, course_id: int) -> list[str]:
    """The groups that an entry about this student in this course goes to."""
    return [ALL, of_course(course_id), of_student(user_id)]


def of_viewer(viewer: User) -> list[str]:
    """The groups of a viewer; none where there is nothing the viewer may see.

    An administrator has `feed.all` alone; anybody else a group for every course taught, and their own if they ever
    studied. It is the same permission as RecordQuerySet.visible_to, said in groups.
    """
    if not viewer.is_active:
        return []
    if is_administrator(viewer):
        return [ALL]
    taught = [of_course(pk) for pk in sorted(viewer.courses_taught.values_list("pk", flat=True))]
    return [*taught, of_student(viewer.pk)] if viewer.enrollments.exists() else taught
