"""A forgotten password, or a first one: Django's own views, with our pages and mails."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

from django.contrib.auth import forms, views
from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.password_validation import password_validators_help_texts
from django.utils import translation

from progress import preferences
from progress.models import User

_NONE_YET = f"{UNUSABLE_PASSWORD_PREFIX}none-yet-"


def no_password_yet() -> str:
    """What stands in the password column of somebody new: nobody can sign in with it, a reset may replace it.

    It differs from Django's own unusable password, with which an administrator says that an account shall have none.
    """
    return _NONE_YET + secrets.token_urlsafe(24)


class ResetForm(forms.PasswordResetForm):
    """Asks for an address. Whoever has no password yet gets a mail too; Django leaves those out."""

    def get_users(self, email: str) -> Iterator[User]:
        """Active people with this address who may have a password."""
        for person in User.objects.filter(email__iexact=email, is_active=True):
            # As Django does: the database may hold two addresses for equal that are two to a mail server.
            same = forms._unicode_ci_compare(email, person.email)  # type: ignore[attr-defined]
            if same and (person.has_usable_password() or person.password.startswith(_NONE_YET)):
                yield person

    def send_mail(
        self,
        subject_template_name: str,
        email_template_name: str,
        context: dict[str, Any],
        from_email: str | None,
        to_email: str,
        html_email_template_name: str | None = None,
    ) -> None:
        """Send the mail in the language of whoever gets it, not of whoever asked for it."""
        with translation.override(preferences.language_of(context["user"]) or translation.get_language()):
            super().send_mail(
                subject_template_name, email_template_name, context, from_email, to_email, html_email_template_name
            )


class ResetView(views.PasswordResetView):
    """The form, and the mail that it sends."""

    form_class = ResetForm
    email_template_name = "registration/password_reset_email.txt"
    html_email_template_name = "registration/password_reset_email.html"
    subject_template_name = "registration/password_reset_subject.txt"


class ConfirmView(views.PasswordResetConfirmView):
    """The link of the mail: choose a new password."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """What a password needs: the validators' words, without those that have nothing to say."""
        return super().get_context_data(**kwargs, rules=[text for text in password_validators_help_texts() if text])
