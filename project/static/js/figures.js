// Figures: what happened today. They rise with live entries, each counted once. It knows no page.

const OF_TYPE = { lesson_completed: "completions", exam_attempt: "passes", certification_issued: "certificates" };

/**
 * The figures of a day, as `GET /api/figures/` gives them.
 *
 * An entry that comes live may be among those that were counted already: what is older than `settled` was, and of what
 * is newer that was `recent`.
 */
export class Figures {
  #told;
  #recent;
  #seen = new Map(); // id to entry: counted here, and perhaps newer than figures that are on their way

  /** @param {object} told */
  constructor(told) {
    this.load(told);
  }

  /**
   * Begin anew from these figures.
   * @param {object} told
   */
  load(told) {
    this.#told = structuredClone(told);
    this.#recent = new Set(told.recent);
    const seen = [...this.#seen.values()];
    this.#seen.clear();
    this.add(seen);
  }

  /** The counts by name, each `{today, week_ago}`. */
  get counts() {
    return this.#told.counts;
  }

  /** Lessons completed today, by course. */
  get courses() {
    return this.#told.courses;
  }

  /** The day that is counted, as a date. */
  get day() {
    return this.#told.day;
  }

  /** How many are active now. */
  get active() {
    return this.#told.active;
  }

  /** How many watch now, null where that is not known. */
  get watching() {
    return this.#told.watching;
  }

  /**
   * In how many milliseconds another day begins.
   * @param {number} now Milliseconds.
   */
  endsIn(now) {
    return Date.parse(this.#told.until) - now;
  }

  /**
   * Count what came.
   * @param {object[]} entries
   */
  add(entries) {
    const { since, until, settled, counts, courses } = this.#told;
    for (const entry of entries) {
      const name = OF_TYPE[entry.type];
      const at = entry.timestamp;
      if (!name || (name === "passes" && !entry.data.passed)) continue;
      if (at < settled || at < since || at >= until || this.#recent.has(entry.id) || this.#seen.has(entry.id)) continue;
      this.#seen.set(entry.id, entry);
      counts[name].today += 1;
      if (name === "completions") courses[entry.course.id] = (courses[entry.course.id] ?? 0) + 1;
    }
  }

  /**
   * Forget entries that were withdrawn; figures have to be loaded anew then.
   * @param {string[]} ids
   */
  withdraw(ids) {
    for (const id of ids) this.#seen.delete(id);
  }

  /**
   * Who is here at this moment. Those of whom only an entry came lately stay as they were.
   * @param {{watching: number, here: number}} counts
   */
  presence({ watching, here }) {
    const { active, here: before } = this.#told;
    this.#told.active = before === null ? Math.max(active, here) : active + here - before;
    this.#told.here = here;
    this.#told.watching = watching;
  }
}
