// A page with a feed: joins the list, what follows it, and the visitor's buttons.

import { Counted } from "./counts.js";
import { FeedFollower } from "./feed-follower.js";
import { FeedView } from "./feed-view.js";
import { OlderPages } from "./older-pages.js";
import { ShownSample } from "./shown-sample.js";
import { choose } from "./slots.js";
import { LiveSocket } from "./socket.js";
import { Times } from "./times.js";
import { unread } from "./unread.js";

const REST_AFTER = 60_000;

const times = new Times(document);
times.start();
for (const section of document.querySelectorAll("section[data-feed]")) followFeed(section);

function followFeed(section) {
  const { socket: path, position, filters, snapshot, after, limit, presence } = section.dataset;
  const view = new FeedView(section);
  view.addEventListener("shown", ({ detail }) => times.refresh(detail.rows));
  if (!path) return; // a page of the past

  const socket = new LiveSocket(path);
  const follower = new FeedFollower(socket, {
    position: JSON.parse(position),
    filters: JSON.parse(filters),
    presence: presence !== undefined,
    snapshotUrl: snapshot,
    afterUrl: after,
    csrfToken: document.querySelector('meta[name="csrf-token"]').content,
    limit: () => view.limit,
  });
  const gone = new Set(); // withdrawn since the page was loaded; no id is ever used again
  let snapshots = 0;
  let short = false; // rows are missing at the end, and could not be had

  const sample = new ShownSample((timestamp) => socket.send({ type: "shown", timestamp }));
  view.addEventListener("shown", ({ detail }) => sample.shown(detail.rows.map((row) => row.dataset.entryId)));
  follower.addEventListener("entries", ({ detail }) => {
    view.apply(detail.entries);
    if (!view.held) sample.came(detail.entries);
    tellPage("feed:entries", detail);
  });
  follower.addEventListener("snapshot", ({ detail }) => {
    snapshots += 1;
    short = false;
    view.replaceAll(detail.entries);
    tellPage("feed:snapshot", detail);
  });
  follower.addEventListener("withdrawn", ({ detail }) => {
    for (const id of detail.ids) gone.add(id);
    if (view.withdraw(detail.ids)) fillUp();
    tellPage("feed:withdrawn", detail);
  });
  follower.addEventListener("state", ({ detail }) => {
    if (short && detail.state === "live") fillUp();
  });

  // The next `count` rows below the last: live entries go on coming while we ask.
  async function extend(count, more) {
    const asked = snapshots;
    const { entries, next } = await follower.older(view.last, count);
    const standing = entries.filter((entry) => !gone.has(entry.id));
    // What was asked for before the page began anew may carry old names, or what may not be seen any more; what was
    // read before a withdrawal has too few rows without it.
    if (asked !== snapshots || (next && standing.length < entries.length)) return extend(count, more);
    view.extend(standing, more);
    return next !== null;
  }

  function fillUp() {
    short = false;
    extend(Number(limit), 0).catch(() => {
      short = true;
    });
  }

  tellDocument(follower);
  holdWhileRead(section, view);
  showState(section, follower);
  const end = section.querySelector("[data-end]");
  if (end) new OlderPages(end, view, () => extend(Number(limit), Number(limit)));
  restWhileHidden(follower);
  window.addEventListener("online", () => follower.start());
  follower.start();
}

// What else is on the page listens there: the roster, for one.
function tellDocument(follower) {
  for (const type of ["presence", "attention"]) {
    follower.addEventListener(type, ({ detail }) => document.dispatchEvent(new CustomEvent(`feed:${type}`, { detail })));
  }
}

function showState(section, follower) {
  const status = section.querySelector("[data-status]");
  const show = () => {
    const isPaused = status.dataset.status === "live" && "paused" in section.dataset;
    choose(status, isPaused ? "paused" : status.dataset.status);
  };
  follower.addEventListener("state", ({ detail }) => {
    status.dataset.status = detail.code ? `refused-${detail.code}` : detail.state;
    show();
    tellPage("feed:state", detail);
  });
  section.querySelector("[data-pause]").addEventListener("click", show); // it has been pressed by then
}

// What else is on the page hears of it here: `feed:entries` {entries}, `feed:snapshot` {entries} and `feed:withdrawn`
// {ids}, once they are applied, and `feed:state` {state, code}. A listener that fails is its own misfortune: dispatching
// throws nothing.
function tellPage(type, detail) {
  document.dispatchEvent(new CustomEvent(type, { detail }));
}

// Rows stand still while the visitor says so, reads further down, or is elsewhere.
function holdWhileRead(section, view) {
  const pause = section.querySelector("[data-pause]");
  const pill = section.querySelector("[data-waiting]");
  const whileScrolled = "holdScroll" in section.dataset;
  const list = section.querySelector("#activity-feed");
  const sentence = new Counted(section, "new-entries", document.documentElement.lang);
  const sayUnread = unread(section);
  let paused = false;

  const decide = () => {
    // Whoever has scrolled past the first row reads below it; what stands above the feed does not matter.
    const isRead = whileScrolled && list.getBoundingClientRect().top < 0;
    if (paused || isRead || document.visibilityState === "hidden") view.hold();
    else view.release();
  };
  view.addEventListener("waiting", () => {
    pill.hidden = view.waiting === 0;
    pill.querySelector("[data-text]").textContent = sentence.say(view.waiting);
    sayUnread(view.waiting);
  });
  pause.addEventListener("click", () => {
    paused = !paused;
    pause.setAttribute("aria-pressed", String(paused));
    section.toggleAttribute("data-paused", paused);
    choose(pause, paused ? "paused" : "running");
    decide();
  });
  pill.addEventListener("click", () => {
    view.release();
    decide(); // still paused: what comes from now on waits again
    section.scrollIntoView({ block: "start" });
    section.querySelector("h1, h2")?.focus({ preventScroll: true });
  });
  if (whileScrolled) window.addEventListener("scroll", decide, { passive: true });
  document.addEventListener("visibilitychange", decide);
  decide();
}

// A page that nobody sees costs the server a socket; it catches up when it is shown.
function restWhileHidden(follower) {
  let timer = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (document.visibilityState === "hidden") {
      timer = setTimeout(() => follower.rest(), REST_AFTER);
    } else {
      times.refresh();
      follower.start();
    }
  });
  window.addEventListener("pageshow", () => follower.start());
}
