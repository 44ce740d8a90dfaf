// Following the feed: from the page's position on, without a gap, and without asking where nothing is amiss.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FeedFollower } from "../../project/static/js/feed-follower.js";
import { LiveSocket } from "../../project/static/js/socket.js";
import { FakeClock, fakeFetch, fakeWebSockets, heard, settle } from "./fakes.js";

const POSITION = { "feed.course.3": "a.1", "feed.course.4": "b.1" };
const FRESH = { "feed.course.3": "c.9", "feed.course.4": "d.9" };

function make({
  answer = () => [200, { entries: [{ id: "x:1" }], next: null, position: FRESH }], position = POSITION, presence,
} = {}) {
  const clock = new FakeClock();
  const WebSocket = fakeWebSockets();
  const fetch = fakeFetch(answer);
  const socket = new LiveSocket("/ws/feed/", {
    WebSocket, clock, random: () => 1, location: { protocol: "http:", host: "school.example" },
  });
  const follower = new FeedFollower(socket, {
    position, presence, filters: { type: ["exam_attempt"] }, snapshotUrl: "/api/feed/?limit=50&type=exam_attempt",
    afterUrl: "/api/feed/after/", csrfToken: "token", limit: () => 50, clock, fetch, random: () => 1,
  });
  follower.start();
  return {
    clock, WebSocket, fetch, socket, follower, states: heard(follower, "state"), entries: heard(follower, "entries"),
    withdrawn: heard(follower, "withdrawn"), snapshots: heard(follower, "snapshot"),
    get state() {
      return this.states.at(-1)?.state ?? "connecting";
    },
    get subscribed() {
      return WebSocket.last.sent.filter(({ type }) => type === "subscribe");
    },
  };
}

function live(options) {
  const made = make(options);
  made.WebSocket.last.opens();
  made.WebSocket.last.tells({ type: "subscribed", recovered: true, position: POSITION });
  return made;
}

async function failThreeTimes(made) {
  for (let round = 0; round < 3; round += 1) {
    made.WebSocket.last.falls();
    if (round < 2) await made.clock.move(made.clock.next);
  }
  await settle();
}

test("in the normal case it subscribes from the page's position, and asks for nothing", async () => {
  const made = live();
  made.WebSocket.last.tells({ type: "entries", entries: [{ id: "a" }], position: { "feed.course.3": "a.2" } });
  await made.clock.move(30_000);
  assert.deepEqual(made.subscribed, [{
    type: "subscribe", position: POSITION, filters: { type: ["exam_attempt"] }, presence: false,
  }]);
  assert.deepEqual(made.entries, [{ entries: [{ id: "a" }] }]);
  assert.equal(made.state, "live");
  assert.deepEqual(made.fetch.asked, []);
});

test("after a fall it goes on from the last marks it heard", async () => {
  const made = live();
  made.WebSocket.last.tells({ type: "entries", entries: [], position: { "feed.course.3": "a.7" } });
  made.WebSocket.last.tells({ type: "withdrawn", ids: ["a"], position: { "feed.course.4": "b.5" } });
  assert.deepEqual(made.withdrawn, [{ ids: ["a"] }]);
  made.WebSocket.last.falls(4008);
  await made.clock.move(500);
  made.WebSocket.last.opens();
  assert.deepEqual(made.subscribed[0].position, { "feed.course.3": "a.7", "feed.course.4": "b.5" });
  assert.deepEqual(made.fetch.asked, []);
});

for (const [name, frame] of [
  ["an unrecovered subscription", { type: "subscribed", recovered: false }],
  ["a reset", { type: "reset", reason: "renamed" }],
]) {
  test(`${name} means a snapshot, then a subscription from its position`, async () => {
    const made = live();
    made.WebSocket.last.tells(frame);
    await settle();
    assert.equal(made.fetch.asked[0].address, "/api/feed/?limit=50&type=exam_attempt");
    assert.deepEqual(made.snapshots, [{ entries: [{ id: "x:1" }] }]);
    assert.deepEqual(made.subscribed.at(-1).position, FRESH);
    assert.equal(made.state, "catching-up");
    made.WebSocket.last.tells({ type: "subscribed", recovered: true, position: FRESH });
    assert.equal(made.state, "live");
  });
}

test("what comes between a subscribe and its answer is dropped, marks too", async () => {
  const made = live();
  made.WebSocket.last.tells({ type: "reset", reason: "history_lost" });
  await settle();
  made.WebSocket.last.tells({ type: "entries", entries: [{ id: "old" }], position: { "feed.course.3": "old" } });
  made.WebSocket.last.tells({ type: "withdrawn", ids: ["old"], position: { "feed.course.3": "old" } });
  made.WebSocket.last.tells({ type: "reset", reason: "renamed" });
  await settle();
  assert.deepEqual([made.entries, made.withdrawn, made.fetch.asked.length], [[], [], 1]);
  assert.deepEqual(made.follower.position, FRESH);
});

test("a snapshot without a position is shown, and taken again later, less and less often", async () => {
  const answers = [null, null, FRESH];
  const made = live({ answer: () => [200, { entries: [], next: null, position: answers.shift() }] });
  made.WebSocket.last.tells({ type: "reset", reason: "history_lost" });
  await settle();
  assert.equal(made.subscribed.length, 1);
  await made.clock.move(999);
  assert.equal(made.fetch.asked.length, 1);
  await made.clock.move(1);
  assert.equal(made.fetch.asked.length, 2);
  await made.clock.move(1_999);
  assert.equal(made.fetch.asked.length, 2);
  await made.clock.move(1);
  assert.deepEqual(made.subscribed.at(-1).position, FRESH);
});

