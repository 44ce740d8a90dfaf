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

/** The times of a document, or of a part of it. */
export class Times {
  #root;
  #words;
  #exact;
  #timer = null;

  /** @param {Document|Element} root The page's `<html>` says the language, and the time zone in `data-time-zone`. */
  constructor(root) {
    const { lang, dataset } = (root.ownerDocument ?? root).documentElement;
    this.#root = root;
    this.#words = wordsOf(lang || undefined);
    this.#exact = exactly(lang || undefined, dataset.timeZone || undefined);
  }

  /** Show all now, and keep them current. */
  start() {
    this.refresh();
    this.#timer ??= setInterval(() => this.refresh(), REFRESH);
  }

  /**
   * Show those in `roots` again, else all: after rows came, or when a hidden page is shown.
   * @param {ParentNode[]} [roots]
   */
  refresh(roots = [this.#root]) {
    const now = Date.now();
    for (const root of roots) {
      for (const element of root.querySelectorAll("time[datetime]")) this.show(element, now);
    }
  }

  /** Show one, which has just been given its moment. */
  show(element, now = Date.now()) {
    const at = Date.parse(element.dateTime);
    if (Number.isNaN(at)) return;
    const text = ago(at, now, this.#words);
    if (element.textContent !== text) element.textContent = text;
    // The text of the moment is worked out once: it changes only with the moment.
    if (element.dataset.exact === element.dateTime) return;
    element.dataset.exact = element.dateTime;
    const exact = this.#exact.format(at);
    element.title = exact;
    // A title is for pointers; who listens hears the words, then the moment.
    element.setAttribute("aria-description", exact);
  }
}

/**
 * What `ago` says in a language.
 * @param {string} [language]
 */
export function wordsOf(language) {
  const relative = (numeric) => new Intl.RelativeTimeFormat(language, { numeric });
  return { now: relative("auto").format(0, "second"), past: relative("always") };
}

/**
 * A moment in full. A browser that does not know the time zone yet, as after it was renamed, takes the device's.
 * @param {string} [language]
 * @param {string} [timeZone]
 */
export function exactly(language, timeZone) {
  const long = { dateStyle: "full", timeStyle: "medium" };
  try {
    return new Intl.DateTimeFormat(language, { ...long, timeZone });
  } catch {
    return new Intl.DateTimeFormat(language, long);
  }
}

/**
 * How long ago, in words, as the server's filter `ago` says it (feed/relative_time.py). A clock that is a little behind the server's shows "now", not the future.
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
