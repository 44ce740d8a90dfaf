// Times in words.

import assert from "node:assert/strict";
import { test } from "node:test";

import { ago } from "../../project/static/js/times.js";

const english = { now: "now", past: new Intl.RelativeTimeFormat("en", { numeric: "always" }) };
const german = { now: "jetzt", past: new Intl.RelativeTimeFormat("de", { numeric: "always" }) };

for (const [seconds, words] of [
  [-30, "now"], [0, "now"], [9, "now"], [10, "10 seconds ago"], [59, "50 seconds ago"], [60, "1 minute ago"],
  [5 * 60 + 59, "5 minutes ago"], [3600, "1 hour ago"], [47 * 3600, "1 day ago"], [8 * 86400, "1 week ago"],
  [400 * 86400, "1 year ago"],
]) {
  test(`${seconds} s is ${words}`, () => assert.equal(ago(0, seconds * 1000, english), words));
}

test("in the page's language", () => assert.equal(ago(0, 300_000, german), "vor 5 Minuten"));
