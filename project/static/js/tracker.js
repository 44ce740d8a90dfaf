// Progress of one lesson: reports what a media element really played, until the server has acked it.

import { Backlog } from "./backlog.js";
import { browserStorage } from "./browser-storage.js";
import { percentage, union } from "./coverage.js";
import { PlayedSegments } from "./played.js";
import { systemClock } from "./socket.js";

const TICK_EVERY = 5_000;
const ACK_LIMIT = 10_000;
const RETRY_AFTER = 10_000;
const TRIES_BEFORE_HTTP = 3;
// Unacked frames on the way at a time. The server's limit per socket is a burst of 60.
const WINDOW = 20;
// A visitor who drags the slider makes dozens of seeks; one report tells where they landed.
const SETTLE = 1_000;
const MOST_SEGMENTS_AT_EXIT = 500;
const SAME_POSITION = 0.5;
// Refusals that speak of the visitor or of the moment, not of the tick: it is kept.
const NOT_THE_TICKS_FAULT = new Set([401, 403, 408, 425, 429]);
// Final for the socket, while HTTP may still work: bad protocol, too many sockets.
const HTTP_MAY_WORK = new Set([4000, 4409]);

/**
 * Tracks what is watched of one lesson.
 *
 *     const socket = new LiveSocket("/ws/lessons/7/progress/");
 *     const tracker = new ProgressTracker(document.querySelector("video"), {
 *       socket, url: "/api/lessons/7/progress/", csrfToken, owner: "17:7", duration: 61.5,
 *     });
 *     tracker.addEventListener("progress", ({ detail }) => show(detail.watch_percentage));
 *     tracker.start();
 *
 * It reports every 5 s while the media plays, and at pause, seek, end, when the page is hidden and when it is left. A
 * report (tick) is kept, also over page loads, until it is acked; sending it twice changes nothing on the server. What
 * was played since the last report is kept too, for a page that dies without a word.
 *
 * Events (CustomEvents, with `detail`):
 * - `progress`: `{watch_percentage, status, completed, threshold, segments}`, what the server has, and the union of
 *   all segments known here; keys that the server did not tell this time are undefined.
 * - `played`: `{segments}`, the union, while playing.
 * - `saved`: `{state, waiting}`; state "saved" (all is committed), "saving" or "offline" (kept on this device).
 * - `dropped`: `{id, code, detail}`, a tick that the server calls bad; it is not sent again.
 */
export class ProgressTracker extends EventTarget {
  #media;
  #socket;
  #url;
  #token;
  #duration;
  #page;
  #clock;
  #fetch;
  #locks;
  #player;
  #backlog;
  #played;
  #nextId = 1;
  #rate = 1; // at which what comes next is played
  #known = []; // union of segments: the welcome's, and all that was taken
  #reported = { position: 0, state: "paused" };
  #open = false;
  #failing = false; // the last HTTP try failed
  #unanswered = false; // the socket is open, and yet nothing is acked
  #posting = false;
  #heavy = null; // a tick too long for the socket
  #leftovers = 0;
  #timers = new Map();
  #told = "";
  #listeners = new AbortController();

  /**
   * @param {HTMLMediaElement} media
   * @param {object} options
   * @param {import("./socket.js").LiveSocket} options.socket Not yet opened.
   * @param {string} options.url The HTTP fallback.
   * @param {string} options.csrfToken
   * @param {string} options.owner Names student and lesson in this browser's storage.
   * @param {number} [options.duration] The lesson's, in seconds, for as long as the media has not told its own.
   * @param {number[][]} [options.segments] Watched before.
   * @param {?Storage} [options.storage]
   * @param {?LockManager} [options.locks]
   * @param {EventTarget & {visibilityState: string}} [options.document]
   * @param {EventTarget} [options.window]
   * @param {{now(): number, setTimeout: Function, clearTimeout: Function}} [options.clock]
   * @param {typeof fetch} [options.fetch]
   * @param {string} [options.player]
   */
  constructor(media, options) {
    super();
    this.#media = media;
    this.#socket = options.socket;
    this.#url = options.url;
    this.#token = options.csrfToken;
    this.#duration = options.duration ?? NaN;
    this.#rate = rateOf(media);
    this.#known = union(options.segments ?? []);
    this.#page = { document: options.document ?? globalThis.document, window: options.window ?? globalThis.window };
    this.#clock = options.clock ?? systemClock;
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    this.#locks = options.locks === undefined ? globalThis.navigator?.locks : options.locks;
    this.#player = options.player ?? randomName();
    this.#backlog = new Backlog(options.storage === undefined ? browserStorage() : options.storage, options.owner, this.#player);
    this.#played = new PlayedSegments(media, this.#clock);
  }

