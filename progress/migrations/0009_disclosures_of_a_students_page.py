from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('progress', '0008_attention'),
    ]

    operations = [
        migrations.AlterField(
            model_name='disclosure',
            name='where',
            field=models.CharField(choices=[('feed', 'In the feed, for this student'), ('student', "On the student's page"), ('admin', 'In the admin site'), ('export', 'As an export of everything')], max_length=8, verbose_name='where'),
        ),
    ]
