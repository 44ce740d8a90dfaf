// The order of the roster: who needs help, then who has stopped, then who plays, then who left. It knows no page.

const RANKS = { idle: 1, paused: 2, playing: 3, gone: 4 };
/** A card moves once its state has lasted so long: a pause of a second moves nothing. */
export const SETTLE = 4_000;

/**
 * Cards in their order. A card is an object with `name`, `user`, `lesson`, `state` and `need` (a sentence, or ""); it
 * keeps its place until it is settled.
 */
export class RosterOrder {
  #cards = [];
  #moving = new Map(); // card to when it may move
  #compare;

  /** @param {string} [language] Whose alphabet orders the names. */
  constructor(language) {
    const collator = new Intl.Collator(language || undefined, { numeric: true });
    this.#compare = (a, b) =>
      a.rank - b.rank || collator.compare(a.filed, b.filed) || a.user - b.user || a.lesson - b.lesson;
  }

  /** The cards, in order. */
  get cards() {
    return this.#cards;
  }

  /** When the next card may move; Infinity where none waits. */
  get next() {
    return Math.min(Infinity, ...this.#moving.values());
  }

  /** Take a new card in, at its place. */
  add(card) {
    [card.rank, card.filed] = [rank(card), card.name];
    this.#cards.splice(this.#placeOf(card), 0, card);
  }

  /** Let a card out. */
  remove(card) {
    this.#moving.delete(card);
    this.#cards.splice(this.#placeOf(card), 1);
  }

  /**
   * A card's state, need or name has changed: it will move, at once where help is needed, or not at all where it is back.
   * @param {object} card
   * @param {number} now
   */
  changed(card, now) {
    if (rank(card) === card.rank && card.name === card.filed) this.#moving.delete(card);
    else if (rank(card) === 0) this.#moving.set(card, now);
    else if (!this.#moving.has(card)) this.#moving.set(card, now + SETTLE);
  }

  /**
   * Move what is settled.
   * @param {number} now
   * @param {number} [most] How many at a time; the others are still due.
   * @returns {object[]} The cards that moved.
   */
  settle(now, most = Infinity) {
    const due = [...this.#moving].filter(([, at]) => at <= now).map(([card]) => card).slice(0, most);
    for (const card of due) {
      this.remove(card);
      this.add(card);
    }
    return due;
  }

  /** The card that stands after this one. */
  after(card) {
    return this.#cards[this.#placeOf(card) + 1];
  }

  #placeOf(card) {
    let [low, high] = [0, this.#cards.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#compare(this.#cards[middle], card) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function rank({ need, state }) {
  return need ? 0 : RANKS[state];
}

/**
 * The SVG path of a watched strip: a box for each run of watched cells.
 * @param {string} watched Hexadecimal digits, a bit for each cell, the first cell first.
 */
export function pathOf(watched) {
  const bits = [...watched].map((digit) => parseInt(digit, 16).toString(2).padStart(4, "0")).join("");
  return [...bits.matchAll(/1+/g)].map(({ 0: { length }, index }) => `M${index} 0h${length}v1h-${length}z`).join("");
}