test("a server that recovers nobody is not asked in a circle", async () => {
  const made = make({ position: null });
  made.WebSocket.last.opens();
  for (let round = 0; round < 20; round += 1) {
    made.WebSocket.last.tells({ type: "subscribed", recovered: false });
    await settle();
  }
  assert.equal(made.fetch.asked.length, 1);
});

test("a long list is taken in pages, with the position of the first", async () => {
  const pages = { null: ["p2", FRESH], p2: ["p3", POSITION] };
  const made = live({
    answer: (address) => {
      const query = new URL(address, "http://x").searchParams;
      const [next, position] = pages[query.get("before")];
      return [200, { entries: Array.from({ length: Number(query.get("limit")) }, (_, id) => ({ id })), next, position }];
    },
  });
  const { entries, position, more } = await made.follower.snapshot(250);
  assert.deepEqual([entries.length, position, more], [250, FRESH, true]);
});

test("after three failed tries it asks every 30 s with its position, and says so", async () => {
  const answer = () => [200, { entries: [{ id: "a" }], withdrawn: ["b"], position: FRESH, reset: false }];
  const made = make({ answer });
  await failThreeTimes(made);
  assert.equal(made.state, "polling");
  assert.deepEqual(made.fetch.asked[0].body, { position: POSITION, filters: { type: ["exam_attempt"] } });
  assert.equal(made.fetch.asked[0].headers["X-CSRFToken"], "token");
  assert.deepEqual([made.entries, made.withdrawn], [[{ entries: [{ id: "a" }] }], [{ ids: ["b"] }]]);
  await made.clock.move(29_000);
  assert.equal(made.fetch.asked.length, 1);
  await made.clock.move(2_000);
  assert.deepEqual(made.fetch.asked[1].body.position, FRESH);
});

test("asking that is told to reset takes a snapshot", async () => {
  const made = make({
    answer: (address) => [200, address.includes("after")
      ? { entries: [], withdrawn: [], position: {}, reset: true }
      : { entries: [{ id: "x" }], next: null, position: FRESH }],
  });
  await failThreeTimes(made);
  assert.deepEqual(made.snapshots, [{ entries: [{ id: "x" }] }]);
  assert.deepEqual(made.follower.position, FRESH);
});

test("when the socket opens it asks no more", async () => {
  const made = make({ answer: () => [200, { entries: [], withdrawn: [], position: FRESH, reset: false }] });
  await failThreeTimes(made);
  await made.clock.move(4_000);
  made.WebSocket.last.opens();
  assert.deepEqual(made.subscribed[0].position, FRESH);
  made.WebSocket.last.tells({ type: "subscribed", recovered: true, position: FRESH });
  const before = made.fetch.asked.length;
  await made.clock.move(40_000);
  assert.equal(made.fetch.asked.length, before);
  assert.equal(made.state, "live");
});

test("a server that cannot be asked is not asked again", async () => {
  const made = make({ answer: () => [404, {}] });
  await failThreeTimes(made);
  await made.clock.move(100_000);
  assert.equal(made.fetch.asked.length, 1);
  assert.equal(made.state, "offline");
  assert.ok(made.WebSocket.made.length > 3);
});

for (const [status, code] of [[401, 4401], [403, 4403]]) {
  test(`asking that is refused with ${status} ends as the socket's ${code} does`, async () => {
    const made = make({ answer: () => [status, {}] });
    await failThreeTimes(made);
    await made.clock.move(100_000);
    assert.deepEqual(made.states.at(-1), { state: "refused", code });
    assert.equal(made.fetch.asked.length, 1);
  });
}

test("a final code is said with its number", () => {
  const made = live();
  made.WebSocket.last.falls(4401);
  assert.deepEqual(made.states.at(-1), { state: "refused", code: 4401 });
});

test("at rest it holds no socket and asks nothing; then it goes on from where it was", async () => {
  const made = make({ answer: () => [200, { entries: [], withdrawn: [], position: FRESH, reset: false }] });
  await failThreeTimes(made);
  made.follower.rest();
  const [asked, sockets] = [made.fetch.asked.length, made.WebSocket.made.length];
  await made.clock.move(600_000);
  assert.deepEqual([made.fetch.asked.length, made.WebSocket.made.length], [asked, sockets]);
  made.follower.start();
  made.WebSocket.last.opens();
  assert.deepEqual(made.subscribed[0].position, FRESH);
});

test("a page that wants to know who is watching asks for it, and is told in its own subscription alone", () => {
  const made = live({ presence: true });
  const told = heard(made.follower, "presence");
  assert.equal(made.subscribed[0].presence, true);
  const frame = { type: "presence", full: true, seats: [], counts: { watching: 0, here: 0 } };
  made.WebSocket.last.tells(frame);
  made.WebSocket.last.tells({ type: "reset", reason: "access_changed" });
  made.WebSocket.last.tells({ ...frame, full: false });
  assert.deepEqual(told, [frame]);
});
