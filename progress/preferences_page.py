"""The page on which a person sets what is theirs to choose."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import get_language_info, gettext
from django.utils.translation import gettext_lazy as _

from progress import preferences
from progress.models import User
from progress.preferences import Preferences


def _languages() -> list[tuple[str, str]]:
    """The browser's, and each language by its own name, which is what somebody who reads no other looks for."""
    own = [(code, get_language_info(code)["name_local"]) for code, _name in settings.LANGUAGES]
    return [("", gettext("Like the browser")), *own]


class PreferencesForm(forms.Form):
    """Language, time zone, theme, and whether the name is hidden from a class."""

    language = forms.ChoiceField(label=_("Language"), choices=_languages, required=False)
    time_zone = forms.CharField(
        label=_("Time zone"), max_length=64, error_messages={"required": _("Choose a time zone.")}
    )
    theme = forms.ChoiceField(label=_("Theme"), choices=User.Theme.choices, widget=forms.RadioSelect)
    name_hidden = forms.BooleanField(label=_("Hide my name where a class can see it"), required=False)

    def clean_time_zone(self) -> str:
        """The time zone as this system spells it."""
        found = preferences.time_zone_named(self.cleaned_data["time_zone"])
        if found is None:
            raise forms.ValidationError(
                _("There is no time zone “%(name)s”. Choose one from the list, such as Europe/Berlin."),
                params={"name": self.cleaned_data["time_zone"]},
            )
        return found


@login_required
def own_settings(request: HttpRequest) -> HttpResponse:
    """`/me/settings/`: the form; what was typed stays where something is wrong with it."""
    person = cast(User, request.user)
    if request.method == "POST":
        form = PreferencesForm(request.POST)
        if form.is_valid():
            preferences.save(person, Preferences(**form.cleaned_data))
            # The notice is the next page's, in the language that was chosen.
            return redirect(f"{reverse('own_settings')}?saved=1")
    else:
        names = ("language", "time_zone", "theme", "name_hidden")
        form = PreferencesForm(initial={name: getattr(person, name) for name in names})
    context: dict[str, Any] = {
        "form": form,
        "saved": "saved" in request.GET and not form.is_bound,
        "time_zones": preferences.time_zones(),
    }
    return render(request, "progress/settings.html", context, status=422 if form.errors else 200)
