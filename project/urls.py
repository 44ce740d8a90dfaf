"""Every address of the site but the sockets, which stand in consumers/routing.py."""

from django.contrib import admin
from django.contrib.auth.views import LogoutView, PasswordResetCompleteView, PasswordResetDoneView
from django.urls import path, re_path

from consumers.ops import pages as ops_pages
from feed import dashboard, download
from feed import pages as feed_pages
from feed.attention import pages as attention_pages
from feed.drill_down import confirming, insight_page, student_page
from progress import certificate_pages, course_page, pages, paper_pages, password_reset, preferences_page, video
from progress.privacy import pages as privacy_pages
from project import errors, health, kept_mail, landing, metrics_page
from project.api import api

urlpatterns = [
    path("", pages.home, name="home"),
    path("courses/<slug:course>/", course_page.course, name="course"),
    path("courses/<slug:course>/exam/", paper_pages.exam, name="exam"),
    path("courses/<slug:course>/<slug:lesson>/", pages.lesson, name="lesson"),
    path("courses/<slug:course>/<slug:lesson>/video/", video.video, name="video"),
    path("courses/<slug:course>/<slug:lesson>/captions/", video.captions, name="captions"),
    path("courses/<slug:course>/<slug:lesson>/poster/", video.poster, name="poster"),
    path("courses/<slug:course>/<slug:lesson>/quiz/", paper_pages.quiz, name="quiz"),
    path("certificates/<uuid:certificate_id>/", certificate_pages.certificate, name="certificate"),
    path("me/activity/", feed_pages.activity, name="activity"),
    path("me/settings/", preferences_page.own_settings, name="own_settings"),
    path("me/data/", privacy_pages.own_data, name="own_data"),
    path("dashboard/", dashboard.dashboard, name="dashboard"),
    path("dashboard/students/", feed_pages.students, name="students"),
    path("dashboard/attention/", attention_pages.answer, name="attention"),
    path("dashboard/students/<int:student_id>/", student_page.student, name="student"),
    path(
        "dashboard/students/<int:student_id>/lessons/<int:lesson_id>/confirm/",
        confirming.confirm_lesson,
        name="confirm_lesson",
    ),
    path("dashboard/courses/<slug:course>/", insight_page.course_insight, name="course_insight"),
    path("dashboard/students/csv/", download.students_csv, name="students_csv"),
    path("ops/", ops_pages.ops, name="ops"),
    path("ops/<slug:action>/", ops_pages.action, name="ops_action"),
    path("accounts/login/", landing.SignInView.as_view(), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
    path("accounts/password_reset/", password_reset.ResetView.as_view(), name="password_reset"),
    path("accounts/password_reset/done/", PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "accounts/password_reset/<uidb64>/<token>/",
        password_reset.ConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("accounts/password_reset/complete/", PasswordResetCompleteView.as_view(), name="password_reset_complete"),
    path("accounts/outbox/", kept_mail.page, name="kept_mail"),
    path("api/", api.urls),
    re_path(r"^api/", errors.no_such_api),
    path("admin/", admin.site.urls),
    path("metrics", metrics_page.metrics, name="metrics"),
    path("healthz", health.alive, name="healthz"),
    path("readyz", health.ready, name="readyz"),
]
