"""Pages of other sites for tests: a small web server, and what such a page tries with a school's site."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from playwright.async_api import Page

SANDBOXED = "/sandboxed"


class _Page(BaseHTTPRequestHandler):
    """An empty page, at any address; at SANDBOXED one whose origin is `null`."""

    def do_GET(self) -> None:
        """Answer with the page."""
        body = b"<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>"
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        if self.path == SANDBOXED:
            self.send_header("Content-Security-Policy", "sandbox allow-scripts allow-forms allow-popups")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def film_handler(film: bytes) -> type[BaseHTTPRequestHandler]:
    """What serves one film at any address, as a host of videos does."""

    class Film(_Page):
        def do_GET(self) -> None:
            """Answer with the film."""
            self.send_response(200)
            self.send_header("Content-Type", "video/mp4")
            self.send_header("Content-Length", str(len(film)))
            self.end_headers()
            with contextlib.suppress(ConnectionError):  # the browser has seen enough
                self.wfile.write(film)

    return Film


@contextlib.contextmanager
def served(handler: type[BaseHTTPRequestHandler] = _Page) -> Iterator[int]:
    """Serve the page, or whatever the handler says, on this machine; the port."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_port
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


NOTHING_SHOWN = "chrome-error://chromewebdata/"
"""What a frame shows that the browser refused to fill."""

OPEN_SOCKET = """([url, frame]) => new Promise((resolve) => {
    const socket = new WebSocket(url);
    const heard = [];
    socket.onopen = () => socket.send(frame);
    socket.onmessage = ({ data }) => { heard.push(JSON.parse(data).type); socket.close(); };
    socket.onclose = ({ code }) => resolve({ heard, code });
})"""
POST_FORM = """([action, fields, enctype]) => {
    const form = document.createElement("form");
    Object.assign(form, { method: "post", action, enctype });
    for (const [name, value] of Object.entries(fields)) {
        const field = Object.assign(document.createElement("input"), { name, value });
        form.append(field);
    }
    document.body.append(form);
    form.submit();
}"""
FETCH = """async ([url, request]) => {
    try {
        const answer = await fetch(url, { credentials: "include", ...request });
        return [answer.type, answer.status, await answer.text()];
    } catch (error) {
        return [error.name];
    }
}"""
FRAME = """(src) => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    Object.assign(frame, { onload: resolve, src });
    document.body.replaceChildren(frame);
})"""
LOAD = """([tag, src]) => new Promise((resolve) => {
    const element = document.createElement(tag);
    const done = (what) => () => { element.remove(); resolve(what); };
    const loaded = tag === "video" ? "onloadedmetadata" : "onload";
    Object.assign(element, { [loaded]: done("loaded"), onerror: done("refused"), src });
    document.body.append(element);
})"""


async def open_socket(page: Page, url: str, frame: str) -> dict[str, Any]:
    """Open a socket, send it a frame, and close it with the first answer; what was heard, and the close code."""
    return dict(await page.evaluate(OPEN_SOCKET, [url, frame]))


async def post_form(page: Page, url: str, fields: dict[str, str], enctype: str) -> int:
    """Leave the page with a form's POST; the answer's status."""
    async with page.expect_navigation(url=url) as leaving:
        await page.evaluate(POST_FORM, [url, fields, enctype])
    return (await leaving.value).status


async def fetch(page: Page, url: str, **request: Any) -> list[Any]:
    """Fetch with credentials; the answer's type, status and text, or the error's name."""
    return list(await page.evaluate(FETCH, [url, request]))


async def load(page: Page, tag: str, url: str) -> str:
    """Load something into an element: `loaded` or `refused`."""
    return str(await page.evaluate(LOAD, [tag, url]))


async def framed(page: Page, src: str) -> str:
    """Put an address into a frame of the page, and return what the frame then shows."""
    await page.evaluate(FRAME, src)
    frame = await (await page.query_selector("iframe")).content_frame()
    return str(await frame.evaluate("location.href"))
