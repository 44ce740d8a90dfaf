"""A site behind nginx, configured as docs/operations.md says."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path
from typing import Self

from tests.bench import nginx
from tests.live import ROOT, Site, free_port


def documented(name: str) -> str:
    """A block of nginx's configuration as it stands in docs/operations.md, `upstream feed` or `location /`."""
    text = (ROOT / "docs" / "operations.md").read_text()
    found = re.search(rf"^    {re.escape(name)} \{{\n.*?^    \}}\n", text, re.MULTILINE | re.DOTALL)
    assert found, f"docs/operations.md has no {name}"
    return found[0]


class Behind(Site):
    """Two web processes and a worker, whose clients know nginx's address only."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.entrance = free_port()
        self._nginx: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        binary, _ = nginx.installed()
        (self.folder / "nginx.conf").write_text(self._configuration())
        arguments = [
            "-p",
            str(self.folder),
            "-c",
            str(self.folder / "nginx.conf"),
            "-e",
            str(self.folder / "nginx.log"),
        ]
        self._nginx = subprocess.Popen([binary, *arguments])
        try:
            return super().__enter__()
        except BaseException:
            self._end_nginx()
            raise

    def __exit__(self, *raised: object) -> None:
        try:
            super().__exit__(*raised)
        finally:
            self._end_nginx()

    def address(self, index: int = 0) -> str:
        """Where clients go, whichever process answers."""
        return f"127.0.0.1:{self.entrance}"

    def address_of(self, index: int) -> str:
        """Where web process `index` itself listens."""
        return super().address(index)

    def _end_nginx(self) -> None:
        if self._nginx is not None:
            self._nginx.terminate()
            self._nginx.wait(10)

    def _configuration(self) -> str:
        upstream = documented("upstream feed")
        for documented_port, port in zip(("8000", "8001"), self.ports, strict=True):
            assert f"127.0.0.1:{documented_port}" in upstream
            upstream = upstream.replace(f"127.0.0.1:{documented_port}", f"127.0.0.1:{port}")
        folders = "\n".join(
            f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        )
        return f"""
        daemon off;
        {"user root;" if os.geteuid() == 0 else ""}
        worker_processes 1;
        pid {self.folder}/nginx.pid;
        events {{ worker_connections 1024; }}
        http {{
            access_log off;
            {folders}
            map $http_upgrade $connection_upgrade {{ default upgrade; '' close; }}
            {upstream}
            server {{
                listen 127.0.0.1:{self.entrance};
                {documented("location /")}
            }}
        }}
        """
