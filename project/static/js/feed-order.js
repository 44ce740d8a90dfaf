// The order of the feed: what the list holds after entries came or went. Pure functions, no page.

/**
 * An entry as on the wire; only these fields are looked at here.
 * @typedef {{id: string, type: string, timestamp: string, user: {id: *}, lesson: ?{id: *}, data: object}} Entry
 */

const COMPLETION = "lesson_completed";
const PROGRESS = "progress_update";

/**
 * Compare for sorting, newest first: timestamp, type as ASCII text, numeric id after the colon, all descending.
 * Timestamps all have the same form, so that texts sort as moments do.
 * @param {Entry} a
 * @param {Entry} b
 */
export function newestFirst(a, b) {
  return descending(a.timestamp, b.timestamp) || descending(a.type, b.type) || byNumber(a.id, b.id);
}

function descending(a, b) {
  return a === b ? 0 : a < b ? 1 : -1;
}

function byNumber(a, b) {
  const [left, right] = [a, b].map((id) => id.slice(id.indexOf(":") + 1));
  // Digits compare as numbers when the longer is the larger; a 64-bit key does not fit a JavaScript number.
  return right.length - left.length || descending(left, right);
}

/**
 * The list after these entries: an entry replaces the one with the same id only if its timestamp is not older, and
 * moves to its place; the list is the first `limit` rows.
 * @param {Entry[]} list
 * @param {Entry[]} entries
 * @param {number} limit
 * @returns {Entry[]}
 */
export function applied(list, entries, limit) {
  const byId = new Map(list.map((entry) => [entry.id, entry]));
  for (const entry of entries) {
    const known = byId.get(entry.id);
    if (!known || entry.timestamp >= known.timestamp) byId.set(entry.id, entry);
  }
  return [...byId.values()].sort(newestFirst).slice(0, limit);
}

/**
 * The list without these ids.
 * @param {Entry[]} list
 * @param {Iterable<string>} ids
 * @returns {Entry[]}
 */
export function withdrawn(list, ids) {
  const gone = new Set(ids);
  return list.filter((entry) => !gone.has(entry.id));
}

/**
 * Which progress rows a completion says better: id to "under" where the list has the completion itself, "alone" where
 * only the row says that the lesson is completed.
 * @param {Entry[]} list
 * @returns {Map<string, "under"|"alone">}
 */
export function folded(list) {
  const completions = new Set(list.filter((entry) => entry.type === COMPLETION).map(watched));
  const folds = new Map();
  for (const entry of list) {
    if (entry.type !== PROGRESS) continue;
    if (completions.has(watched(entry))) folds.set(entry.id, "under");
    else if (entry.data.status === "completed") folds.set(entry.id, "alone");
  }
  return folds;
}

function watched(entry) {
  return `${entry.user.id} ${entry.lesson?.id}`;
}

/**
 * The position after a frame, which carries the marks of its own group only.
 * @param {?Object<string, string>} position
 * @param {?Object<string, string>} marks
 * @returns {?Object<string, string>}
 */
export function merged(position, marks) {
  return position || marks ? { ...position, ...marks } : null;
}
