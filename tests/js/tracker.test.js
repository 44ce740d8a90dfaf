// The tracker: what counts as played, when it reports, and that no report is lost.

import assert from "node:assert/strict";
import { test } from "node:test";

import { seconds } from "../../project/static/js/coverage.js";
import { LiveSocket } from "../../project/static/js/socket.js";
import { ProgressTracker } from "../../project/static/js/tracker.js";
import { FakeClock, FakeMedia, FakeStorage, fakeFetch, fakeWebSockets, heard, settle } from "./fakes.js";

const WELCOME = {
  type: "welcome", lesson: 7, position: 0, watch_percentage: 0, status: "not_started", completed: false, segments: [],
  threshold: 90,
};
const OK = { success: true, watch_percentage: 50, status: "in_progress", completed: false };

function make({ duration = 100, storage = new FakeStorage(), player = "one", answer = () => [200, OK], ...more } = {}) {
  const clock = new FakeClock();
  const WebSocket = fakeWebSockets();
  const document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  const window = new EventTarget();
  const media = new FakeMedia(clock, duration);
  const fetch = fakeFetch(answer);
  const socket = new LiveSocket("/ws/lessons/7/progress/", {
    WebSocket, clock, random: () => 1, location: { protocol: "http:", host: "school.example" },
  });
  const tracker = new ProgressTracker(media, {
    socket, url: "/api/lessons/7/progress/", csrfToken: "token", owner: "17:7", storage, player, clock, fetch, document,
    window, locks: null, ...more,
  });
  const kept = () => JSON.parse(storage.getItem(`ticks:17:7:${player}`) ?? "[]");
  return {
    clock, WebSocket, document, window, media, fetch, socket, tracker, storage, kept,
    saved: heard(tracker, "saved"), progress: heard(tracker, "progress"), dropped: heard(tracker, "dropped"),
    get ticks() {
      return WebSocket.made.flatMap((each) => each.sent).filter(({ type }) => type === "progress");
    },
    ack(id) {
      WebSocket.last.tells({ type: "ack", id, watch_percentage: 1, status: "in_progress", completed: false });
    },
  };
}

function open(options) {
  const made = make(options);
  made.tracker.start();
  made.WebSocket.last.opens();
  made.WebSocket.last.tells({ ...WELCOME, ...options?.welcome });
  return made;
}

const played = (ticks) => ticks.flatMap(({ segments }) => segments);

// --- what counts

test("playing counts, second by second, and is reported every five", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(11);
  assert.deepEqual(made.ticks.map(({ id }) => id), [1, 2]);
  made.media.pause();
  assert.equal(made.ticks.at(-1).state, "paused");
  assert.equal(made.tracker.percentage, 11);
  const edges = played(made.ticks);
  assert.equal(edges[0][0], 0);
  assert.equal(edges.at(-1)[1], 11);
  for (let index = 1; index < edges.length; index += 1) assert.equal(edges[index][0], edges[index - 1][1]);
});

test("a tick has the fields of the protocol", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(3);
  made.media.pause();
  assert.deepEqual(made.ticks, [{
    type: "progress", id: 1, player: "one", watch_percentage: 3, timestamp: 3, segments: [[0, 3]], state: "paused",
    rate: 1,
  }]);
});

test("a seek is not counted, while playing or paused", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(4);
  made.media.currentTime = 80;
  await made.media.runs(4);
  made.media.pause();
  made.media.currentTime = 20;
  await made.clock.move(5_000);
  assert.deepEqual(made.tracker.segments, [[0, 4], [80, 84]]);
  assert.equal(made.ticks.at(-1).timestamp, 20);
});

const ranges = (...list) => ({ length: list.length, start: (index) => list[index][0], end: (index) => list[index][1] });

test("what was played just before a seek counts, as far as the browser's own account goes", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(4);
  await made.clock.move(200);
  made.media.played = ranges([0, 4.2]);
  made.media.currentTime = 80;
  assert.deepEqual(made.tracker.segments, [[0, 4.2]]);
});

test("the browser's account of an earlier play does not count at a seek, nor does a film that stood", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(4);
  await made.clock.move(200);
  made.media.played = ranges([0, 50]); // all of it played once before
  made.media.currentTime = 80;
  assert.deepEqual(made.tracker.segments, [[0, 4.2]]);
  await made.media.runs(1);
  await made.clock.move(3_600_000); // the machine slept
  made.media.played = ranges([0, 50], [80, 81]);
  made.media.currentTime = 20;
  assert.deepEqual(made.tracker.segments, [[0, 4.2], [80, 81]]);
});

