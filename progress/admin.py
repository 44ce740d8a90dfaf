"""Django's admin site: the school is edited here, through progress.school. Records: progress.record_admin."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import path
from django.utils.translation import gettext_lazy as _

from progress import lesson_admin, record_admin, school  # noqa: F401 - the imports register lessons and records
from progress.correction_actions import Corrects, confirm_lesson
from progress.import_page import import_page
from progress.models import Choice, Course, Enrollment, Exam, LessonQuiz, Question, User
from progress.privacy.pages import exported
from progress.record_admin import OfOneStudent
from progress.through_the_school import ThroughTheSchool

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AnyInline = admin.TabularInline[Any, Any]
    PeopleAdmin = UserAdmin[User]
else:  # at run time Django's classes take no type
    AnyAdmin = admin.ModelAdmin
    AnyInline = admin.TabularInline
    PeopleAdmin = UserAdmin


@admin.register(User)
class PersonAdmin(OfOneStudent, ThroughTheSchool, PeopleAdmin):
    """People: who they are, what they may do."""

    save_one = staticmethod(school.save_person)
    remove = staticmethod(school.remove_people)
    fieldsets = (
        *(UserAdmin.fieldsets or ()),
        (_("Preferences"), {"fields": ("language", "time_zone", "theme", "name_hidden")}),
    )

    def get_urls(self) -> list[Any]:
        """Django's own, the import of people, and the export of one."""
        view = self.admin_site.admin_view
        return [
            path("import/", view(import_page), name="progress_user_import"),
            path("<int:pk>/export/", view(exported), name="progress_user_export"),
            *super().get_urls(),
        ]

    def student_of(self, row: User) -> int:
        """The person."""
        return row.pk

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


@admin.register(Enrollment)
class EnrollmentAdmin(ThroughTheSchool, Corrects):
    """Who studies what."""

    actions = (confirm_lesson,)

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


class PaperAdmin(AnyAdmin):
    """Quizzes and exams. What was passed stays passed, whatever the pass mark becomes."""

    list_display: tuple[str, ...] = ("title", "pass_mark")

    of: str
    """The field that says whose it is."""

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Not by itself: attempts, which are records, would go with it. They go with their course or lesson."""
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Whose it is, once that is chosen: what was passed was passed there."""
        return (self.of,) if obj else ()


@admin.register(Exam)
class ExamAdmin(PaperAdmin):
    """Exams: title and pass mark."""

    of = "course"


@admin.register(LessonQuiz)
class QuizAdmin(PaperAdmin):
    """Quizzes: title, pass mark, and whether it is required."""

    of = "lesson"
    list_display = ("title", "lesson", "required", "pass_mark")
    list_select_related = ("lesson",)

    def save_model(self, request: HttpRequest, obj: LessonQuiz, form: Any, change: bool) -> None:
        """Save one quiz."""
        school.save_quiz(obj)
