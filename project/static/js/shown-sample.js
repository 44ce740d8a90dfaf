// Tells now and then that a live entry is on the screen, so that operators see how long that takes. It knows no socket.

import { systemClock } from "./socket.js";

// At least, and up to three times that: the pages of a class must not all tell in the same instant.
const APART = 30_000;

/** Picks an entry each minute or so, and tells its timestamp once it has been painted. */
export class ShownSample {
  #tell;
  #clock;
  #random;
  #due;
  #picked = null;

  /**
   * @param {(timestamp: string) => void} tell
   * @param {{now(): number, setTimeout: Function}} [clock]
   * @param {() => number} [random]
   */
  constructor(tell, clock = systemClock, random = Math.random) {
    this.#tell = tell;
    this.#clock = clock;
    this.#random = random;
    this.#due = clock.now() + random() * APART;
  }

  /**
   * Entries came and are about to be drawn.
   * @param {{id: string, timestamp: string}[]} entries
   */
  came(entries) {
    if (this.#clock.now() >= this.#due) this.#picked = entries.at(-1);
  }

  /**
   * These entries are drawn, and are painted with this frame of the screen.
   * @param {string[]} ids
   */
  shown(ids) {
    const picked = this.#picked;
    if (!ids.includes(picked?.id)) return;
    this.#picked = null;
    this.#due = this.#clock.now() + APART * (1 + 2 * this.#random());
    this.#clock.setTimeout(() => this.#tell(picked.timestamp), 0);
  }
}
