"""Who may see the machinery and act on it, and what was done: permissions that belong to no table, and the trail."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Machinery(models.Model):
    """Groups, sockets and processes as things one may be permitted to see. It has no rows."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [
            ("view_ops", "Can watch groups, sockets, Redis and the database"),
            ("operate", "Can close sockets, drain processes, republish and begin new epochs"),
        ]


class OperatorAction(models.Model):
    """An audit record: what an operator did, on what, and what came of it. Never changed but for its outcome.

    Of a person on whom something was done, it is the link that is kept and not the name, and it goes with the person.
    """

    class Kind(models.TextChoices):
        """What was done."""

        CLOSE_PERSON = "close-person", _("Close a person's sockets")
        CLOSE_PROCESS = "close-process", _("Close a process's sockets")
        DRAIN = "drain", _("Drain a process")
        REPUBLISH = "republish", _("Republish the outbox")
        NEW_EPOCH = "new-epoch", _("Begin a new epoch")

    kind = models.CharField(_("what"), max_length=16, choices=Kind.choices)
    at = models.DateTimeField(_("when"), auto_now_add=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="operator_actions"
    )
    by_name = models.CharField(_("by whom"), max_length=310)
    target = models.CharField(_("on what"), max_length=300, blank=True)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.SET_NULL,
        related_name="operator_actions_on_them",
        verbose_name=_("on whom"),
    )
    outcome = models.CharField(_("outcome"), max_length=300, blank=True)

    class Meta:
        ordering = ["-pk"]
        default_permissions = ("view",)
        verbose_name = _("operator's action")
        verbose_name_plural = _("operators' actions")

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.by_name}"
