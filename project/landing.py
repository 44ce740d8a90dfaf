"""Where signing in leads: to one's courses, or, for an operator who has none, to the machinery."""

from __future__ import annotations

from typing import cast

from django.contrib.auth.views import LoginView
from django.urls import reverse

from consumers.ops.permission import VIEW
from progress.models import Course, User


class SignInView(LoginView):
    """Django's own, with a place for operators."""

    redirect_authenticated_user = True

    def get_default_redirect_url(self) -> str:
        """Where to go where the address does not say it."""
        person = cast(User, self.request.user)
        if person.is_authenticated and person.has_perm(VIEW) and not Course.objects.visible_to(person).exists():
            return reverse("ops")
        return super().get_default_redirect_url()
