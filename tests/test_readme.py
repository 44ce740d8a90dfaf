"""What the README prints works as printed."""

from __future__ import annotations

import json
import os
import re
import subprocess

from asgiref.sync import sync_to_async

from progress.models import User, UserProgress
from tests.cast import Cast
from tests.live import ROOT, Live


async def test_the_curl_lines_of_the_readme_work_as_printed_and_the_admin_sees_it(live: Live, cast: Cast) -> None:
    def demo_password() -> None:
        ada = User.objects.get(pk=cast.ada.pk)
        ada.set_password("demo")
        ada.save()

    await sync_to_async(demo_password)()
    [block] = re.findall(r"<!-- curl -->\n```bash\n(.*?)```", (ROOT / "README.md").read_text(), flags=re.S)
    async with live.feed(cast.admin, web=1) as admin:
        done = await sync_to_async(subprocess.run)(
            ["bash", "-euo", "pipefail", "-c", block],
            env={**os.environ, "BASE": f"http://{live.site.address(0)}"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        progress, complete, feed = (json.loads(line) for line in done.stdout.splitlines())
        assert progress == {"success": True, "watch_percentage": 55.5, "status": "in_progress", "completed": False}
        assert complete == {
            "success": True,
            "message": "Lesson marked as complete",
            "lesson_id": cast.bernoulli.pk,
        }
        assert [entry["type"] for entry in feed["entries"]] == ["progress_update", "lesson_completed"]
        await admin.until_shown("lesson_completed")
    assert (await UserProgress.objects.aget()).completed
