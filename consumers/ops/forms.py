"""The forms of operators' actions: each is the page on which one confirms, with what it is to be done on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from consumers.models import OperatorAction

Kind = OperatorAction.Kind
Choices = Sequence[tuple[str, str]]

MOST_MINUTES = 1440
"""What was told is cleared after a day."""


class PersonForm(forms.Form):
    """Whose sockets."""

    username = forms.CharField(
        label=_("User name"),
        max_length=150,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
        help_text=_(
            "Type it as the person does to sign in. Nobody is listed here, and whether there is such a "
            "person is not told."
        ),
    )


class ChoiceForm(forms.Form):
    """One of those that there are now."""

    name: str
    label: Any

    def __init__(self, *args: object, choices: Choices, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        # What machines and groups are called is the same in every language.
        self.fields[self.name] = forms.ChoiceField(
            label=self.label, choices=choices, widget=forms.Select(attrs={"translate": "no"})
        )


class ProcessForm(ChoiceForm):
    """Which web process."""

    name = "process"
    label = _("Process")


class GroupForm(ChoiceForm):
    """Which group."""

    name = "group"
    label = _("Group")


class MinutesForm(forms.Form):
    """Since when."""

    minutes = forms.IntegerField(
        label=_("Minutes"),
        min_value=1,
        max_value=MOST_MINUTES,
        initial=10,
        help_text=_("What was told within so many minutes is told again."),
    )


FORMS: Mapping[Kind, type[forms.Form]] = {
    Kind.CLOSE_PERSON: PersonForm,
    Kind.CLOSE_PROCESS: ProcessForm,
    Kind.DRAIN: ProcessForm,
    Kind.REPUBLISH: MinutesForm,
    Kind.NEW_EPOCH: GroupForm,
}

MEANS: Mapping[Kind, object] = {
    Kind.CLOSE_PERSON: _(
        "Every page of this person's loses its connection at once, on all processes, and comes again within seconds "
        "if it may. Nothing that was watched is lost."
    ),
    Kind.CLOSE_PROCESS: _(
        "Every page on this process loses its connection, and comes again within seconds, to whichever process takes "
        "it. Nothing is lost."
    ),
    Kind.DRAIN: _(
        "The process takes nothing new, sends its pages elsewhere, finishes what is under way and ends, within 20 "
        "seconds. Whatever started it may start it again. If it is the only one, the site is away until then."
    ),
    Kind.REPUBLISH: _(
        "The worker tells these changes again. Pages that have them show nothing twice; pages that missed them show "
        "them now. Where somebody or something was renamed meanwhile, pages load anew."
    ),
    Kind.NEW_EPOCH: _(
        "Every page that shows this group loads its entries anew, all at once. Use it where pages show something else "
        "than a reload does."
    ),
}