  /** How many ticks are not acked yet. */
  get waiting() {
    return this.#backlog.size + this.#leftovers;
  }

  /** The sorted, disjoint segments watched, in seconds, those of earlier visits included. */
  get segments() {
    return union([...this.#known, ...this.#played.segments]);
  }

  /** The share of the lesson that was played, 0 to 100. */
  get percentage() {
    return percentage(this.segments, this.#lasts());
  }

  /** Open the socket and report from now on. */
  start() {
    const signal = { signal: this.#listeners.signal };
    const on = (target, types, act) => types.forEach((type) => target.addEventListener(type, act, signal));
    on(this.#socket, ["open"], () => this.#reopened());
    on(this.#socket, ["frame"], (event) => this.#heard(event.detail));
    on(this.#socket, ["state"], () => this.#changed());
    on(this.#socket, ["toolong"], (event) => this.#tooLong(event.detail.frame));
    on(this.#media, ["playing"], () => this.#timer("tick", TICK_EVERY, () => this.#tickOn()));
    on(this.#media, ["pause"], () => this.#media.ended || this.#media.seeking || this.report());
    on(this.#media, ["ended"], () => this.report());
    // What was played so far was played at the speed before.
    on(this.#media, ["ratechange"], () => this.#changeRate());
    on(this.#media, ["seeking"], () => this.#played.segments.length && this.report());
    on(this.#media, ["seeked"], () => this.#timer("settle", SETTLE, () => this.report()));
    on(this.#played, ["played"], () => this.#grew());
    on(this.#page.document, ["visibilitychange"], () => this.#page.document.visibilityState === "hidden" && this.report());
    on(this.#page.window, ["pagehide"], () => this.#exit());
    on(this.#page.window, ["pageshow", "online"], () => this.#socket.resume());
    // Held as long as this page lives: its ticks are its own, and nobody else's leftovers.
    this.#locks?.request(lockName(this.#player), () => new Promise(() => {}));
    for (const player of this.#backlog.strangers()) this.#adopt(player);
    this.#socket.resume();
    this.#tellSaved();
  }

  /** Stop measuring and reporting; what waits stays in the browser's storage. */
  stop() {
    this.#listeners.abort();
    this.#played.destroy();
    this.#timers.forEach((timer) => this.#clock.clearTimeout(timer));
    this.#timers.clear();
    this.#socket.close();
  }

  /**
   * Move the media to where the student left it. That is no seek of theirs, and is not reported.
   * @param {number} position Seconds.
   */
  resumeAt(position) {
    this.#reported = { position, state: "paused" };
    this.#media.currentTime = position;
  }

  /** Report now, if there is anything new to say. */
  report() {
    const frame = this.#tick();
    if (!frame) return;
    this.#backlog.add(frame);
    this.#flush();
  }

  #tickOn() {
    if (this.#media.paused || this.#media.ended) return;
    this.report();
    this.#timer("tick", TICK_EVERY, () => this.#tickOn());
  }

  #changeRate() {
    if (this.#played.segments.length) this.report();
    this.#rate = rateOf(this.#media);
  }

  #tick() {
    const segments = this.#played.take();
    this.#known = union([...this.#known, ...segments]);
    const frame = this.#frame(segments);
    const moved = Math.abs(frame.timestamp - this.#reported.position) > SAME_POSITION;
    if (!segments.length && !moved && frame.state === this.#reported.state) return null;
    this.#reported = { position: frame.timestamp, state: frame.state };
    this.#nextId += 1;
    return frame;
  }

  #frame(segments) {
    const { currentTime, paused, ended } = this.#media;
    return {
      type: "progress",
      id: this.#nextId,
      player: this.#player,
      watch_percentage: this.percentage,
      timestamp: currentTime,
      segments,
      state: ended ? "ended" : paused ? "paused" : "playing",
      rate: this.#rate,
    };
  }

  #grew() {
    // A page that crashes reports nothing. Without locks, though, another tab would send this draft while we live, and
    // the tick of the same id, which says more, would look known to the server.
    if (this.#locks) this.#backlog.draft(this.#frame(this.#played.segments));
    this.#emit("played", { segments: this.segments });
  }

  #lasts() {
    return Number.isFinite(this.#media.duration) ? this.#media.duration : this.#duration;
  }

  // --- delivery

  get #overHttp() {
    if (this.#open) return this.#heavy !== null;
    return this.#socket.missed >= TRIES_BEFORE_HTTP || HTTP_MAY_WORK.has(this.#socket.code);
  }

  #reopened() {
    this.#open = true;
    this.#failing = this.#unanswered = false;
    this.#resend();
  }

  #changed() {
    this.#open = this.#socket.state === "live";
    if (!this.#open) this.#untimer("ack");
    if (this.#overHttp) this.#flush();
    this.#tellSaved();
  }

  #resend() {
    for (const tick of this.#backlog.ticks) tick.onTheWay = false;
    this.#flush();
  }

  #flush() {
    // One way at a time: a tick that overtook an earlier one would make it look known to the server.
    if (!this.#posting) {
      if (this.#overHttp) this.#post();
      else if (this.#open) this.#sendWindow();
    }
    this.#tellSaved();
  }

  #sendWindow() {
    for (const tick of this.#backlog.ticks.slice(0, WINDOW)) {
      if (tick.onTheWay) continue;
      if (!this.#socket.send(tick.frame)) {
        // Connected, and yet not taken: it is as long as one that was too long.
        if (this.#socket.state === "live") this.#tooLong(tick.frame);
        break;
      }
      tick.sent = tick.onTheWay = true;
    }
    if (this.#backlog.size && !this.#timers.has("ack")) this.#timer("ack", ACK_LIMIT, () => this.#sendAgain());
  }

  #sendAgain() {
    this.#unanswered = true;
    this.#resend();
  }

  #tooLong(frame) {
    if (frame.type !== "progress") return;
    this.#heavy = frame.id;
    this.#flush();
  }

  async #post() {
    const tick = this.#backlog.ticks[0];
    if (!tick) return;
    this.#posting = true;
    tick.sent = true;
    const { frame } = tick;
    const answer = await this.#deliver(frame);
    this.#posting = false;
    if (this.#listeners.signal.aborted) return;
    if (answer.ok) this.#acked(frame.id, answer.body);
    else if (answer.bad) this.#drop(frame.id, answer.body);
    this.#failing = !answer.ok && !answer.bad;
    if (!this.#failing) {
      this.#resend();
      return;
    }
    this.#timer("retry", RETRY_AFTER, () => this.#flush());
    this.#tellSaved();
    if (this.#open && !this.#overHttp) this.#resend();
  }

  /** @returns {Promise<{ok: boolean, bad: boolean, body: object}>} */
  async #deliver(frame, { keepalive = false } = {}) {
    const { type: _, ...fields } = frame;
    try {
      const response = await this.#fetch(this.#url, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.#token },
        body: JSON.stringify(fields),
        credentials: "same-origin",
        keepalive,
      });
      const body = await response.json().catch(() => ({}));
      const { ok, status } = response;
      return { ok, bad: status >= 400 && status < 500 && !NOT_THE_TICKS_FAULT.has(status), body };
    } catch {
      return { ok: false, bad: false, body: {} };
    }
  }

  #heard(frame) {
    if (frame.type === "welcome") {
      this.#known = union([...this.#known, ...(frame.segments ?? [])]);
      this.#tellProgress(frame);
    } else if (frame.type === "ack") {
      this.#acked(frame.id, frame);
      this.#flush();
    } else if (frame.type === "error") {
      this.#drop(frame.id, frame);
      this.#flush();
    }
  }

  #acked(id, told) {
    this.#backlog.ack(id);
    this.#unanswered = false;
    if (this.#heavy !== null && id >= this.#heavy) this.#heavy = null;
    this.#untimer("ack");
    this.#tellProgress(told);
  }

  #drop(id, told) {
    if (id === null || id === undefined || !this.#backlog.drop(id)) return;
    if (this.#heavy === id) this.#heavy = null;
    this.#emit("dropped", { id, code: told.code, detail: told.detail ?? told.error });
  }

  // Leaving: no socket is sure to deliver its last frame, a keepalive request is. All that waits goes in one tick, since
  // requests may overtake each other. It stays in the storage; the next visit asks again, which changes nothing.
  #exit() {
    this.report();
    const frames = this.#backlog.ticks.map((tick) => tick.frame);
    const segments = frames.flatMap((frame) => frame.segments);
    if (!frames.length || segments.length > MOST_SEGMENTS_AT_EXIT) return;
    const last = frames.at(-1);
    this.#deliver({ ...last, segments }, { keepalive: true }).then(({ ok, body }) => ok && this.#acked(last.id, body));
  }

  // Ticks of an earlier visit. Another tab may still live and send them itself, so its end is waited for.
  async #adopt(player) {
    const send = () => this.#sendLeft(player);
    await (this.#locks ? this.#locks.request(lockName(player), send) : send());
  }

  async #sendLeft(player) {
    let frames = this.#backlog.left(player);
    this.#leftovers += frames.length;
    this.#tellSaved();
    while (frames.length && !this.#listeners.signal.aborted) {
      const answer = await this.#deliver(frames[0]);
      if (!answer.ok && !answer.bad) {
        await new Promise((go) => this.#timer(`left ${player}`, RETRY_AFTER, go));
        continue;
      }
      if (answer.bad) this.#emit("dropped", { id: frames[0].id, code: answer.body.code, detail: answer.body.error });
      else this.#adoptAnswer(frames[0], answer.body);
      frames = frames.slice(1);
      this.#leftovers -= 1;
      this.#backlog.leave(player, frames);
      this.#tellSaved();
    }
    this.#backlog.leave(player, frames);
  }

  #adoptAnswer(frame, told) {
    this.#known = union([...this.#known, ...(frame.segments ?? [])]);
    this.#tellProgress(told);
  }

  // --- telling

  #tellProgress({ watch_percentage, status, completed, threshold }) {
    this.#emit("progress", { watch_percentage, status, completed, threshold, segments: this.segments });
  }

  #tellSaved() {
    const { waiting } = this;
    const first = this.#socket.state === "connecting" && this.#socket.missed === 0;
    const reachable = (this.#open && !this.#unanswered) || first || (this.#overHttp && !this.#failing);
    const state = waiting === 0 ? "saved" : reachable ? "saving" : "offline";
    const told = `${state} ${waiting}`;
    if (told === this.#told) return;
    this.#told = told;
    this.#emit("saved", { state, waiting });
  }

  #timer(name, delay, act) {
    this.#untimer(name);
    const run = () => {
      this.#timers.delete(name);
      act();
    };
    this.#timers.set(name, this.#clock.setTimeout(run, delay));
  }

  #untimer(name) {
    this.#clock.clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// Speeds that the server takes; some players know others.
function rateOf({ playbackRate }) {
  return playbackRate > 0 ? Math.min(16, Math.max(0.0625, playbackRate)) : 1;
}

function lockName(player) {
  return `player ${player}`;
}

// Not crypto.randomUUID: it is missing on pages that came over plain HTTP.
function randomName() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
