// Runs: neighbouring rows that say the same of several students, which one line can say. Pure functions, no page.

// Three rows are read as fast as a line about them.
const LEAST_STUDENTS = 4;
// A class does the same thing within minutes; after a longer pause it is another occasion, and wants to be seen.
const LONGEST_PAUSE = 10 * 60_000;

/**
 * Which rows make a run: at least four students, none twice in a row, who did the same with the same lesson or course,
 * each within ten minutes of the next. Whether two rows belong together is decided by these two alone: rows that come
 * above or below never take a run apart. Rows folded under their completion are not seen, and part nobody.
 * @param {import("./feed-order.js").Entry[]} list Newest first.
 * @param {Map<string, string>} folds As `folded` gives them.
 * @returns {{kind: string, students: number, entries: object[]}[]}
 */
export function runs(list, folds) {
  const chains = [];
  let last = null;
  for (const entry of list) {
    if (folds.get(entry.id) === "under") continue;
    if (last && together(last, entry)) chains.at(-1).push(entry);
    else chains.push([entry]);
    last = entry;
  }
  return chains
    .map((entries) => ({
      kind: kindOf(entries[0]), students: new Set(entries.map(({ user }) => String(user.id))).size, entries,
    }))
    .filter(({ students }) => students >= LEAST_STUDENTS);
}

function together(newer, older) {
  return (
    kindOf(newer) === kindOf(older) &&
    String(thing(newer)) === String(thing(older)) &&
    String(newer.user.id) !== String(older.user.id) &&
    Date.parse(newer.timestamp) - Date.parse(older.timestamp) <= LONGEST_PAUSE
  );
}

// Who failed must not be hidden among those who passed.
function kindOf({ type, data }) {
  return type === "exam_attempt" && data.passed ? "exam_passed" : type;
}

function thing({ lesson, course }) {
  return lesson ? lesson.id : course.id;
}
