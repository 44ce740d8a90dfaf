"""Who may see the machinery: a permission that belongs to no table."""

from django.db import models


class Machinery(models.Model):
    """Groups, sockets and processes as things one may be permitted to see. It has no rows."""

    class Meta:
        managed = False
        default_permissions = ()
        permissions = [("view_ops", "Can watch groups, sockets, Redis and the database")]
