// The order of the feed: live must equal reload.

import assert from "node:assert/strict";
import { test } from "node:test";

import { applied, folded, merged, newestFirst, withdrawn } from "../../project/static/js/feed-order.js";
import { seeded } from "./fakes.js";

const ada = { id: 17 };
const at = (second) => `2026-11-22T16:00:${String(second).padStart(2, "0")}.000000Z`;
const entry = (type, pk, second, more = {}) => ({
  id: `${type}:${pk}`, type, timestamp: at(second), user: ada, lesson: { id: 7 }, data: {}, ...more,
});
const ids = (list) => list.map(({ id }) => id);

test("newest first; at the same moment by type as text, then by number", () => {
  const list = [
    entry("certification_issued", 1, 5), entry("progress_update", 9, 5), entry("progress_update", 10, 5),
    entry("lesson_completed", 3, 5), entry("exam_attempt", 4, 9), entry("exam_attempt", 5, 1),
  ].sort(newestFirst);
  assert.deepEqual(ids(list), [
    "exam_attempt:4", "progress_update:10", "progress_update:9", "lesson_completed:3", "certification_issued:1",
    "exam_attempt:5",
  ]);
});

test("ids beyond what a number holds keep their order", () => {
  const list = [entry("exam_attempt", "9007199254740993", 1), entry("exam_attempt", "9007199254740994", 1)];
  assert.deepEqual(ids(list.sort(newestFirst)), ["exam_attempt:9007199254740994", "exam_attempt:9007199254740993"]);
});

test("a newer state of a row replaces it and moves up", () => {
  const list = [entry("lesson_completed", 2, 8), entry("progress_update", 1, 3)];
  const after = applied(list, [entry("progress_update", 1, 9, { data: { watch_percentage: 60 } })], 50);
  assert.deepEqual(ids(after), ["progress_update:1", "lesson_completed:2"]);
  assert.equal(after[0].data.watch_percentage, 60);
});

test("an older state of a row changes nothing, one of the same moment replaces", () => {
  const list = [entry("progress_update", 1, 5, { data: { watch_percentage: 60 } })];
  assert.deepEqual(applied(list, [entry("progress_update", 1, 4)], 50), list);
  assert.deepEqual(applied(list, [entry("progress_update", 1, 5, { data: { new: 1 } })], 50)[0].data, { new: 1 });
});

test("a late entry below the last row is ignored where the list is full, and taken where it is not", () => {
  const list = [entry("lesson_completed", 2, 8), entry("lesson_completed", 1, 5)];
  assert.deepEqual(ids(applied(list, [entry("exam_attempt", 1, 3)], 2)), ids(list));
  assert.deepEqual(ids(applied(list, [entry("exam_attempt", 1, 3)], 3)), [...ids(list), "exam_attempt:1"]);
});

test("entries in any order, any number of times, give what a fresh snapshot gives", () => {
  const random = seeded(7);
  const types = ["lesson_completed", "exam_attempt", "certification_issued", "progress_update"];
  for (let round = 0; round < 300; round += 1) {
    const truth = new Map();
    const told = [];
    for (let step = 0; step < 60; step += 1) {
      const type = types[Math.floor(random() * 4)];
      const pk = Math.floor(random() * 12);
      // Only a progress row ever changes; whatever else there is keeps its moment.
      const second = type === "progress_update" ? Math.floor(random() * 60) : (pk * 7 + type.length) % 60;
      const one = entry(type, pk, second);
      told.push(one);
      if (!truth.has(one.id) || truth.get(one.id).timestamp <= one.timestamp) truth.set(one.id, one);
    }
    const snapshot = [...truth.values()].sort(newestFirst);
    for (const limit of [10, 200]) {
      let list = applied([], told.slice(0, 20), limit);
      for (let index = 10; index < told.length; index += 1) list = applied(list, [told[index]], limit);
      // A row that fell out of a full list by newer ones is not missed by it: only rows that rise come back.
      assert.deepEqual(ids(list), ids(snapshot.slice(0, limit)));
    }
  }
});

test("withdrawn entries go, others stay", () => {
  const list = [entry("lesson_completed", 2, 8), entry("lesson_completed", 1, 5)];
  assert.deepEqual(ids(withdrawn(list, ["lesson_completed:2", "exam_attempt:77"])), ["lesson_completed:1"]);
});

test("progress of a completed lesson is folded, under the completion where the list has it", () => {
  const other = { lesson: { id: 8 } };
  const list = [
    entry("progress_update", 1, 9),
    entry("lesson_completed", 1, 8),
    entry("progress_update", 2, 7, { ...other, data: { status: "completed" } }),
    entry("progress_update", 3, 6, { lesson: { id: 9 }, data: { status: "in_progress" } }),
    entry("progress_update", 4, 5, { user: { id: 18 } }),
  ];
  assert.deepEqual([...folded(list)], [["progress_update:1", "under"], ["progress_update:2", "alone"]]);
});

test("a frame moves the mark of its own group only", () => {
  const position = { "feed.course.3": "a.1", "feed.course.4": "a.9" };
  assert.deepEqual(merged(position, { "feed.course.3": "a.2" }), { "feed.course.3": "a.2", "feed.course.4": "a.9" });
  assert.deepEqual(position["feed.course.3"], "a.1");
  assert.equal(merged(null, undefined), null);
});
