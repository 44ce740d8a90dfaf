"""Who may see the whole feed: a permission that belongs to no table."""

from django.db import models


class Feed(models.Model):
    """The feed as a thing one may be permitted to see. It has no rows: histories live in Redis, records in progress."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_all", "Can see the activity of every student")]
