// Answers that were chosen on a paper and are not known to be stored: in the browser's storage, so that they outlive the page.

const PREFIX = "answers:";

/** Milliseconds for which answers are kept that nobody came back to: 30 days. */
const KEPT_FOR = 30 * 24 * 60 * 60 * 1000;

/** @typedef {{[field: string]: string}} Answers The chosen value by the field's name. */

/** What one person has chosen, paper by paper. */
export class KeptAnswers {
  #storage;
  #person;
  #now;

  /**
   * @param {?Storage} storage Null where the browser has none to give.
   * @param {string} person
   * @param {() => number} [now] Milliseconds of the wall clock: what is kept outlives the page.
   */
  constructor(storage, person, now = Date.now) {
    this.#storage = storage;
    this.#person = person;
    this.#now = now;
  }

  /**
   * Keep what is chosen on a paper. False where this device cannot.
   * @param {string} paper
   * @param {string} submission By which the server knows answers that come again.
   * @param {Answers} answers
   */
  keep(paper, submission, answers) {
    try {
      this.#storage.setItem(this.#key(paper), JSON.stringify({ submission, answers, at: this.#now() }));
      return true;
    } catch {
      return false; // full or forbidden
    }
  }

  /**
   * What was chosen on a paper.
   * @param {string} paper
   * @returns {?{submission: string, answers: Answers}}
   */
  of(paper) {
    return this.#read(this.#key(paper));
  }

  /**
   * Forget the answers of a submission: the server has them.
   * @param {string} submission
   */
  stored(submission) {
    for (const key of this.#keys()) {
      if (key.startsWith(this.#key("")) && this.#read(key)?.submission === submission) this.#remove(key);
    }
  }

  /**
   * Forget what other people chose, and what was chosen on other papers, where it is old or cannot be read.
   * @param {string} [paper] The one that is open here.
   */
  prune(paper) {
    for (const key of this.#keys()) {
      const { at = 0 } = this.#read(key) ?? {};
      if (key !== this.#key(paper) && !(this.#now() - at < KEPT_FOR)) this.#remove(key);
    }
  }

  #keys() {
    try {
      const keys = Array.from({ length: this.#storage.length }, (_, index) => this.#storage.key(index));
      return keys.filter((key) => key?.startsWith(PREFIX));
    } catch {
      return [];
    }
  }

  #read(key) {
    try {
      const { submission, answers, at } = JSON.parse(this.#storage.getItem(key));
      return submission && answers ? { submission, answers, at } : null;
    } catch {
      return null;
    }
  }

  #remove(key) {
    try {
      this.#storage.removeItem(key);
    } catch {
      // Forbidden meanwhile: then it stays until somebody may remove it.
    }
  }

  #key(paper) {
    return `${PREFIX}${this.#person}:${paper}`;
  }
}