test("many seeks in a row are one report", async () => {
  const made = open();
  for (let time = 1; time < 60; time += 1) made.media.currentTime = time;
  await made.clock.move(2_000);
  assert.deepEqual(made.ticks.map(({ timestamp, segments }) => [timestamp, segments]), [[59, []]]);
});

test("a jump that no event announced is not counted", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(3);
  made.media.jumps(90);
  await made.media.runs(2);
  made.media.pause();
  assert.deepEqual(made.tracker.segments, [[0, 3], [90, 92]]);
});

test("small jumps do not add up", async () => {
  const made = open();
  made.media.play();
  for (let count = 0; count < 20; count += 1) {
    await made.media.runs(0.25);
    made.media.jumps(made.media.currentTime + 1.4);
  }
  assert.ok(made.tracker.percentage < 15, `${made.tracker.percentage} % of 5 s played`);
});

test("at double speed twice the seconds count", async () => {
  const made = open();
  made.media.rate(2);
  made.media.play();
  await made.media.runs(10);
  made.media.pause();
  assert.deepEqual(made.tracker.segments, [[0, 20]]);
});

test("each tick says at which speed its seconds were played", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(2);
  made.media.rate(2);
  await made.media.runs(1);
  made.media.rate(100); // no player goes faster than 16 for the server
  await made.media.runs(0.25);
  made.media.pause();
  assert.deepEqual(made.ticks.map(({ segments, rate }) => [rate, segments]), [
    [1, [[0, 2]]],
    [2, [[2, 4]]],
    [16, [[4, 29]]],
  ]);
});

test("a change of speed leaves no gap, and does not excuse a jump", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(6);
  made.media.rate(2);
  await made.media.runs(2);
  assert.deepEqual(made.tracker.segments, [[0, 10]]);
  made.media.jumps(18);
  made.media.pause();
  assert.deepEqual(made.tracker.segments, [[0, 10]]);
});

test("what is watched twice counts once, and is reported twice", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(4);
  made.media.currentTime = 0;
  await made.media.runs(4);
  made.media.pause();
  assert.deepEqual(made.tracker.segments, [[0, 4]]);
  assert.equal(seconds(played(made.ticks)), 8);
});

test("nothing counts while the media waits for data or has failed", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(2);
  made.media.readyState = 2;
  made.media.fire("waiting");
  await made.clock.move(60_000);
  made.media.jumps(40);
  assert.deepEqual(made.tracker.segments, [[0, 2]]);
  made.media.readyState = 4;
  made.media.error = { code: 2 };
  made.media.fire("error");
  made.media.jumps(41);
  made.media.pause();
  assert.deepEqual(made.tracker.segments, [[0, 2]]);
});

test("at the end the last second is whole, and the end is reported once", async () => {
  const made = open({ duration: 10.1 });
  made.media.play();
  await made.media.runs(20);
  const last = made.ticks.at(-1);
  assert.equal(last.state, "ended");
  assert.equal(last.segments.at(-1)[1], 10.35);
  assert.equal(last.watch_percentage, 100);
  assert.equal(made.ticks.filter(({ state }) => state === "ended").length, 1);
});

test("a lesson played from its beginning to its end is watched whole, though events come late", async () => {
  const made = open({ duration: 24 });
  made.media.play(0.03);
  await made.media.runs(30);
  assert.equal(made.ticks.at(-1).watch_percentage, 100);
});

test("a seek to the end watches nothing", async () => {
  const made = open();
  made.media.currentTime = 100;
  made.media.ended = true;
  made.media.fire("ended");
  await made.clock.move(2_000);
  assert.equal(made.tracker.percentage, 0);
  assert.deepEqual(played(made.ticks), []);
  assert.equal(made.ticks.at(-1).timestamp, 100);
});

test("what the server knows already counts too", async () => {
  const made = open({ welcome: { segments: [[0, 50]], watch_percentage: 50 } });
  made.tracker.resumeAt(50);
  made.media.play();
  await made.media.runs(10);
  made.media.pause();
  assert.equal(made.ticks.at(-1).watch_percentage, 60);
});

// --- when it reports

test("being moved to where the student left is no report", async () => {
  const made = open();
  made.tracker.resumeAt(42);
  await made.clock.move(5_000);
  assert.deepEqual(made.ticks, []);
});

test("a page that is hidden reports at once, and only what is new", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(2);
  made.document.visibilityState = "hidden";
  made.document.dispatchEvent(new Event("visibilitychange"));
  assert.deepEqual(played(made.ticks), [[0, 2]]);
  made.document.dispatchEvent(new Event("visibilitychange"));
  assert.equal(made.ticks.length, 1);
});

