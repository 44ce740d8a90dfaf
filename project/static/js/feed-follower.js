// Follows the feed of one viewer: from the page's position on, without a gap, over the socket or by asking. It knows no page.

import { merged } from "./feed-order.js";
import { systemClock } from "./socket.js";

const TRIES_BEFORE_ASKING = 3;
const ASK_EVERY = 30_000;
// Snapshots run the aggregated query: resets that come faster than this wait, each time longer.
const CALM = 5_000;
const FIRST_RETRY = 1_000;
const LONGEST_RETRY = 30_000;
const MOST_PER_REQUEST = 200;

/**
 * Keeps a list current.
 *
 * Page load and live entries are one design: the page carries entries and the position taken before them, we subscribe
 * from there, and no request is made in the normal case. Where the server cannot replay, a snapshot is taken, and the
 * subscription begins at its position.
 *
 * Events (CustomEvents, with `detail`):
 * - `entries`: `{entries}` · `withdrawn`: `{ids}` · `snapshot`: `{entries}`, which replace all.
 * - `presence`: the frame, as docs/protocol.md has it.
 * - `state`: `{state, code}`; state "connecting", "live", "catching-up", "offline", "polling" (asks every 30 s), or
 *   "refused" with the code.
 * - `attention`: the frame as it came; who needs somebody is to be loaded anew.
 */
export class FeedFollower extends EventTarget {
  #socket;
  #position;
  #filters;
  #presence;
  #snapshotUrl;
  #afterUrl;
  #token;
  #limit;
  #clock;
  #random;
  #fetch;
  #state = "";
  #subscribed = false;
  #round = 0; // rises with whatever makes answers that are on the way meaningless
  #failures = 0;
  #timer = null;
  #renewedAt = -Infinity;
  #asking = false;
  #canAsk = true;

