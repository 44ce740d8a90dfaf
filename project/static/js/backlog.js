// The ticks that the server has not acked yet: in memory, and in the browser's storage, so that they outlive the page.

/** Segments in one tick: far from the server's limit of a frame, also written out with all their digits. */
const MOST_SEGMENTS = 100;

/**
 * Waiting ticks of one player, oldest first; `sent` says whether a tick may have reached the server.
 *
 * What never left this page is kept as one tick that grows: a lesson watched offline comes back as a few frames, not
 * as hundreds against the server's limit.
 */
export class Backlog {
  #storage;
  #prefix;
  #player;
  #ticks = [];
  #draft = null;

  /**
   * @param {?Storage} storage Null where the browser has none to give.
   * @param {string} owner Names student and lesson.
   * @param {string} player
   */
  constructor(storage, owner, player) {
    this.#storage = storage;
    this.#prefix = `ticks:${owner}:`;
    this.#player = player;
  }

  /** How many ticks wait. */
  get size() {
    return this.#ticks.length;
  }

  /** The waiting ticks, oldest first, as `{frame, sent}`. */
  get ticks() {
    return this.#ticks;
  }

  /**
   * Keep a new tick.
   * @param {{id: number, segments: number[][]}} frame
   */
  add(frame) {
    this.#draft = null;
    const last = this.#ticks.at(-1);
    const segments = last && !last.sent ? joined(last.frame.segments, frame.segments) : null;
    if (segments && segments.length <= MOST_SEGMENTS) last.frame = { ...frame, segments };
    else this.#ticks.push({ frame, sent: false });
    this.#save();
  }

  /**
   * Keep what the next tick would say if it were made now, in the storage alone: should the page die before it is made,
   * the next visit sends this. The tick has the same id and takes its place.
   * @param {{id: number, segments: number[][]}} frame
   */
  draft(frame) {
    this.#draft = frame;
    this.#save();
  }

  /**
   * Forget every tick up to this id: it is committed.
   * @param {number} id
   */
  ack(id) {
    this.#ticks = this.#ticks.filter((tick) => tick.frame.id > id);
    this.#save();
  }

  /**
   * Forget one tick: it is bad, and would be refused for ever. False where there is none.
   * @param {number} id
   */
  drop(id) {
    const rest = this.#ticks.filter((tick) => tick.frame.id !== id);
    const dropped = rest.length < this.#ticks.length;
    this.#ticks = rest;
    this.#save();
    return dropped;
  }

  /** Players of earlier visits that left ticks behind. */
  strangers() {
    const names = [];
    for (let index = 0; index < (this.#storage?.length ?? 0); index += 1) {
      const key = this.#storage.key(index);
      if (key.startsWith(this.#prefix) && key !== this.#key(this.#player)) names.push(key.slice(this.#prefix.length));
    }
    return names;
  }

  /**
   * The frames that a player of an earlier visit left, oldest first.
   * @param {string} player
   */
  left(player) {
    try {
      const frames = JSON.parse(this.#storage.getItem(this.#key(player)));
      return Array.isArray(frames) ? frames : [];
    } catch {
      return [];
    }
  }

  /**
   * Keep what is still left of an earlier visit.
   * @param {string} player
   * @param {object[]} frames
   */
  leave(player, frames) {
    this.#write(player, frames);
  }

  #save() {
    const frames = this.#ticks.map((tick) => tick.frame);
    this.#write(this.#player, this.#draft ? [...frames, this.#draft] : frames);
  }

  #write(player, frames) {
    try {
      if (frames.length) this.#storage?.setItem(this.#key(player), JSON.stringify(frames));
      else this.#storage?.removeItem(this.#key(player));
    } catch {
      // Full or forbidden: then they live as long as the page does.
    }
  }

  #key(player) {
    return this.#prefix + player;
  }
}

// In order of playing, a segment that continues the one before joined to it.
function joined(before, after) {
  const last = before.at(-1);
  const first = after[0];
  if (!last || !first || last[1] !== first[0]) return [...before, ...after];
  return [...before.slice(0, -1), [last[0], first[1]], ...after.slice(1)];
}