test("a page that is left sends all that waits in one keepalive request", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(7);
  made.window.dispatchEvent(new Event("pagehide"));
  const [request] = made.fetch.asked;
  assert.equal(request.keepalive, true);
  assert.equal(request.headers["X-CSRFToken"], "token");
  assert.equal(request.body.id, 2);
  assert.deepEqual([request.body.segments[0][0], request.body.segments.at(-1)[1]], [0, 7]);
});

test("leaving without having played sends nothing", () => {
  const made = open();
  made.window.dispatchEvent(new Event("pagehide"));
  assert.deepEqual(made.fetch.asked, []);
});

// --- that nothing is lost

test("an ack takes every tick up to its id", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(16);
  assert.deepEqual(made.kept().map(({ id }) => id), [1, 2, 3]);
  made.ack(2);
  assert.deepEqual(made.kept().map(({ id }) => id), [3]);
  assert.deepEqual(made.saved.at(-1), { state: "saving", waiting: 1 });
  made.ack(3);
  assert.deepEqual(made.saved.at(-1), { state: "saved", waiting: 0 });
});

test("what was not acked is sent again, in order, when the socket is back", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(11);
  made.ack(1);
  made.WebSocket.last.falls();
  made.media.pause();
  assert.equal(made.saved.at(-1).state, "offline");
  await made.clock.move(500);
  made.WebSocket.last.opens();
  assert.deepEqual(made.WebSocket.last.sent.map(({ id }) => id), [2, 3]);
});

test("what is not acked within 10 s is sent again on the same socket", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(1);
  made.media.pause();
  assert.equal(made.saved.at(-1).state, "saving");
  await made.clock.move(10_000);
  assert.deepEqual(made.ticks.map(({ id }) => id), [1, 1]);
  assert.equal(made.saved.at(-1).state, "offline");
  made.ack(1);
  assert.equal(made.saved.at(-1).state, "saved");
});

test("hours without a connection come back as few ticks that hold every second", async () => {
  const offline = make({ duration: 4000, answer: () => new Error("offline") });
  offline.tracker.start();
  offline.media.play();
  await offline.media.runs(3600);
  offline.media.pause();
  assert.ok(offline.tracker.waiting <= 3, `${offline.tracker.waiting} waiting`);
  assert.deepEqual(offline.tracker.segments, [[0, 3600]]);
  assert.deepEqual([offline.kept()[0].segments[0][0], offline.kept().at(-1).segments.at(-1)[1]], [0, 3600]);
});

test("a bad tick is dropped, said, and never sent again", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(6);
  made.WebSocket.last.tells({ type: "error", id: 1, code: "invalid_segments", detail: "No." });
  assert.deepEqual(made.dropped, [{ id: 1, code: "invalid_segments", detail: "No." }]);
  assert.deepEqual(made.kept(), []);
  await made.clock.move(11_000);
  assert.equal(made.ticks.filter(({ id }) => id === 1).length, 1);
});

test("where the socket has not opened after three tries, ticks go over HTTP, one after the other", async () => {
  const made = make();
  made.tracker.start();
  for (let round = 0; round < 3; round += 1) {
    assert.equal(made.fetch.asked.length, 0);
    made.WebSocket.last.falls();
    await made.clock.move(round < 2 ? made.clock.next : 0);
  }
  made.media.play();
  await made.media.runs(6);
  made.media.pause();
  await settle();
  assert.deepEqual(made.fetch.asked.map(({ body }) => body.id), [1, 2]);
  assert.equal(made.fetch.asked[0].headers["X-CSRFToken"], "token");
  assert.equal("type" in made.fetch.asked[0].body, false);
  assert.deepEqual(made.saved.at(-1), { state: "saved", waiting: 0 });
  assert.equal(made.progress.at(-1).watch_percentage, 50);
});

for (const [status, kept] of [[400, 0], [404, 0], [413, 0], [422, 0], [401, 1], [403, 1], [429, 1], [503, 1]]) {
  test(`a tick that HTTP answers with ${status} is ${kept ? "kept" : "dropped"}`, async () => {
    const made = make({ answer: () => [status, { success: false, code: "some_code", error: "Some words." }] });
    made.tracker.start();
    for (let round = 0; round < 3; round += 1) {
      made.WebSocket.last.falls();
      if (round < 2) await made.clock.move(made.clock.next);
    }
    made.media.play();
    await made.media.runs(1);
    made.media.pause();
    await settle();
    assert.equal(made.kept().length, kept);
    assert.deepEqual(made.dropped, kept ? [] : [{ id: 1, code: "some_code", detail: "Some words." }]);
  });
}

