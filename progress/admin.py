"""Django's admin site: the school is edited here, through progress.school; records are only read."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy as _

from progress import school
from progress.import_page import import_page
from progress.models import (
    Certification,
    Choice,
    Course,
    Enrollment,
    Exam,
    ExamAttempt,
    Lesson,
    LessonQuiz,
    Outbox,
    Question,
    QuizAttempt,
    User,
    UserProgress,
)

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyInline = admin.TabularInline[Any, Any]
    PeopleAdmin = UserAdmin[User]
else:  # at run time Django's classes take no type
    AnyAdmin = admin.ModelAdmin
    AnyInline = admin.TabularInline
    PeopleAdmin = UserAdmin


class ThroughTheSchool(AnyAdmin):
    """Saves and removes through functions of progress.school, so that what changes is told."""

    save_one: Callable[[Any], None]
    remove: Callable[[QuerySet[Any]], None]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Save one row."""
        type(self).save_one(obj)

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove one row."""
        self.delete_queryset(request, self.get_queryset(request).filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Remove several rows: the same way as one."""
        type(self).remove(queryset)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """What goes with the rows: records too, which nobody may delete by themselves."""
        listed, counts, _needed, protected = super().get_deleted_objects(objs, request)
        return listed, counts, set(), protected


@admin.register(User)
class PersonAdmin(ThroughTheSchool, PeopleAdmin):
    """People: who they are, what they may do."""

    save_one = staticmethod(school.save_person)
    remove = staticmethod(school.remove_people)
    fieldsets = (*(UserAdmin.fieldsets or ()), (_("Preferences"), {"fields": ("language", "time_zone", "theme")}))

    def get_urls(self) -> list[Any]:
        """Django's own, and the import of people."""
        page = self.admin_site.admin_view(import_page)
        return [path("import/", page, name="progress_user_import"), *super().get_urls()]

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save groups and permissions, which are rights."""
        super().save_related(request, form, formsets, change)
        school.tell_access_changed([form.instance.pk])


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """Groups of people with the same permissions: what changes here changes what their members may see."""

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save the permissions."""
        super().save_related(request, form, formsets, change)
        school.tell_access_changed(_members([form.instance]))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Delete one group."""
        self.delete_queryset(request, Group.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        """Delete groups, then tell those who were in them."""
        members = _members(list(queryset))
        super().delete_queryset(request, queryset)
        school.tell_access_changed(members)


def _members(groups: list[Group]) -> list[int]:
    return sorted(set(User.objects.filter(groups__in=groups).values_list("pk", flat=True)))


@admin.register(Course)
class CourseAdmin(ThroughTheSchool):
    """Courses and who teaches them."""

    save_one = staticmethod(school.save_course)
    remove = staticmethod(school.remove_courses)
    list_display = ("title", "slug")
    search_fields = ("title",)
    prepopulated_fields = {"slug": ("title",)}
    filter_horizontal = ("instructors",)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Save who teaches."""
        school.set_instructors(form.instance, form.cleaned_data["instructors"])


@admin.register(Lesson)
class LessonAdmin(ThroughTheSchool):
    """Lessons. A lesson stays in its course: what was watched of it counts there."""

    save_one = staticmethod(school.save_lesson)
    remove = staticmethod(school.remove_lessons)
    list_display = ("title", "course", "order", "duration", "completion_threshold")
    list_filter = ("course",)
    search_fields = ("title",)
    prepopulated_fields = {"slug": ("title",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Lesson | None = None) -> tuple[str, ...]:
        """The course, once it is chosen."""
        return ("course",) if obj else ()


@admin.register(Enrollment)
class EnrollmentAdmin(ThroughTheSchool):
    """Who studies what."""

    save_one = staticmethod(school.save_enrollment)
    remove = staticmethod(school.remove_enrollments)
    list_display = ("user", "course", "active", "enrolled_at")
    list_filter = ("active", "course")
    list_select_related = ("user", "course")
    autocomplete_fields = ("user", "course")

    def get_readonly_fields(self, request: HttpRequest, obj: Enrollment | None = None) -> tuple[str, ...]:
        """Person and course, once chosen: another pair is another enrolment."""
        return ("user", "course") if obj else ()


class ChoiceInline(AnyInline):
    """The choices of a question; one of them is right."""

    model = Choice
    extra = 0
    min_num = 2


@admin.register(Question)
class QuestionAdmin(AnyAdmin):
    """Questions of quizzes and exams."""

    inlines = (ChoiceInline,)
    list_display = ("text", "quiz", "exam", "order")
    list_select_related = ("quiz", "exam")


@admin.register(LessonQuiz, Exam)
class PaperAdmin(AnyAdmin):
    """Quizzes and exams: title, pass mark, and whether a quiz is required. What was passed stays passed."""

    list_display = ("title", "pass_mark")

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not by itself: attempts, which are records, would go with it. They go with their course or lesson."""
        return False


class ReadOnly(AnyAdmin):
    """Records: shown, never written by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False


@admin.register(UserProgress)
class ProgressAdmin(ReadOnly):
    """What was watched."""

    list_display = ("user", "lesson", "status", "video_watch_percentage", "last_accessed", "suspicious")
    list_filter = ("status", "course")
    list_select_related = ("user", "lesson")
    search_fields = ("user__search_text", "lesson__search_text")


@admin.register(QuizAttempt, ExamAttempt, Certification)
class RecordAdmin(ReadOnly):
    """Attempts and certificates."""


@admin.register(Outbox)
class OutboxAdmin(ReadOnly):
    """What waits to be told, and what was told within a day."""

    list_display = ("kind", "subject", "object_id", "user_id", "course_id", "at", "live_done_at")
    list_filter = ("kind",)
