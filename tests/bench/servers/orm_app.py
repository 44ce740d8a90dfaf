"""The same ticks saved as one would by the book: a Django view, and a stock Channels consumer, each through the ORM.

They keep the larger percentage and the position, nothing else: no coverage, no budget, no outbox, no ack that waits for
anything but its own save. Both know who asks by Django's own session, as ours does.
"""

import json
import os
from typing import Any

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "project.settings")

from channels.auth import AuthMiddlewareStack
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application

settings.ROOT_URLCONF = __name__
settings.MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
http = get_asgi_application()

from django.http import HttpRequest, JsonResponse  # noqa: E402 - once Django is set up
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

from progress.models import Lesson, User, UserProgress  # noqa: E402


def save(user: User, lesson_id: int, tick: dict[str, Any]) -> UserProgress:
    """Store one tick."""
    lesson = Lesson.objects.get(pk=lesson_id)
    row, _ = UserProgress.objects.get_or_create(
        user=user, lesson=lesson, defaults={"course_id": lesson.course_id, "budget_at": timezone.now()}
    )
    row.video_watch_percentage = max(row.video_watch_percentage, tick["watch_percentage"])
    row.last_watched_timestamp = tick["timestamp"]
    row.last_accessed = timezone.now()
    if row.video_watch_percentage >= lesson.completion_threshold and not row.completed:
        row.completed, row.status = True, UserProgress.Status.COMPLETED
        row.completed_at, row.completed_percentage = timezone.now(), row.video_watch_percentage
    row.save()
    return row


def view(request: HttpRequest, lesson_id: int) -> JsonResponse:
    """A tick over HTTP."""
    row = save(request.user, lesson_id, json.loads(request.body))  # type: ignore[arg-type]
    return JsonResponse({"success": True, "watch_percentage": row.video_watch_percentage})


class Progress(AsyncJsonWebsocketConsumer):
    """A tick over a socket."""

    async def connect(self) -> None:
        """Everybody who is signed in."""
        await self.accept()
        await self.send_json({"type": "welcome"})

    async def receive_json(self, content: dict[str, Any], **_: Any) -> None:
        """Save and answer."""
        lesson_id = self.scope["url_route"]["kwargs"]["lesson_id"]
        row = await database_sync_to_async(save)(self.scope["user"], lesson_id, content)  # type: ignore[arg-type]
        await self.send_json({"type": "ack", "id": content["id"], "watch_percentage": row.video_watch_percentage})


urlpatterns = [path("lessons/<int:lesson_id>/", view)]
application = ProtocolTypeRouter(
    {
        "http": http,
        "websocket": AuthMiddlewareStack(URLRouter([path("lessons/<int:lesson_id>/", Progress.as_asgi())])),  # type: ignore[arg-type, list-item]
    }
)
