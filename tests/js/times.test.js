// Times in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ago, exactly, wordsOf } from "../../project/static/js/times.js";

const english = wordsOf("en");
const german = wordsOf("de");

for (const [seconds, words] of [
  [-30, "now"], [0, "now"], [9, "now"], [10, "10 seconds ago"], [59, "50 seconds ago"], [60, "1 minute ago"],
  [5 * 60 + 59, "5 minutes ago"], [3600, "1 hour ago"], [47 * 3600, "1 day ago"], [8 * 86400, "1 week ago"],
  [400 * 86400, "1 year ago"],
]) {
  test(`${seconds} s is ${words}`, () => assert.equal(ago(0, seconds * 1000, english), words));
}

test("in the page's language", () => assert.equal(ago(0, 300_000, german), "vor 5 Minuten"));

test("a moment in full is in the page's language and time zone, whatever the device's is", () => {
  const at = Date.parse("2026-11-25T02:30:00Z");
  assert.match(exactly("de", "America/New_York").format(at), /^Dienstag, 24\. November 2026.*21:30:00$/);
  assert.match(exactly("en", "Asia/Tokyo").format(at), /^Wednesday, November 25, 2026.*11:30:00.AM$/);
});

test("a time zone that the browser does not know stops nothing", () => {
  assert.match(exactly("de", "Europe/Atlantis").format(0), /19(69|70)/);
});
