// The live connection: what it answers itself, when it comes back, and when it does not.

import assert from "node:assert/strict";
import { test } from "node:test";

import { FINAL_CODES, LiveSocket } from "../../project/static/js/socket.js";
import { FakeClock, fakeWebSockets, heard } from "./fakes.js";

function make({ random = () => 0.5, protocol = "http:" } = {}) {
  const clock = new FakeClock();
  const WebSocket = fakeWebSockets();
  const socket = new LiveSocket("/ws/feed/", { WebSocket, clock, random, location: { protocol, host: "school.example" } });
  return { clock, WebSocket, socket, states: heard(socket, "state"), frames: heard(socket, "frame") };
}

test("it opens the same host, encrypted where the page is", () => {
  for (const [protocol, address] of [["http:", "ws://school.example/ws/feed/"], ["https:", "wss://school.example/ws/feed/"]]) {
    const { WebSocket, socket } = make({ protocol });
    socket.resume();
    assert.equal(WebSocket.last.address, address);
  }
});

test("frames are passed on parsed; a ping is answered and kept to itself; what is no JSON is passed over", () => {
  const { WebSocket, socket, frames } = make();
  socket.resume();
  WebSocket.last.opens();
  WebSocket.last.tells({ type: "ping" });
  WebSocket.last.tells("{no json");
  WebSocket.last.tells({ type: "entries", entries: [] });
  assert.deepEqual(frames, [{ type: "entries", entries: [] }]);
  assert.deepEqual(WebSocket.last.sent, [{ type: "pong" }]);
});

test("sending says whether the frame was handed over", () => {
  const { WebSocket, socket } = make();
  assert.equal(socket.send({ type: "subscribe" }), false);
  socket.resume();
  assert.equal(socket.send({ type: "subscribe" }), false);
  WebSocket.last.opens();
  assert.equal(socket.send({ type: "subscribe" }), true);
});

test("it comes back after longer and longer, at most 30 s", async () => {
  const { clock, WebSocket, socket } = make({ random: () => 1 });
  socket.resume();
  const delays = [];
  for (let round = 0; round < 9; round += 1) {
    WebSocket.last.falls();
    delays.push(clock.next);
    await clock.move(clock.next);
  }
  assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]);
  assert.equal(WebSocket.made.length, 10);
});

test("the delay is anything from nothing to the full one", () => {
  for (const share of [0, 0.25, 0.99]) {
    const { clock, WebSocket, socket } = make({ random: () => share });
    socket.resume();
    WebSocket.last.falls();
    assert.equal(clock.next, share * 500);
  }
});

test("a connection that held begins from the shortest delay; one that fell at once does not", async () => {
  const { clock, WebSocket, socket } = make({ random: () => 1 });
  socket.resume();
  for (const [held, expected] of [[0, 500], [0, 1000], [0, 2000], [10_000, 500]]) {
    WebSocket.last.opens();
    await clock.move(held);
    WebSocket.last.falls(1012);
    assert.equal(clock.next, expected);
    await clock.move(expected);
  }
});

test("it counts tries in a row that never opened", async () => {
  const { clock, WebSocket, socket, states } = make();
  socket.resume();
  for (let round = 1; round <= 3; round += 1) {
    WebSocket.last.falls();
    assert.deepEqual(states.at(-1), { state: "offline", code: null, missed: round });
    await clock.move(clock.next);
  }
  WebSocket.last.opens();
  assert.equal(socket.missed, 0);
});

for (const code of FINAL_CODES) {
  test(`${code} is final`, async () => {
    const { clock, WebSocket, socket, states } = make();
    socket.resume();
    WebSocket.last.opens();
    WebSocket.last.falls(code);
    assert.equal(clock.next, Infinity);
    socket.resume();
    assert.equal(WebSocket.made.length, 1);
    assert.deepEqual(states.at(-1), { state: "refused", code, missed: 0 });
  });
}

for (const code of [1000, 1006, 1009, 1011, 1012, 1013, 4008, 4029]) {
  test(`after ${code} it comes back`, async () => {
    const { clock, WebSocket, socket } = make();
    socket.resume();
    WebSocket.last.opens();
    WebSocket.last.falls(code);
    await clock.move(clock.next);
    assert.equal(WebSocket.made.length, 2);
  });
}

test("it closes when nothing was heard for 60 s, and comes back", async () => {
  const { clock, WebSocket, socket } = make({ random: () => 0.5 });
  socket.resume();
  const [first] = WebSocket.made;
  first.opens();
  await clock.move(40_000);
  first.tells({ type: "ping" });
  await clock.move(59_000);
  assert.equal(first.closed, false);
  await clock.move(1_000);
  assert.equal(first.closed, true);
  await clock.move(250);
  assert.equal(WebSocket.made.length, 2);
});

test("a handshake that is swallowed counts as a failed try", async () => {
  const { clock, WebSocket, socket } = make();
  socket.resume();
  await clock.move(10_000);
  assert.equal(WebSocket.made[0].closed, true);
  assert.equal(socket.missed, 1);
});

test("closed by us it stays closed until resumed, and opens once", async () => {
  const { clock, WebSocket, socket } = make();
  socket.resume();
  WebSocket.last.opens();
  socket.close();
  await clock.move(120_000);
  assert.equal(WebSocket.made.length, 1);
  assert.equal(socket.state, "resting");
  socket.resume();
  socket.resume();
  assert.equal(WebSocket.made.length, 2);
});

test("resuming while it waits to come back connects now, and not again later", async () => {
  const { clock, WebSocket, socket } = make();
  socket.resume();
  WebSocket.last.falls();
  socket.resume();
  WebSocket.last.opens();
  await clock.move(1_000);
  assert.equal(WebSocket.made.length, 2);
});

test("a late word of a connection that was let go is not heard", () => {
  const { WebSocket, socket, frames } = make();
  socket.resume();
  WebSocket.last.opens();
  socket.close();
  WebSocket.made[0].tells({ type: "entries" });
  WebSocket.made[0].falls();
  assert.deepEqual(frames, []);
  assert.equal(socket.state, "resting");
});

test("a frame that was too long is never sent again as it was", async () => {
  const { clock, WebSocket, socket } = make();
  const tooLong = heard(socket, "toolong");
  socket.resume();
  WebSocket.last.opens();
  const long = { type: "progress", segments: "x".repeat(9000) };
  socket.send(long);
  socket.send({ type: "progress" });
  WebSocket.last.falls(1009);
  assert.deepEqual(tooLong, [{ frame: long }]);
  await clock.move(1_000);
  WebSocket.last.opens();
  assert.equal(socket.send(long), false);
  assert.equal(socket.send({ type: "progress" }), true);
  assert.deepEqual(WebSocket.last.sent, [{ type: "progress" }]);
});
