// The video page: joins the player, its tracker and what the page says about them.

import { Counted } from "./counts.js";
import { choose, fill } from "./slots.js";
import { LiveSocket } from "./socket.js";
import { ProgressTracker } from "./tracker.js";
import { WatchedStrip } from "./watched-strip.js";

const AT_THE_END = 1; // seconds: who left here has seen it, and begins anew

const page = document.querySelector("[data-lesson]");
const video = page.querySelector("video");
const facts = page.dataset;
if (facts.socket) follow();

function follow() {
  const socket = new LiveSocket(facts.socket);
  const tracker = video && new ProgressTracker(video, {
    socket,
    url: facts.progressUrl,
    csrfToken: csrfToken(),
    owner: `${facts.student}:${facts.lesson}`,
    duration: Number(facts.duration),
    segments: JSON.parse(facts.segments),
  });
  offerCompletion();
  if (!tracker) return;

  const strip = new WatchedStrip(page.querySelector("[data-strip]"), Number(facts.duration));
  strip.show(tracker.segments);
  tracker.addEventListener("played", ({ detail }) => strip.show(detail.segments));
  tracker.addEventListener("progress", ({ detail }) => {
    strip.show(detail.segments);
    showProgress(detail);
  });
  showSaved(tracker, socket);
  showFailure();
  keepPlace(tracker, strip);
  tracker.start();
}

// Begin where the student left, each time that the source is loaded: a player library that is made after us loads it anew.
function keepPlace(tracker, strip) {
  let place = Number(facts.position);
  const resume = () => {
    if (place <= 0 || place >= video.duration - AT_THE_END || video.currentTime > 0) return;
    tracker.resumeAt(place);
    strip.stand(place);
    tellResumed(place);
  };
  video.addEventListener("timeupdate", () => {
    if (!video.readyState) return; // between two sources its time is 0
    place = video.currentTime;
    strip.stand(place);
  });
  video.addEventListener("loadedmetadata", resume);
  if (video.readyState) resume();
}

// Until it plays on, the student may choose the beginning.
function tellResumed(place) {
  const resumed = page.querySelector("[data-resumed]");
  fill(resumed, { place: clock(place) });
  resumed.hidden = false;
  const done = () => {
    resumed.hidden = true;
  };
  resumed.querySelector("button").addEventListener("click", () => {
    video.currentTime = 0;
    video.focus();
    done();
  });
  video.addEventListener("ended", done);
}

// As players show it, and progress/templatetags/lesson_time.py.
function clock(seconds) {
  const whole = Math.trunc(seconds);
  const parts = [Math.trunc(whole / 3600), Math.trunc(whole / 60) % 60, whole % 60];
  if (parts[0] === 0) parts.shift();
  return parts.map((part, index) => String(part).padStart(index ? 2 : 1, "0")).join(":");
}

// A video that is missing or broken fires one event, maybe before this script ran; a player may still load another.
function showFailure() {
  const show = () => {
    page.querySelector("[data-failure]").hidden = !video.error;
  };
  for (const type of ["error", "emptied", "loadedmetadata"]) video.addEventListener(type, show);
  show();
}

// What the server has; keys that it did not tell stay as they are.
function showProgress({ watch_percentage, status, threshold }) {
  if (watch_percentage !== undefined) showPercentage(watch_percentage);
  if (threshold !== undefined) fill(page.querySelector("[data-needed]"), { threshold });
  if (status !== undefined) showStatus(status);
}

function showPercentage(watch_percentage) {
  fill(page.querySelector("[data-progress]"), { watch_percentage });
  const listed = ownLink()?.querySelector("[data-percentage]");
  if (!listed) return;
  fill(listed, { watch_percentage });
  listed.hidden = !watch_percentage;
}

function showStatus(status) {
  if (status === "completed" && page.dataset.status !== status) document.dispatchEvent(new CustomEvent("achievements:look"));
  page.dataset.status = status;
  choose(page.querySelector("[data-state]"), status);
  const own = ownLink();
  if (own) choose(own, status);
  for (const each of page.querySelectorAll("[data-complete], [data-wants]")) each.hidden = status === "completed";
}

// This lesson in the list of the course's.
function ownLink() {
  return document.querySelector(`[data-lesson-link="${facts.lesson}"]`);
}

// The socket may be refused for good, or what is watched may be waiting on this device: one place says which.
function showSaved(tracker, socket) {
  const place = page.querySelector("[data-saved]");
  const waiting = new Counted(page, "waiting-ticks", document.documentElement.lang);
  let saved = { state: "saved", waiting: 0 };
  let dropped = false;
  const show = () => {
    const refused = socket.state === "refused" && [4401, 4403].includes(socket.code);
    const name = refused ? `refused-${socket.code}` : dropped ? "dropped" : saved.state;
    place.dataset.saved = name;
    choose(place, name);
    if (name === "offline") place.querySelector("[data-waiting]").textContent = waiting.say(saved.waiting);
  };
  tracker.addEventListener("saved", ({ detail }) => {
    saved = detail;
    show();
  });
  tracker.addEventListener("dropped", () => {
    dropped = true;
    show();
  });
  socket.addEventListener("state", show);
}

function offerCompletion() {
  const button = page.querySelector("[data-complete]");
  const refusal = page.querySelector("[data-refusal]");
  button.addEventListener("click", async () => {
    button.disabled = true;
    refusal.hidden = true;
    const answer = await complete();
    button.disabled = false;
    if (answer.success) {
      showStatus("completed");
      return;
    }
    refusal.hidden = false;
    choose(refusal, answer.error ? "told" : "unreached");
    refusal.querySelector("[data-text]").textContent = answer.error ?? "";
    const quiz = refusal.querySelector("a");
    quiz.hidden = !answer.quiz_url;
    if (answer.quiz_url) quiz.href = answer.quiz_url;
  });
}

async function complete() {
  try {
    const response = await fetch(facts.completeUrl, { method: "POST", headers: { "X-CSRFToken": csrfToken() } });
    return await response.json();
  } catch {
    return { success: false };
  }
}

function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]').content;
}
