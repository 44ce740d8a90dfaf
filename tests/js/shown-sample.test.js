// The sample of what is on the screen: one entry, told once it was painted, and then none for a while.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ShownSample } from "../../project/static/js/shown-sample.js";
import { FakeClock } from "./fakes.js";

const entry = (number) => ({ id: `lesson_completed:${number}`, timestamp: `2026-11-22T16:00:0${number}.000000Z` });

function sampled(random = 0) {
  const clock = new FakeClock();
  const told = [];
  const sample = new ShownSample((timestamp) => told.push(timestamp), clock, () => random);
  const show = (...entries) => {
    sample.came(entries);
    sample.shown(entries.map(({ id }) => id));
  };
  return { clock, told, sample, show };
}

test("the newest of what came is told once it is painted, and then nothing for half a minute", async () => {
  const { clock, told, show } = sampled();
  show(entry(1), entry(2));
  assert.deepEqual(told, []);
  await clock.move(0);
  assert.deepEqual(told, [entry(2).timestamp]);
  show(entry(3));
  await clock.move(29_999);
  show(entry(4));
  await clock.move(1);
  assert.deepEqual(told, [entry(2).timestamp]);
  show(entry(5));
  await clock.move(0);
  assert.deepEqual(told, [entry(2).timestamp, entry(5).timestamp]);
});

test("pages that were opened together do not tell together", async () => {
  const { clock, told, show } = sampled(0.5);
  await clock.move(14_999);
  show(entry(1));
  await clock.move(0);
  assert.deepEqual(told, []);
  await clock.move(1);
  show(entry(2));
  await clock.move(59_999);
  show(entry(3));
  await clock.move(1);
  show(entry(4));
  await clock.move(0);
  assert.deepEqual(told, [entry(2).timestamp, entry(4).timestamp]);
});

test("what is not drawn is not told", async () => {
  const { clock, told, sample } = sampled();
  sample.came([entry(1)]);
  sample.shown([entry(2).id]);
  await clock.move(1_000);
  assert.deepEqual(told, []);
});
