// One live connection: JSON frames in and out, kept alive, opened again when it falls. It knows no page and no list.

/** Close codes after which trying again is pointless: bad protocol, not signed in, nothing to see, too many sockets. */
export const FINAL_CODES = Object.freeze([4000, 4401, 4403, 4409]);

/** The server closed because a frame was too long. */
export const FRAME_TOO_LONG = 1009;

const FIRST_DELAY = 500;
const LONGEST_DELAY = 30_000;
const CONNECT_LIMIT = 10_000;
const SILENCE_LIMIT = 60_000;
// A connection that fell sooner was no success: a server that accepts and closes at once must not be hammered.
const STABLE_AFTER = 5_000;

/**
 * A WebSocket that comes back by itself.
 *
 * Events (all CustomEvents, with `detail`):
 * - `open`: connected; nothing of an earlier connection is remembered by the server.
 * - `frame`: one parsed frame. Pings are answered here and not passed on.
 * - `state`: `{state, code, missed}`; `state` is "connecting", "live", "offline" (will try again), "refused" (final,
 *   with the close `code`) or "resting" (closed by us). `missed` counts tries in a row that never opened.
 * - `toolong`: `{frame}`, the frame for which the server closed with 1009. It, and any as long, is never sent again.
 */
export class LiveSocket extends EventTarget {
  #address;
  #make;
  #clock;
  #random;
  #socket = null;
  #state = "resting";
  #code = null;
  #missed = 0;
  #failures = 0;
  #openedAt = null;
  #retryTimer = null;
  #silenceTimer = null;
  #longest = null; // the longest frame sent on this connection
  #tooLong = Infinity; // frames of this many characters are not sent any more

  /**
   * @param {string} path Path on our own host, or a ws(s) address.
   * @param {object} [options] What tests replace.
   * @param {typeof WebSocket} [options.WebSocket]
   * @param {{protocol: string, host: string}} [options.location]
   * @param {{now(): number, setTimeout: Function, clearTimeout: Function}} [options.clock]
   * @param {() => number} [options.random]
   */
  constructor(path, options = {}) {
    super();
    const place = options.location ?? globalThis.location;
    this.#address = /^wss?:/.test(path) ? path : `${place.protocol === "https:" ? "wss" : "ws"}://${place.host}${path}`;
    this.#make = options.WebSocket ?? globalThis.WebSocket;
    this.#clock = options.clock ?? systemClock;
    this.#random = options.random ?? Math.random;
  }

  /** "connecting", "live", "offline", "refused" or "resting". */
  get state() {
    return this.#state;
  }

  /** The final close code, where the state is "refused". */
  get code() {
    return this.#code;
  }

  /** Tries in a row that never opened. */
  get missed() {
    return this.#missed;
  }

  /** Connect now, unless connected, connecting or refused for good. Call it first, after `close()`, and when the network is back. */
  resume() {
    if (this.#socket || this.#state === "refused") return;
    this.#connect();
  }

  /** Close, and stay closed until `resume()`. */
  close() {
    if (this.#state === "refused") return;
    this.#forget();
    this.#tell("resting");
  }

  /**
   * Send a frame; false where it could not be handed over: not connected, or as long as one that was refused as too long.
   * @param {object} frame
   * @returns {boolean}
   */
  send(frame) {
    if (this.#state !== "live") return false;
    const text = JSON.stringify(frame);
    if (text.length >= this.#tooLong) return false;
    if (!this.#longest || text.length > this.#longest.text.length) this.#longest = { text, frame };
    this.#socket.send(text);
    return true;
  }

  #connect() {
    this.#forget();
    this.#tell("connecting");
    const socket = new this.#make(this.#address);
    this.#socket = socket;
    // A network that swallows the handshake never says so.
    this.#silenceTimer = this.#clock.setTimeout(() => this.#lost(), CONNECT_LIMIT);
    socket.onopen = () => {
      this.#missed = 0;
      this.#openedAt = this.#clock.now();
      this.#heard();
      this.#tell("live");
      this.#emit("open");
    };
    socket.onmessage = (event) => {
      this.#heard();
      this.#read(event.data);
    };
    socket.onclose = (event) => this.#lost(event.code);
    socket.onerror = () => {}; // a close follows
  }

  #read(text) {
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return; // not of our protocol
    }
    if (frame?.type === "ping") this.#socket.send('{"type":"pong"}');
    else if (frame) this.#emit("frame", frame);
  }

  #heard() {
    this.#clock.clearTimeout(this.#silenceTimer);
    this.#silenceTimer = this.#clock.setTimeout(() => this.#lost(), SILENCE_LIMIT);
  }

  #lost(code = 1006) {
    const longest = this.#longest;
    const stable = this.#openedAt !== null && this.#clock.now() - this.#openedAt >= STABLE_AFTER;
    if (this.#openedAt === null) this.#missed += 1;
    this.#forget();
    if (code === FRAME_TOO_LONG && longest) {
      this.#tooLong = Math.min(this.#tooLong, longest.text.length);
      this.#emit("toolong", { frame: longest.frame });
    }
    if (FINAL_CODES.includes(code)) {
      this.#code = code;
      this.#tell("refused");
      return;
    }
    if (stable) this.#failures = 0;
    // Full jitter: when a server restarts, its thousand pages must not all come back in the same instant.
    const delay = this.#random() * Math.min(LONGEST_DELAY, FIRST_DELAY * 2 ** this.#failures);
    this.#failures += 1;
    this.#retryTimer = this.#clock.setTimeout(() => this.#connect(), delay);
    this.#tell("offline");
  }

  // Let go of the present connection without waiting for its close: on a dead network that takes minutes.
  #forget() {
    this.#clock.clearTimeout(this.#retryTimer);
    this.#clock.clearTimeout(this.#silenceTimer);
    const socket = this.#socket;
    this.#socket = null;
    this.#openedAt = null;
    this.#longest = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }

  #tell(state) {
    this.#state = state;
    this.#emit("state", { state, code: this.#code, missed: this.#missed });
  }

  #emit(type, detail = null) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

/** The browser's own clock and timers. */
export const systemClock = Object.freeze({
  now: () => performance.now(),
  setTimeout: (act, delay) => setTimeout(act, delay),
  clearTimeout: (timer) => clearTimeout(timer),
});
