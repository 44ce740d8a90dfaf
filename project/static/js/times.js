// Times: keeps every <time datetime> of the page saying how long ago it is, in the page's language, with one timer.

const REFRESH = 10_000;
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["week", 604_800],
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** The times of a document. */
export class Times {
  #root;
  #words;
  #exact;
  #timer = null;

  /**
   * @param {Document} root
   * @param {string} [language]
   */
  constructor(root, language = root.documentElement.lang || undefined) {
    this.#root = root;
    this.#words = { now: relative(language, "auto").format(0, "second"), past: relative(language, "always") };
    this.#exact = new Intl.DateTimeFormat(language, { dateStyle: "full", timeStyle: "medium" });
  }

  /** Show all now, and keep them current. */
  start() {
    this.refresh();
    this.#timer ??= setInterval(() => this.refresh(), REFRESH);
  }

  /** Show all again: after rows came, or when a hidden page is shown. */
  refresh() {
    const now = Date.now();
    for (const element of this.#root.querySelectorAll("time[datetime]")) this.#show(element, now);
  }

  #show(element, now) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) return;
    const text = ago(at, now, this.#words);
    if (element.textContent !== text) element.textContent = text;
    // The text of the moment is worked out once: it changes only with the moment.
    if (element.dataset.exact === element.dateTime) return;
    element.dataset.exact = element.dateTime;
    element.title = this.#exact.format(at);
  }
}

function relative(language, numeric) {
  return new Intl.RelativeTimeFormat(language, { numeric });
}

/**
 * How long ago, in words. A clock that is a little behind the server's shows "now", not the future.
 * @param {number} at Milliseconds.
 * @param {number} now Milliseconds.
 * @param {{now: string, past: Intl.RelativeTimeFormat}} words
 */
export function ago(at, now, words) {
  const passed = Math.max(0, (now - at) / 1000);
  const [unit, length] = UNITS.find(([, seconds]) => passed >= seconds) ?? UNITS.at(-1);
  // Seconds in tens, since that is how often we look.
  const count = unit === "second" ? Math.floor(passed / 10) * 10 : Math.floor(passed / length);
  return count === 0 ? words.now : words.past.format(-count, unit);
}
