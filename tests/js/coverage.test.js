// Coverage, against counting every hundredth of a second by hand.

import assert from "node:assert/strict";
import { test } from "node:test";

import { clamp, cut, percentage, seconds, union } from "../../project/static/js/coverage.js";
import { seeded } from "./fakes.js";

const random = seeded(20261122);
const whole = (most) => Math.floor(random() * (most + 1));
const someSegments = () => Array.from({ length: whole(12) }, () => [whole(60), whole(60)].sort((a, b) => a - b));

function byHand(segments, duration) {
  const units = new Set();
  for (const [start, end] of segments) for (let unit = start; unit < Math.min(end, duration); unit += 1) units.add(unit);
  return units.size;
}

test("a union covers exactly the seconds of its segments, each once", () => {
  for (let round = 0; round < 2000; round += 1) {
    const segments = someSegments();
    assert.equal(seconds(union(segments)), byHand(segments, Infinity), JSON.stringify(segments));
  }
});

test("a union is sorted, disjoint and the same when taken again, in any order", () => {
  for (let round = 0; round < 2000; round += 1) {
    const segments = someSegments();
    const once = union(segments);
    for (let index = 1; index < once.length; index += 1) assert.ok(once[index][0] > once[index - 1][1]);
    assert.deepEqual(union(once), once);
    assert.deepEqual(union([...segments].reverse()), once);
  }
});

test("a union leaves what it was given as it was", () => {
  const segments = [[5, 9], [0, 5]];
  union(segments);
  assert.deepEqual(segments, [[5, 9], [0, 5]]);
});

test("touching segments merge", () => assert.deepEqual(union([[0, 5], [5, 10]]), [[0, 10]]));

test("a percentage counts only what lies inside the lesson", () => {
  for (let round = 0; round < 1000; round += 1) {
    const segments = someSegments();
    const duration = 1 + whole(50);
    assert.equal(percentage(segments, duration), cut((byHand(segments, duration) / duration) * 100));
  }
});

test("what lies beyond the end makes no more than a hundred", () => assert.equal(percentage([[0, 60.25]], 60), 100));

test("a lesson without a length is never watched", () => {
  for (const duration of [0, NaN, -1]) assert.equal(percentage([[0, 5]], duration), 0);
});

test("percentages are cut, not rounded", () => {
  assert.equal(cut(89.999), 89.99);
  assert.equal(cut(0.29), 0.29);
  assert.equal(cut(100.4), 100);
  assert.equal(cut(-1), 0);
});

test("clamping keeps the order of playing", () => {
  assert.deepEqual(clamp([[50, 70], [-3, 4], [80, 90]], 60), [[50, 60], [0, 4]]);
});
