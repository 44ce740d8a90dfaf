// Runs: what one line may say of several rows, and that it stays so while rows come.

import assert from "node:assert/strict";
import { test } from "node:test";

import { folded, newestFirst } from "../../project/static/js/feed-order.js";
import { runs } from "../../project/static/js/runs.js";
import { seeded } from "./fakes.js";

let made = 0;
const entry = (user, minute, more = {}) => ({
  id: `${more.type ?? "lesson_completed"}:${(made += 1)}`, type: "lesson_completed",
  timestamp: `2026-11-22T${String(16 + Math.floor(minute / 60)).padStart(2, "0")}:${String(minute % 60).padStart(2, "0")}:00.000000Z`,
  user: { id: user }, course: { id: 3 }, lesson: { id: 7 }, data: {}, ...more,
});
const found = (list) => runs(list, folded(list)).map(({ kind, students }) => [kind, students]);
const ids = (list) => runs(list, folded(list)).map(({ entries }) => entries.map(({ id }) => id));

test("four students who did the same within minutes are a run, three are not", () => {
  const list = [4, 3, 2, 1].map((minute) => entry(minute, minute));
  assert.deepEqual(found(list), [["lesson_completed", 4]]);
  assert.deepEqual(found(list.slice(1)), []);
});

test("another lesson, another course or another kind ends it", () => {
  for (const other of [{ lesson: { id: 8 } }, { type: "certification_issued", lesson: null }, { type: "progress_update" }]) {
    const list = [1, 2, 3, 4].map((user) => entry(user, 9 - user));
    list[1] = entry(2, 7, other);
    assert.deepEqual(found(list), []);
  }
  const exams = [1, 2, 3, 4].map((user) => entry(user, 9 - user, { type: "exam_attempt", lesson: null, data: { passed: true } }));
  assert.deepEqual(found(exams), [["exam_passed", 4]]);
  exams[2].course = { id: 4 };
  assert.deepEqual(found(exams), []);
});

test("who did not pass is not hidden among those who did", () => {
  const exam = (user, minute, passed) => entry(user, minute, { type: "exam_attempt", lesson: null, data: { passed } });
  const list = [1, 2, 3, 4, 5, 6, 7, 8].map((user) => exam(user, 20 - user, user < 5));
  assert.deepEqual(found(list), [["exam_passed", 4], ["exam_attempt", 4]]);
});

test("a pause of more than ten minutes ends it, however long it is as a whole", () => {
  const list = [1, 2, 3, 4, 5, 6, 7, 8].map((user) => entry(user, 90 - 10 * user));
  assert.deepEqual(found(list), [["lesson_completed", 8]]);
  list.splice(4, 1);
  assert.deepEqual(found(list), [["lesson_completed", 4]]);
});

test("one student who tries again and again is no class, and a class is counted by its students", () => {
  const again = [1, 2, 3, 4, 5].map((minute) => entry(9, 10 - minute, { type: "exam_attempt", lesson: null }));
  assert.deepEqual(found(again), []);
  const two = [1, 2, 1, 2, 1].map((user, place) => entry(user, 10 - place, { type: "exam_attempt", lesson: null }));
  assert.deepEqual(found(two), []);
});

test("rows folded under their completion part nobody", () => {
  const list = [1, 2, 3, 4].flatMap((user) => [
    entry(user, 20 - user), entry(user, 20 - user, { type: "progress_update", data: { status: "completed" } }),
  ]);
  assert.deepEqual(found(list), [["lesson_completed", 4]]);
});

test("ids of users are the same as texts of the page and as numbers of the wire", () => {
  const list = [entry("1", 5), entry(1, 4), entry("2", 3), entry(3, 2), entry(4, 1)];
  assert.deepEqual(found(list), [["lesson_completed", 4]]);
  assert.equal(ids(list)[0].length, 4, "the same student twice in a row");
});

test("rows that come above or below take no run apart", () => {
  const random = seeded(11);
  for (let round = 0; round < 200; round += 1) {
    const list = Array.from({ length: 60 }, () => entry(Math.floor(random() * 20), Math.floor(random() * 240), {
      type: ["lesson_completed", "certification_issued"][Math.floor(random() * 1.2)],
    })).sort(newestFirst);
    const [from, to] = [Math.floor(random() * 20), 40 + Math.floor(random() * 20)];
    const whole = ids(list).map((run) => new Set(run));
    for (const run of ids(list.slice(from, to))) {
      assert.ok(whole.some((larger) => run.every((id) => larger.has(id))), "a run of the part is within one of the whole");
    }
  }
});
