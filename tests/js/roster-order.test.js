// The order of the roster: who needs help on top, and cards that do not jump about.

import assert from "node:assert/strict";
import { test } from "node:test";

import { pathOf, RosterOrder, SETTLE } from "../../project/static/js/roster-order.js";
import { seeded } from "./fakes.js";

const card = (name, state = "playing", need = "") => ({ name, state, need, user: name.charCodeAt(0), lesson: 7 });
const names = (order) => order.cards.map(({ name }) => name).join(" ");

function make(...cards) {
  const order = new RosterOrder("en");
  for (const each of cards) order.add(each);
  return order;
}

test("who needs help, then idle, paused, playing and gone, each by name", () => {
  const order = make(
    card("zoe"), card("Bob", "gone"), card("ada", "gone", "Stuck."), card("Eve", "idle"), card("Al", "paused"), card("carl"),
  );
  assert.equal(names(order), "ada Eve Al carl zoe Bob");
});

test("a card moves only once its state has lasted", () => {
  const [ada, bob] = [card("ada"), card("bob")];
  const order = make(ada, bob);
  bob.state = "paused";
  order.changed(bob, 1_000);
  assert.equal(order.next, 1_000 + SETTLE);
  assert.deepEqual(order.settle(1_000 + SETTLE - 1), []);
  assert.equal(names(order), "ada bob");
  assert.deepEqual(order.settle(1_000 + SETTLE), [bob]);
  assert.equal(names(order), "bob ada");
  assert.equal(order.next, Infinity);
});

test("a card that is back in its state has nowhere to go", () => {
  const [ada, bob] = [card("ada"), card("bob")];
  const order = make(ada, bob);
  bob.state = "paused";
  order.changed(bob, 0);
  bob.state = "playing";
  order.changed(bob, 1_000);
  assert.equal(order.next, Infinity);
});

test("a state that goes on changing does not put the move off for ever", () => {
  const [ada, bob] = [card("ada"), card("bob")];
  const order = make(ada, bob);
  bob.state = "paused";
  order.changed(bob, 0);
  bob.state = "idle";
  order.changed(bob, SETTLE - 1);
  assert.deepEqual(order.settle(SETTLE), [bob]);
});

test("who needs help moves at once", () => {
  const [ada, bob] = [card("ada", "idle"), card("bob")];
  const order = make(ada, bob);
  bob.need = "Failed the quiz twice.";
  order.changed(bob, 5);
  assert.deepEqual(order.settle(5), [bob]);
  assert.equal(names(order), "bob ada");
});

test("after a card stands its neighbour, and a card that left is nobody's", () => {
  const [ada, bob, carl] = [card("ada"), card("bob"), card("carl")];
  const order = make(carl, ada, bob);
  assert.equal(order.after(ada), bob);
  assert.equal(order.after(carl), undefined);
  bob.state = "gone";
  order.changed(bob, 0);
  order.remove(bob);
  assert.equal(order.after(ada), carl);
  assert.equal(order.next, Infinity);
});

test("a card with a new name moves, and is found", () => {
  const [ada, bob] = [card("ada"), card("bob")];
  const order = make(ada, bob);
  ada.name = "zoe";
  order.changed(ada, 0);
  order.settle(SETTLE);
  assert.equal(names(order), "bob zoe");
  order.remove(ada);
  assert.equal(names(order), "bob");
});

test("whatever happens, at rest the order is the one that a fresh roster has", () => {
  const random = seeded(11);
  const pick = (from) => from[Math.floor(random() * from.length)];
  const cards = [..."abcdefghijklmnopqrst"].map((name) => card(name));
  const order = make(...cards);
  for (let now = 0; now < 60_000; now += 100) {
    const changing = pick(cards);
    changing.state = pick(["idle", "paused", "playing", "gone"]);
    changing.need = random() < 0.1 ? "Stuck." : "";
    order.changed(changing, now);
    order.settle(now);
  }
  order.settle(Infinity);
  assert.equal(names(order), names(make(...cards.map(({ rank, filed, ...rest }) => rest))));
});

for (const [watched, path] of [
  ["000000000000", ""],
  ["ffffffffffff", "M0 0h48v1h-48z"],
  ["80000000000f", "M0 0h1v1h-1zM44 0h4v1h-4z"],
  ["7ff000000000", "M1 0h11v1h-11z"],
]) {
  test(`the strip of ${watched}`, () => assert.equal(pathOf(watched), path));
}
