import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# One index: spans are looked up by lesson, and removed by lesson and student. No primary key, for nothing refers to a
# span; no foreign keys, for each would be a look-up for each span of each tick (progress/spans.py).
TABLE = """
CREATE TABLE progress_watchedspan (
    user_id bigint NOT NULL,
    lesson_id bigint NOT NULL,
    from_second double precision NOT NULL,
    to_second double precision NOT NULL,
    rate double precision,
    at timestamptz NOT NULL
) PARTITION BY RANGE (at);
CREATE INDEX watchedspan_by_lesson ON progress_watchedspan (lesson_id, user_id);
CREATE TABLE progress_watchedspan_default PARTITION OF progress_watchedspan DEFAULT;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('progress', '0003_certificates_uploads_corrections'),
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(TABLE, "DROP TABLE progress_watchedspan")],
            state_operations=[
                migrations.CreateModel(
                    name='WatchedSpan',
                    fields=[
                        ('pk', models.CompositePrimaryKey('user', 'lesson', 'at', 'from_second', blank=True, editable=False, primary_key=True, serialize=False)),
                        ('from_second', models.FloatField()),
                        ('to_second', models.FloatField()),
                        ('rate', models.FloatField(null=True, verbose_name="the player's speed, where it was told")),
                        ('at', models.DateTimeField(verbose_name='when it was counted')),
                        ('lesson', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='progress.lesson')),
                        ('user', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL)),
                    ],
                ),
            ],
        ),
    ]
