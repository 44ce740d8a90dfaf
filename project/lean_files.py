"""Lean files: our scripts and stylesheets as browsers get them, without the comments that are for their readers.

A finder of static files, so that development, tests and `collectstatic` all serve the same bytes. There is nothing to
run: a file is made lean when it is asked for and its source is newer. Nothing is renamed or put together; what a
browser shows of a module still reads like it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import rcssmin  # type: ignore[import-untyped]
import rjsmin  # type: ignore[import-untyped]
from django.apps import apps
from django.conf import settings
from django.contrib.staticfiles.finders import AppDirectoriesFinder, BaseFinder
from django.contrib.staticfiles.utils import get_files
from django.core.exceptions import SuspiciousFileOperation
from django.core.files.storage import FileSystemStorage
from django.utils._os import safe_join

SOURCE = settings.BASE_DIR / "project" / "static"
_OURS = f"{zlib.crc32(Path(__file__).read_bytes()):08x}"
LEAN = settings.LOCAL_DIR / f"static-{rjsmin.__version__}-{rcssmin.__version__}-{_OURS}"
"""Where the lean copies lie; another version of what makes them begins anew."""

# Within a block, as @layer is one, rcssmin takes ".a :is(b)" for a declaration and makes ".a:is(b)" of it, which is
# another element. ".a *:is(b)" means the same and stays.
_DESCENDANT = re.compile(r"(?<=[\w)\]*]) +(?=:[a-z])")

MAKERS = {".js": rjsmin.jsmin, ".css": rcssmin.cssmin}


class LeanFinder(BaseFinder):
    """Finds the project's own static files, as lean copies; other files as they are."""

    def __init__(self, *_: Any, **__: Any) -> None:
        LEAN.mkdir(parents=True, exist_ok=True)
        self._sources = FileSystemStorage(SOURCE)
        self.storages = {"project": FileSystemStorage(LEAN)}

    def check(self, **_: Any) -> list[Any]:
        """Nothing of it can be set wrong."""
        return []

    def find(self, path: str, find_all: bool = False, **_: Any) -> Any:
        """The file's lean copy, made now where it is not there or old."""
        try:
            source, copy = Path(safe_join(SOURCE, path)), Path(safe_join(LEAN, path))
        except SuspiciousFileOperation:
            return []
        if not source.is_file():
            return []
        _refresh(source, copy)
        return [str(copy)] if find_all else str(copy)

    def list(self, ignore_patterns: Iterable[str] | None) -> Iterator[Any]:
        """Every file, with the storage of the copies."""
        for path in get_files(self._sources, list(ignore_patterns or [])):
            _refresh(SOURCE / path, LEAN / path)
            yield path, self.storages["project"]


class OtherApps(AppDirectoriesFinder):
    """Finds the static files of apps that are not ours."""

    def __init__(self, *_: Any, **__: Any) -> None:
        super().__init__(app_names=[each.name for each in apps.get_app_configs() if each.name != "project"])


def lean(name: str, text: str) -> str:
    """The text of such a file without comments and needless blanks."""
    suffix = Path(name).suffix
    made: str = MAKERS[suffix](_DESCENDANT.sub(" *", text) if suffix == ".css" else text)
    return made


def _refresh(source: Path, copy: Path) -> None:
    changed = source.stat().st_mtime_ns
    if copy.is_file() and copy.stat().st_mtime_ns == changed:
        return
    copy.parent.mkdir(parents=True, exist_ok=True)
    # Made aside and moved there: several processes begin at once, and none may read half a file.
    number, name = tempfile.mkstemp(dir=copy.parent, prefix=".", suffix=source.suffix)
    with os.fdopen(number, "w", encoding="utf-8") as made:
        if source.suffix in MAKERS:
            made.write(lean(source.name, source.read_text(encoding="utf-8")))
    if source.suffix not in MAKERS:
        shutil.copyfile(source, name)
    Path(name).chmod(0o644)
    os.utime(name, ns=(changed, changed))
    Path(name).replace(copy)
