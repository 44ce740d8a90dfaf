"""The operators' pages: /ops/, and for each action the page that says what it does and asks."""

from __future__ import annotations

from typing import Any, cast

from asgiref.sync import async_to_sync
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required, permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe
from redis.exceptions import RedisError

from consumers.models import OperatorAction
from consumers.ops import actions, permission
from consumers.ops.forms import FORMS, MEANS, ChoiceForm, GroupForm, ProcessForm
from consumers.ops.rules.processes import name
from consumers.ops.watch import watch
from progress.models import User

BLANK: dict[str, Any] = {"links": {}, "acts": True}
"""What live rows are cloned from."""


async def _look() -> dict[str, Any]:
    return (await watch().look()).values


@login_required
@permission_required(permission.VIEW, raise_exception=True)
@require_safe
def ops(request: HttpRequest) -> HttpResponse:
    """What is wrong and what there is, as of now; its scripts go on from here."""
    return render(
        request,
        "ops/ops.html",
        {
            "ops": async_to_sync(_look)(),
            "blank": BLANK,
            "operates": request.user.has_perm(permission.OPERATE),
            "kinds": OperatorAction.Kind,
        },
    )


@login_required
@permission_required((permission.VIEW, permission.OPERATE), raise_exception=True)
@require_http_methods(["GET", "HEAD", "POST"])
def action(request: HttpRequest, action: str) -> HttpResponse:
    """Say what the action does and ask; do it when that is sent."""
    if action not in OperatorAction.Kind.values:
        raise Http404
    kind = OperatorAction.Kind(action)
    form, away = _form(kind, request)
    if request.method == "POST" and form.is_valid():
        done = actions.perform(kind, cast(User, request.user), form.cleaned_data)
        messages.info(request, done.outcome)
        return redirect("ops")
    return render(
        request,
        "ops/action.html",
        {"kind": kind, "means": MEANS[kind], "form": form, "away": away},
        status=422 if form.is_bound else 200,
    )


def _form(kind: OperatorAction.Kind, request: HttpRequest) -> tuple[forms.Form, bool]:
    """The action's form, and whether Redis, which knows what one can choose, is away."""
    made, away = FORMS[kind], False
    given: dict[str, Any] = {"data": request.POST} if request.method == "POST" else {"initial": request.GET.dict()}
    if issubclass(made, ChoiceForm):
        try:
            given["choices"] = _choices(made)
        except (RedisError, OSError):
            given["choices"], away = [], True
    elif "initial" in given:
        given["initial"] = {key: value for key, value in given["initial"].items() if key == "minutes"} or None
    return made(**given), away


def _choices(made: type[forms.Form]) -> list[tuple[str, str]]:
    if issubclass(made, ProcessForm):
        return [(each.id, name(each)) for each in async_to_sync(actions.reporting_webs)()]
    if issubclass(made, GroupForm):
        return [(each, each) for each in async_to_sync(actions.open_groups)()]
    raise TypeError(f"{made} is no form of choices")
