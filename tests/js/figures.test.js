import assert from "node:assert/strict";
import { test } from "node:test";

import { Figures } from "../../project/static/js/figures.js";

const told = (changes = {}) => ({
  day: "2026-11-25",
  since: "2026-11-24T23:00:00.000000Z",
  until: "2026-11-25T23:00:00.000000Z",
  settled: "2026-11-25T09:59:50.000000Z",
  recent: ["lesson_completed:4"],
  counts: {
    completions: { today: 4, week_ago: 6 },
    passes: { today: 1, week_ago: 0 },
    certificates: { today: 0, week_ago: 0 },
  },
  courses: { 3: 4 },
  active: 5,
  here: 3,
  watching: 2,
  ...changes,
});

const completed = (number, at = "2026-11-25T10:00:00.000000Z", course = 3) => ({
  id: `lesson_completed:${number}`,
  type: "lesson_completed",
  timestamp: at,
  course: { id: course },
  data: {},
});

test("each entry of the day counts once, also where it comes again", () => {
  const figures = new Figures(told());
  figures.add([completed(5), completed(5)]);
  figures.add([completed(5), completed(6, undefined, 8)]);
  assert.equal(figures.counts.completions.today, 6);
  assert.deepEqual({ ...figures.courses }, { 3: 5, 8: 1 });
});

test("what was counted already does not count again: the recent by id, the older by time", () => {
  const figures = new Figures(told());
  figures.add([completed(4, "2026-11-25T09:59:55.000000Z"), completed(3, "2026-11-25T09:59:49.999999Z")]);
  assert.equal(figures.counts.completions.today, 4);
});

test("nothing of another day counts", () => {
  const figures = new Figures(told({ settled: "2026-11-24T22:59:00.000000Z" }));
  figures.add([completed(7, "2026-11-24T22:59:59.999999Z"), completed(8, "2026-11-25T23:00:00.000000Z")]);
  assert.equal(figures.counts.completions.today, 4);
  assert.equal(figures.endsIn(Date.parse("2026-11-25T22:59:59Z")), 1000);
});

test("exams count where they are passed, certificates always, progress never", () => {
  const figures = new Figures(told());
  const common = { timestamp: "2026-11-25T10:00:00.000000Z", course: { id: 3 } };
  figures.add([
    { ...common, id: "exam_attempt:1", type: "exam_attempt", data: { passed: true } },
    { ...common, id: "exam_attempt:2", type: "exam_attempt", data: { passed: false } },
    { ...common, id: "certification_issued:1", type: "certification_issued", data: {} },
    { ...common, id: "progress_update:1", type: "progress_update", data: {} },
  ]);
  assert.equal(figures.counts.passes.today, 2);
  assert.equal(figures.counts.certificates.today, 1);
  assert.equal(figures.counts.completions.today, 4);
});

test("what came while new figures were on their way is in them, or counted on top, and never both", () => {
  const figures = new Figures(told());
  figures.add([completed(5), completed(6)]);
  figures.load(told({ recent: ["lesson_completed:5"], counts: { ...told().counts, completions: { today: 5, week_ago: 6 } } }));
  assert.equal(figures.counts.completions.today, 6);
  figures.load(told({ settled: "2026-11-25T10:05:00.000000Z", recent: [] }));
  assert.equal(figures.counts.completions.today, 4);
});

test("what was withdrawn does not come back with new figures", () => {
  const figures = new Figures(told());
  figures.add([completed(5)]);
  figures.withdraw(["lesson_completed:5"]);
  figures.load(told());
  assert.equal(figures.counts.completions.today, 4);
});

test("who comes and goes is active, beside those of whom only an entry came", () => {
  const figures = new Figures(told());
  figures.presence({ watching: 4, here: 6 });
  assert.deepEqual([figures.watching, figures.active], [4, 8]);
  figures.presence({ watching: 0, here: 0 });
  assert.deepEqual([figures.watching, figures.active], [0, 2]);
});

test("where nobody could say who is here, those who are seen now are active at least", () => {
  const figures = new Figures(told({ here: null, watching: null }));
  assert.equal(figures.watching, null);
  figures.presence({ watching: 1, here: 3 });
  assert.deepEqual([figures.watching, figures.active], [1, 5]);
});
