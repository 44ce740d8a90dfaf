// The operators' page: what the server saw, put into the rows and places that Django rendered.

import { choose, fill } from "./slots.js";
import { LiveSocket } from "./socket.js";
import { Times } from "./times.js";

const REST_AFTER = 60_000;

const page = document.querySelector("[data-ops]");
const times = new Times(document);
times.start();

/** Rows of one list, each known by its key; a row that stays is never moved, so that focus stays in it. */
class Rows {
  #list;
  #blank;
  #shown = new WeakMap();

  constructor(list) {
    this.#list = list;
    this.#blank = page.querySelector(`template[data-row="${list.dataset.rows}"]`).content.firstElementChild;
  }

  show(values) {
    const gone = new Map([...this.#list.children].map((row) => [row.dataset.key, row]));
    const rows = values.map((each) => {
      const row = gone.get(each.key) ?? this.#blank.cloneNode(true);
      gone.delete(each.key);
      this.#fill(row, each);
      return row;
    });
    for (const row of gone.values()) row.remove();
    rows.forEach((row, place) => {
      const there = this.#list.children[place] ?? null;
      if (there !== row) this.#list.insertBefore(row, there);
    });
  }

  // What has not changed is left alone: somebody may have marked it to copy it.
  #fill(row, values) {
    const text = JSON.stringify(values);
    if (this.#shown.get(row) === text) return;
    this.#shown.set(row, text);
    row.dataset.key = values.key;
    const state = values.state ?? values.severity;
    if (state) {
      row.dataset.state = state;
      choose(row, state);
    }
    fill(row, values);
    for (const link of row.querySelectorAll("a[data-href]")) link.href = values.links[link.dataset.href];
  }
}

const lists = [...page.querySelectorAll("[data-rows]")].map((list) => [list.dataset.rows.split("."), new Rows(list)]);
const singles = [...page.querySelectorAll("[data-slot], [data-if], [data-unless]")].filter(
  (element) => !element.closest("[data-rows]"),
);

function show(frame) {
  for (const [path, rows] of lists) rows.show(path.reduce((value, key) => value?.[key], frame) ?? []);
  for (const element of singles) showOne(element, frame);
  const verdict = page.querySelector("[data-verdict]");
  verdict.dataset.state = frame.status;
  choose(verdict.querySelector(".verdict-line"), frame.status);
  const said = verdict.querySelector("[data-text]");
  if (said.textContent !== frame.verdict) said.textContent = frame.verdict; // it is read aloud
  page.querySelector("[data-looked]").dateTime = frame.at;
  times.refresh();
}

function showOne(element, frame) {
  const { slot, if: when, unless } = element.dataset;
  const at = (path) => path.split(".").reduce((value, key) => value?.[key], frame);
  if (slot) {
    const text = String(at(slot) ?? "–");
    if (element.textContent !== text) element.textContent = text;
  }
  if (when) element.hidden = !at(when);
  if (unless) element.hidden = !!at(unless);
}

const socket = new LiveSocket(page.dataset.socket);
const status = page.querySelector("[data-status]");
socket.addEventListener("frame", ({ detail }) => {
  if (detail.type === "ops") show(detail);
});
socket.addEventListener("state", ({ detail: { state, code } }) => {
  const name = code ? `refused-${code}` : state;
  status.dataset.status = name;
  page.toggleAttribute("data-stale", state !== "live");
  choose(status, name);
});

let resting = null;
document.addEventListener("visibilitychange", () => {
  clearTimeout(resting);
  if (document.visibilityState === "hidden") resting = setTimeout(() => socket.close(), REST_AFTER);
  else socket.resume();
});
window.addEventListener("pageshow", () => socket.resume());
window.addEventListener("online", () => socket.resume());
socket.resume();
