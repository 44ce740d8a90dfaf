"""The players that a lesson's page may have: the browser's own `<video>`, and video.js in its place."""

from __future__ import annotations

from dataclasses import dataclass, replace

from playwright.async_api import BrowserContext, Route

from tests.live import ROOT

VIDEO_JS = ROOT / "node_modules/video.js/dist"

# As the page of a school would have it. The film's type must be said, since video.js guesses it from the address, and
# ours has no ending.
PAGE_SCRIPTS = """
<link rel="stylesheet" href="/static/video-js.min.css">
<script src="/static/video.min.js"></script>
<script>
    const make = () => {
        const tag = document.querySelector("video");
        tag.classList.add("video-js");
        videojs(tag, { sources: [{ src: tag.getAttribute("src"), type: "TYPE" }] });
    };
    WHEN;
</script>
<script type="module"
"""


@dataclass(frozen=True, slots=True)
class Player:
    """How a student works a player: expressions that the page evaluates."""

    name: str
    play: str
    pause: str
    seek: str
    """Takes the seconds to go to, and returns where it stood."""
    speed: str
    made: str = ""
    """When the page makes it; empty where the page is left as it is."""

    def __str__(self) -> str:
        return self.name

    async def enter(self, context: BrowserContext, *, path: str, type: str) -> None:
        """Put the player into the lesson's page at `path`, whose film is of this type."""
        if not self.made:
            return

        async def serve(route: Route) -> None:
            await route.fulfill(path=VIDEO_JS / route.request.url.rpartition("/")[2])

        async def rewrite(route: Route) -> None:
            answer = await route.fetch()
            scripts = PAGE_SCRIPTS.strip().replace("TYPE", type).replace("WHEN", self.made)
            await route.fulfill(
                response=answer, body=(await answer.text()).replace('<script type="module"', scripts, 1)
            )

        # A page that the test hands out comes from nowhere, and a Chromium asks whether it may speak to this machine.
        await context.grant_permissions(["local-network-access"])
        await context.route(f"**{path}", rewrite)
        await context.route("**/static/video*.min.*", serve)


PLAIN = Player(
    name="video",
    play="() => { const film = document.querySelector('video'); film.muted = true; film.play().catch(() => {}); }",
    pause="() => document.querySelector('video').pause()",
    seek="""(to) => {
        const film = document.querySelector('video');
        const from = film.currentTime;
        film.currentTime = to;
        return from;
    }""",
    speed="(rate) => { document.querySelector('video').playbackRate = rate; }",
)

VIDEOJS = Player(
    name="video.js",
    play="() => { const [film] = videojs.getAllPlayers(); film.muted(true); film.play()?.catch(() => {}); }",
    pause="() => videojs.getAllPlayers()[0].pause()",
    seek="""(to) => {
        const [film] = videojs.getAllPlayers();
        const from = document.querySelector('video').currentTime;
        film.currentTime(to);
        return from;
    }""",
    speed="(rate) => videojs.getAllPlayers()[0].playbackRate(rate)",
    made="make()",  # before the lesson's own script, a module, looks for the video
)

LATE_VIDEOJS = replace(VIDEOJS, name="video.js made late", made='addEventListener("load", make)')
"""Made when the lesson's script has begun, and the film stands where the student left it: it is loaded anew."""

PLAYERS = [PLAIN, VIDEOJS]
