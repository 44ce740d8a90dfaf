// Fakes for the browser modules: a clock that only tests move, a WebSocket, a media element, a store, a server.

import { setMaxListeners } from "node:events";

// One signal ends all that a tracker listens to; Node warns of a leak at eleven.
setMaxListeners(20);

// Node 18, which Debian 12 has, knows no CustomEvent.
globalThis.CustomEvent ??= class CustomEvent extends Event {
  constructor(type, { detail = null, ...options } = {}) {
    super(type, options);
    this.detail = detail;
  }
};

/** A clock whose timers fire, in order, when it is moved. */
export class FakeClock {
  #now = 0;
  #timers = new Map();
  #next = 1;

  now = () => this.#now;
  setTimeout = (act, delay) => {
    this.#timers.set(this.#next, { act, at: this.#now + delay });
    return this.#next++;
  };
  clearTimeout = (timer) => void this.#timers.delete(timer);

  /** When the next timer fires, in milliseconds from now; Infinity where none waits. */
  get next() {
    return Math.min(Infinity, ...[...this.#timers.values()].map(({ at }) => at - this.#now));
  }

  /** Move on by so many milliseconds, letting promises settle after each timer. */
  async move(milliseconds) {
    const end = this.#now + milliseconds;
    await settle();
    for (;;) {
      const due = [...this.#timers].filter(([, { at }]) => at <= end).sort((a, b) => a[1].at - b[1].at || a[0] - b[0])[0];
      if (!due) break;
      this.#timers.delete(due[0]);
      this.#now = Math.max(this.#now, due[1].at);
      due[1].act();
      await settle();
    }
    this.#now = end;
    await settle();
  }
}

/** Let everything that is only waiting for promises run. */
export const settle = () => new Promise((done) => setImmediate(done));

/** A class of fake WebSockets; `made` lists them, the newest last. */
export function fakeWebSockets() {
  return class FakeWebSocket {
    static made = [];
    static get last() {
      return this.made.at(-1);
    }

    sent = [];
    closed = false;

    constructor(address) {
      this.address = address;
      this.constructor.made.push(this);
    }
    send(text) {
      this.sent.push(JSON.parse(text));
    }
    close() {
      this.closed = true;
    }

    opens() {
      this.onopen?.({});
    }
    tells(frame) {
      this.onmessage?.({ data: typeof frame === "string" ? frame : JSON.stringify(frame) });
    }
    falls(code = 1006) {
      this.onclose?.({ code });
    }
  };
}

/** A media element that plays as the clock moves: `play`, `seek`, `pause`, with the events a browser fires. */
export class FakeMedia extends EventTarget {
  paused = true;
  ended = false;
  seeking = false;
  error = null;
  readyState = 4;
  playbackRate = 1;
  #time = 0;

  constructor(clock, duration) {
    super();
    this.clock = clock;
    this.duration = duration;
  }
  get currentTime() {
    return this.#time;
  }
  /** As a visitor's seek: the element is seeking at once, the events follow. */
  set currentTime(time) {
    this.#time = time;
    this.ended = false;
    this.seeking = true;
    this.fire("seeking");
    this.seeking = false;
    this.fire("seeked");
  }
  fire(type) {
    this.dispatchEvent(new Event(type));
  }
  /** `late`: seconds that it ran before it said so. */
  play(late = 0) {
    this.paused = false;
    this.ended = false;
    this.fire("play");
    this.#time += late;
    this.fire("playing");
  }
  pause() {
    this.paused = true;
    this.fire("pause");
  }
  rate(rate) {
    this.playbackRate = rate;
    this.fire("ratechange");
  }
  /** Play on for so many seconds of the clock, or to the end. */
  async runs(seconds) {
    for (let left = seconds; left > 1e-9 && !this.paused; left -= 0.25) {
      const step = Math.min(left, 0.25);
      await this.clock.move(step * 1000);
      this.#time = Math.min(this.duration, this.#time + step * this.playbackRate);
      this.fire("timeupdate");
      if (this.#time >= this.duration) {
        this.paused = this.ended = true;
        this.fire("pause");
        this.fire("ended");
      }
    }
  }
  /** The time stands elsewhere, and no event said so. */
  jumps(time) {
    this.#time = time;
    this.fire("timeupdate");
  }
}

/** A Storage. */
export class FakeStorage {
  #items = new Map();
  get length() {
    return this.#items.size;
  }
  key(index) {
    return [...this.#items.keys()][index] ?? null;
  }
  getItem(key) {
    return this.#items.get(key) ?? null;
  }
  setItem(key, value) {
    this.#items.set(key, String(value));
  }
  removeItem(key) {
    this.#items.delete(key);
  }
}

/** A fetch that answers by `answer(address, request)`: `[status, body]`, or an Error. `asked` lists what was asked. */
export function fakeFetch(answer) {
  const fetch = async (address, request = {}) => {
    const body = request.body ? JSON.parse(request.body) : undefined;
    fetch.asked.push({ address, ...request, body });
    const answered = await answer(address, { ...request, body });
    if (answered instanceof Error) throw answered;
    const [status, json] = answered;
    return { ok: status < 400, status, json: async () => json };
  };
  fetch.asked = [];
  return fetch;
}

/** The `detail` of every event of this type, as they come. */
export function heard(target, type) {
  const details = [];
  target.addEventListener(type, ({ detail }) => details.push(detail));
  return details;
}

/** A random number generator from a seed: a failing run can be run again. */
export function seeded(seed) {
  let state = seed;
  return () => {
    state = (state * 1664525 + 1013904223) % 2 ** 32;
    return state / 2 ** 32;
  };
}