test("too many sockets is no reason to lose a tick: HTTP takes it", async () => {
  const made = open();
  made.WebSocket.last.falls(4409);
  made.media.play();
  await made.media.runs(1);
  made.media.pause();
  await settle();
  assert.deepEqual(made.fetch.asked.map(({ body }) => body.id), [1]);
});

test("a tick too long for the socket goes over HTTP, and those after it wait for it", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(1);
  made.media.pause();
  made.WebSocket.last.falls(1009);
  await made.clock.move(500);
  made.WebSocket.last.opens();
  await settle();
  assert.deepEqual(made.fetch.asked.map(({ body }) => body.id), [1]);
  assert.deepEqual(made.WebSocket.last.sent, []);
});

test("ticks of an earlier visit are sent at the next one, over HTTP, one by one, in order", async () => {
  const storage = new FakeStorage();
  const first = open({ storage, player: "one" });
  first.media.play();
  await first.media.runs(11);
  first.media.pause();
  assert.equal(first.kept().length, 3);

  let asked = 0;
  const answer = () => (asked++ === 1 ? [503, {}] : [200, OK]);
  const second = make({ storage, player: "two", answer });
  second.tracker.start();
  await settle();
  assert.equal(second.saved.at(-1).waiting, 2);
  await second.clock.move(10_000);
  assert.deepEqual(second.fetch.asked.map(({ body }) => [body.player, body.id]), [["one", 1], ["one", 2], ["one", 2], ["one", 3]]);
  assert.deepEqual(first.kept(), []);
  assert.equal(second.saved.at(-1).waiting, 0);
});

const locks = { request: async () => {} }; // the lock of an earlier visit is never free

test("a page that dies between two reports leaves what it played to the next visit", async () => {
  const storage = new FakeStorage();
  const first = open({ storage, player: "one", locks });
  first.media.play();
  await first.media.runs(8);
  first.ack(1);
  assert.deepEqual(first.kept().map(({ id, segments }) => [id, segments]), [[2, [[4.75, 8]]]]);
  assert.equal(first.tracker.waiting, 0); // it is no report yet

  const second = open({ storage, player: "two" });
  await settle();
  assert.deepEqual(second.fetch.asked.map(({ body }) => [body.player, body.id, body.segments]), [["one", 2, [[4.75, 8]]]]);
  assert.deepEqual(first.kept(), []);
});

test("the report takes the place of what was kept for it", async () => {
  const made = open({ locks });
  made.media.play();
  await made.media.runs(8);
  made.ack(1);
  made.media.pause();
  assert.deepEqual(made.kept(), made.ticks.slice(1));
  made.ack(2);
  assert.deepEqual(made.kept(), []);
});

test("without locks only reports are kept: another tab would send what is none yet", async () => {
  const made = open();
  made.media.play();
  await made.media.runs(3);
  assert.deepEqual(made.kept(), []);
});

test("ticks of another student or lesson are left alone", async () => {
  const storage = new FakeStorage();
  storage.setItem("ticks:18:7:old", JSON.stringify([{ id: 1 }]));
  storage.setItem("ticks:17:70:old", JSON.stringify([{ id: 1 }]));
  const made = open({ storage });
  await settle();
  assert.deepEqual(made.fetch.asked, []);
  assert.equal(storage.length, 2);
});

test("ticks of a tab that still lives are its own", async () => {
  const storage = new FakeStorage();
  storage.setItem("ticks:17:7:old", JSON.stringify([{ id: 1, segments: [] }]));
  const requests = [];
  const made = open({ storage, locks: { request: async (name, act) => void requests.push([name, act]) } });
  await settle();
  assert.deepEqual(requests.map(([name]) => name), ["player one", "player old"]);
  assert.deepEqual(made.fetch.asked, []);
  await requests[1][1](); // the other tab is closed
  assert.deepEqual(made.fetch.asked.map(({ body }) => body.id), [1]);
});

test("a store that is full or forbidden costs nothing but the next visit", async () => {
  const storage = new FakeStorage();
  storage.setItem = () => {
    throw new Error("QuotaExceededError");
  };
  const made = open({ storage });
  made.media.play();
  await made.media.runs(6);
  assert.equal(made.ticks.length, 1);
  assert.equal(made.tracker.waiting, 1);
});

test("the server's word is passed on with the union of segments", () => {
  const made = open({ welcome: { segments: [[0, 5]], watch_percentage: 5, status: "in_progress" } });
  assert.deepEqual(made.progress.at(-1), {
    watch_percentage: 5, status: "in_progress", completed: false, threshold: 90, segments: [[0, 5]],
  });
});

test("stopped, it reports no more", async () => {
  const made = open();
  made.tracker.stop();
  made.media.play();
  await made.media.runs(6);
  assert.deepEqual(made.ticks, []);
});
