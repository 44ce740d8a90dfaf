// Kept answers: they outlive the page, belong to one person and one paper, and go when the server has them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { KeptAnswers } from "../../project/static/js/kept-answers.js";
import { FakeStorage } from "./fakes.js";

const DAY = 24 * 60 * 60 * 1000;
const CHOSEN = { "question-11": "42", "question-12": "45" };

test("what is chosen is there at the next visit, with its submission", () => {
  const storage = new FakeStorage();
  assert.equal(new KeptAnswers(storage, "17").keep("quiz-3", "one", CHOSEN), true);
  const { submission, answers } = new KeptAnswers(storage, "17").of("quiz-3");
  assert.deepEqual([submission, answers], ["one", CHOSEN]);
});

test("what was chosen last is kept", () => {
  const kept = new KeptAnswers(new FakeStorage(), "17");
  kept.keep("quiz-3", "one", CHOSEN);
  kept.keep("quiz-3", "two", { "question-11": "41" });
  assert.deepEqual([kept.of("quiz-3").submission, kept.of("quiz-3").answers], ["two", { "question-11": "41" }]);
});

test("nobody gets another person's answers, and no paper those of another", () => {
  const storage = new FakeStorage();
  const kept = new KeptAnswers(storage, "17");
  kept.keep("quiz-3", "one", CHOSEN);
  assert.notEqual(kept.of("quiz-3"), null);
  assert.equal(kept.of("quiz-30"), null);
  assert.equal(kept.of("attempt-3"), null);
  for (const other of ["1", "7", "170"]) assert.equal(new KeptAnswers(storage, other).of("quiz-3"), null);
});

test("what the server has is forgotten, and nothing else", () => {
  const storage = new FakeStorage();
  const [ada, bob] = [new KeptAnswers(storage, "1"), new KeptAnswers(storage, "11")];
  ada.keep("attempt-5", "5", CHOSEN);
  ada.keep("quiz-3", "one", CHOSEN);
  bob.keep("attempt-5", "5", CHOSEN);
  ada.stored("5");
  assert.equal(ada.of("attempt-5"), null);
  assert.notEqual(ada.of("quiz-3"), null);
  assert.notEqual(bob.of("attempt-5"), null);
});

test("answers under a newer submission outlive the result of an older one", () => {
  const kept = new KeptAnswers(new FakeStorage(), "17");
  kept.keep("quiz-3", "two", CHOSEN);
  kept.stored("one");
  assert.equal(kept.of("quiz-3").submission, "two");
});

test("after thirty days what is not of this paper goes, whoever it is of", () => {
  const storage = new FakeStorage();
  let now = 0;
  const ada = new KeptAnswers(storage, "1", () => now);
  const bob = new KeptAnswers(storage, "2", () => now);
  ada.keep("quiz-3", "one", CHOSEN);
  ada.keep("quiz-4", "two", CHOSEN);
  bob.keep("quiz-3", "three", CHOSEN);
  now = 1;
  bob.keep("quiz-4", "four", CHOSEN);
  storage.setItem("ticks:1:7:old", "[]");

  now = 30 * DAY - 1;
  ada.prune("quiz-3");
  assert.equal(storage.length, 5);
  now = 30 * DAY;
  ada.prune("quiz-3");
  assert.notEqual(ada.of("quiz-3"), null);
  assert.equal(ada.of("quiz-4"), null);
  assert.equal(bob.of("quiz-3"), null);
  assert.notEqual(bob.of("quiz-4"), null);
  assert.equal(storage.getItem("ticks:1:7:old"), "[]");
  ada.prune();
  assert.equal(ada.of("quiz-3"), null);
});

test("what cannot be read is as if it were not there, and is pruned", () => {
  for (const text of ["", "{", "null", "7", "[]", "{}", '{"submission": "one"}', '{"answers": {}}']) {
    const storage = new FakeStorage();
    storage.setItem("answers:17:quiz-3", text);
    const kept = new KeptAnswers(storage, "17");
    assert.equal(kept.of("quiz-3"), null, text);
    kept.stored("one");
    kept.prune("quiz-4");
    assert.equal(storage.length, 0, text);
  }
});

test("a storage that is missing, full or forbidden breaks nothing, and it is said", () => {
  const full = new FakeStorage();
  full.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const forbidden = new Proxy({}, {
    get() {
      throw new Error("SecurityError");
    },
  });
  for (const storage of [null, full, forbidden]) {
    const kept = new KeptAnswers(storage, "17");
    assert.equal(kept.keep("quiz-3", "one", CHOSEN), false);
    assert.equal(kept.of("quiz-3"), null);
    kept.stored("one");
    kept.prune("quiz-3");
  }
});
