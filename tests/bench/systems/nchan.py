"""nginx with nchan, one worker, messages in its own memory."""

from __future__ import annotations

import contextlib

from tests.bench import nginx
from tests.bench.systems.system import Surroundings, System
from tests.bench.target import Target

# The buffer holds a burst whole: with the default of ten messages a subscriber that is behind would miss some.
CONFIG = """
load_module {module};
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log warn;
events {{ worker_connections 16384; }}
http {{
  access_log off;
  client_body_temp_path {folder}/nginx-body;
  proxy_temp_path {folder}/nginx-proxy;
  fastcgi_temp_path {folder}/nginx-fastcgi;
  uwsgi_temp_path {folder}/nginx-uwsgi;
  scgi_temp_path {folder}/nginx-scgi;
  nchan_shared_memory_size 256M;
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    nchan_channel_id feed;
    nchan_message_buffer_length 5000;
    nchan_message_timeout 1m;
    location = /sub {{
      nchan_subscriber websocket;
      nchan_subscriber_first_message newest;
    }}
    location = /pub {{
      nchan_publisher websocket;
    }}
  }}
}}
"""


class Nchan(System):
    """A channel. Its store is nginx's own memory: nothing goes through Redis, nothing outlives it."""

    name = "nchan"
    title = "nginx, nchan (memory store)"
    publisher = "nchan"

    def missing(self) -> str:
        """Whether nginx and the module are here, or can be had."""
        return "" if nginx.found() else "not installed"

    def lent(self) -> contextlib.AbstractContextManager[None]:
        """A folder that Debian's build wants."""
        return nginx.own_folder()

    def command(self, around: Surroundings, port: int) -> list[str]:
        """Nginx in the foreground, on a configuration of its own."""
        binary, module = nginx.installed()
        config = around.folder / "nginx.conf"
        config.write_text(CONFIG.format(module=module, folder=around.folder, port=port))
        return [str(binary), "-p", str(around.folder), "-c", str(config), "-e", str(around.folder / "nginx-error.log")]

    def publishes_to(self, around: Surroundings, port: int) -> str:
        """The port: it is published to over a socket."""
        return str(port)

    def target(self, around: Surroundings, port: int) -> Target:
        """It is joined when it is open."""
        return Target(port=port, path="/sub")