  /**
   * @param {import("./socket.js").LiveSocket} socket Not yet opened.
   * @param {object} options
   * @param {?Object<string, string>} options.position
   * @param {object} options.filters As of the subscribe frame.
   * @param {boolean} [options.presence] Whether to be told who is watching, too.
   * @param {string} options.snapshotUrl
   * @param {string} options.afterUrl
   * @param {string} options.csrfToken
   * @param {() => number} options.limit How many rows the list has at the moment.
   * @param {{now(): number, setTimeout: Function, clearTimeout: Function}} [options.clock]
   * @param {() => number} [options.random]
   * @param {typeof fetch} [options.fetch]
   */
  constructor(socket, options) {
    super();
    this.#socket = socket;
    this.#position = options.position;
    this.#filters = options.filters;
    this.#presence = options.presence ?? false;
    this.#snapshotUrl = options.snapshotUrl;
    this.#afterUrl = options.afterUrl;
    this.#token = options.csrfToken;
    this.#limit = options.limit;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
    this.#fetch = options.fetch ?? ((...request) => globalThis.fetch(...request));
    socket.addEventListener("open", () => this.#subscribe());
    socket.addEventListener("frame", ({ detail }) => this.#heard(detail));
    socket.addEventListener("state", ({ detail }) => this.#socketChanged(detail));
  }

  /** Where we are: `{group: mark}`, null where that is not known. */
  get position() {
    return this.#position;
  }

  /** Follow from now on; also after `rest()`. */
  start() {
    this.#socket.resume();
  }

  /** Let everything go until `start()`: the position is kept, and what happens meanwhile is replayed then. */
  rest() {
    this.#abandon();
    this.#socket.close();
  }

  /**
   * The first `count` entries as they are now, newest first, with the position taken before them. Rejects with
   * AskFailed (`status` 0 where the network failed).
   * @param {number} count
   * @returns {Promise<{entries: object[], position: ?object, more: boolean}>}
   */
  async snapshot(count) {
    const entries = [];
    let position = null;
    let before = null;
    do {
      const address = new URL(this.#snapshotUrl, "http://own.invalid");
      address.searchParams.set("limit", Math.min(count - entries.length, MOST_PER_REQUEST));
      if (before) address.searchParams.set("before", before);
      const page = await this.#ask(address.pathname + address.search);
      if (!before) position = page.position;
      entries.push(...page.entries);
      before = page.next;
    } while (before && entries.length < count);
    return { entries, position, more: before !== null };
  }

  /**
   * The `count` entries that follow this one, or the first; `next` is null where there are no more. Rejects as above.
   * @param {?{id: string, timestamp: string}} last
   * @param {number} count
   * @returns {Promise<{entries: object[], next: ?string}>}
   */
  older(last, count) {
    const address = new URL(this.#snapshotUrl, "http://own.invalid");
    address.searchParams.set("limit", count);
    if (last) address.searchParams.set("before", `${last.timestamp} ${last.id}`);
    return this.#ask(address.pathname + address.search);
  }

  // --- over the socket

  #subscribe() {
    this.#abandon();
    this.#subscribed = false;
    this.#tell(this.#state === "" || this.#state === "connecting" ? "connecting" : "catching-up");
    this.#socket.send({ type: "subscribe", position: this.#position, filters: this.#filters, presence: this.#presence });
  }

  #heard(frame) {
    if (frame.type === "subscribed") this.#answered(frame);
    else if (!this.#subscribed) return; // of the subscription before
    else if (frame.type === "entries") {
      this.#position = merged(this.#position, frame.position);
      if (frame.entries.length) this.#emit("entries", { entries: frame.entries });
    } else if (frame.type === "withdrawn") {
      this.#position = merged(this.#position, frame.position);
      this.#emit("withdrawn", { ids: frame.ids });
    } else if (frame.type === "presence") {
      this.#emit("presence", frame);
    } else if (frame.type === "attention") {
      this.#emit("attention", frame);
    } else if (frame.type === "reset") {
      this.#subscribed = false;
      this.#renewSoon();
    }
  }

  #answered(frame) {
    this.#subscribed = frame.recovered;
    if (frame.recovered) this.#tell("live");
    else this.#renewSoon();
  }

  #renewSoon() {
    this.#tell("catching-up");
    if (this.#clock.now() - this.#renewedAt < CALM) {
      this.#later(() => this.#renew());
    } else {
      this.#failures = 0;
      this.#renew();
    }
  }

  // The server cannot continue from where we are: all anew, then from there on.
  async #renew() {
    this.#abandon();
    const round = this.#round;
    this.#renewedAt = this.#clock.now();
    const renewed = await this.#takeSnapshot(round);
    if (round !== this.#round) return;
    if (renewed && this.#position) this.#subscribe();
    else this.#later(() => this.#renew());
  }

  /** @returns {Promise<boolean>} Whether the list is new. */
  async #takeSnapshot(round) {
    try {
      const { entries, position } = await this.snapshot(this.#limit());
      if (round !== this.#round) return false;
      this.#position = position;
      this.#emit("snapshot", { entries });
      return true;
    } catch (failure) {
      if (round === this.#round) this.#refusedBy(failure.status);
      return false;
    }
  }

  // --- by asking

  #socketChanged({ state, code, missed }) {
    if (state === "live") return; // `open` follows
    this.#subscribed = false;
    if (state === "refused") {
      this.#abandon();
      this.#tell("refused", code);
    } else if (state === "connecting") {
      if (this.#state === "") this.#tell("connecting");
    } else if (state === "offline") {
      if (this.#asking) return;
      this.#abandon();
      if (missed >= TRIES_BEFORE_ASKING && this.#canAsk) this.#poll();
      else this.#tell("offline");
    }
  }

  async #poll() {
    this.#abandon();
    const round = this.#round;
    this.#asking = true;
    if (this.#state !== "polling") this.#tell("offline");
    const reached = this.#position ? await this.#askAfter(round) : await this.#takeSnapshot(round);
    if (round !== this.#round) return;
    this.#tell(reached ? "polling" : "offline");
    this.#asking = this.#canAsk;
    if (this.#asking) this.#timer = this.#clock.setTimeout(() => this.#poll(), ASK_EVERY);
  }

  async #askAfter(round) {
    const question = { position: this.#position, filters: this.#filters };
    try {
      const answer = await this.#ask(this.#afterUrl, {
        method: "POST",
        headers: { "Content-Type": "application/json", "X-CSRFToken": this.#token },
        body: JSON.stringify(question),
      });
      if (round !== this.#round) return false;
      if (answer.reset) return this.#takeSnapshot(round);
      this.#position = answer.position;
      if (answer.entries.length) this.#emit("entries", { entries: answer.entries });
      if (answer.withdrawn.length) this.#emit("withdrawn", { ids: answer.withdrawn });
      return true;
    } catch (failure) {
      if (failure.status === 404) this.#canAsk = false;
      else if (round === this.#round) this.#refusedBy(failure.status);
      return false;
    }
  }

  // --- both

  async #ask(address, request = {}) {
    let response;
    try {
      response = await this.#fetch(address, { credentials: "same-origin", ...request });
    } catch {
      throw new AskFailed(0);
    }
    if (!response.ok) throw new AskFailed(response.status);
    return response.json();
  }

  // HTTP says in its own words what the socket says by its close code.
  #refusedBy(status) {
    const code = { 401: 4401, 403: 4403 }[status];
    if (!code) return;
    this.#abandon();
    this.#socket.close();
    this.#tell("refused", code);
  }

  #later(act) {
    const delay = (0.5 + this.#random() / 2) * Math.min(LONGEST_RETRY, FIRST_RETRY * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = this.#clock.setTimeout(act, delay);
  }

  #abandon() {
    this.#round += 1;
    this.#asking = false;
    this.#clock.clearTimeout(this.#timer);
  }

  #tell(state, code = null) {
    if (this.#state === state) return;
    this.#state = state;
    this.#emit("state", { state, code });
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The server refused (HTTP status), or was not reached (0). */
class AskFailed extends Error {
  constructor(status) {
    super(`status ${status}`);
    this.status = status;
  }
}
