// The list of the feed on the page: rows come, move and go, as the rules of feed-order.js say. It knows no socket.

import { Counted } from "./counts.js";
import { applied, folded, newestFirst, withdrawn } from "./feed-order.js";
import { runs } from "./runs.js";
import { fill } from "./slots.js";

const ANNOUNCE_AFTER = 1_000;
const QUIET = 10_000; // between two announcements: they are heard over whatever is being read
const LIT = 2_000; // how long a row keeps the light that fades

/**
 * The list of a `<section data-feed>`: `<ol id="activity-feed">` with `<li data-entry-id data-type>`, one
 * `<template data-type>` a type, sentences of runs, an empty state, and a live region that says how many came.
 *
 * Rows are drawn once a frame, however many frames came over the socket. While the view is held, rows do not move: what
 * comes waits, and only what was withdrawn goes at once. Events: `waiting` when the number of waiting entries changed,
 * `shown` with the new or changed `rows`.
 */
export class FeedView extends EventTarget {
  #root;
  #list;
  #templates = new Map();
  #head; // the button of a run, to clone
  #sentences = new Map();
  #rows = new Map(); // on the page, by id
  #filled = new WeakMap(); // row to the entry that it shows
  #changed = new Set(); // rows of which "shown" is yet to tell
  #entries;
  #limit;
  #cut = false;
  #held = false;
  #waiting = new Set();
  #passed = 0; // waited, and fell out of the list before they were shown
  #hole = null; // the newest of those
  #fresh = new Set();
  #lit = new Map();
  #frame = 0;
  #heads = new Map(); // buttons of runs, by the id of the row in which they stand
  #grouped = new Set(); // ids of all rows in runs
  #opened = new Set();
  #announcer;
  #unheard = 0;
  #heard = -Infinity;
  #timer = null;

  /** @param {HTMLElement} section */
  constructor(section) {
    super();
    this.#root = section;
    this.#list = section.querySelector("#activity-feed");
    this.#limit = Number(section.dataset.limit);
    this.#announcer = section.querySelector("[data-announcer]");
    this.#head = section.querySelector("template[data-run-template]").content.firstElementChild;
    for (const template of section.querySelectorAll("template[data-type]")) {
      this.#templates.set(template.dataset.type, template.content.querySelector("li"));
    }
    for (const row of this.#list.children) {
      this.#rows.set(row.dataset.entryId, row);
      this.#filled.set(row, entryOf(row));
    }
    this.#entries = [...this.#rows.values()].map((row) => this.#filled.get(row));
    this.#list.addEventListener("click", ({ target }) => this.#toggle(target.closest("[data-run-head]")));
    this.#fold();
  }

  /** How many rows a snapshot needs to have so that none is lost. */
  get limit() {
    return this.#held ? Math.max(this.#limit, this.#entries.length) : this.#limit;
  }

  /** Whether what comes waits. */
  get held() {
    return this.#held;
  }

  /** How many rows are on the page. */
  get size() {
    return this.#rows.size;
  }

  /** The oldest entry of the list. */
  get last() {
    return this.#entries.at(-1);
  }

  /** Whether there were entries that the list had no room for. */
  get cut() {
    return this.#cut;
  }

  /** How many entries came since the view is held. */
  get waiting() {
    return this.#passed + unfolded(this.#entries, this.#waiting);
  }

  /**
   * Entries came, live or again.
   * @param {object[]} entries
   */
  apply(entries) {
    const before = new Map(this.#entries.map((entry) => [entry.id, entry.timestamp]));
    const list = applied(this.#entries, this.#known(entries));
    this.#keep(list);
    this.#arrived(before, list);
  }

  /**
   * Entries are gone. True where the list was full and is not any more: then it wants to be filled up.
   * @param {string[]} ids
   * @returns {boolean}
   */
  withdraw(ids) {
    const before = this.#entries.length;
    this.#entries = withdrawn(this.#entries, ids);
    for (const id of ids) this.#remove(id);
    this.#fold(this.#held);
    this.#tell("waiting");
    return before >= this.#limit && this.#entries.length < this.#limit;
  }

  /**
   * A snapshot: these, and no others.
   * @param {object[]} entries
   */
  replaceAll(entries) {
    const before = new Map(this.#entries.map((entry) => [entry.id, entry.timestamp]));
    this.#entries = this.#known(entries).sort(newestFirst).slice(0, this.limit);
    this.#hole = null;
    const kept = new Map(this.#entries.map((entry) => [entry.id, entry]));
    // A snapshot may come because of a new name, or fewer rights: nothing of the old rows may stay, also while held.
    for (const [id, row] of this.#rows) {
      if (kept.has(id)) this.#fill(row, kept.get(id));
      else this.#remove(id);
    }
    this.#fold(this.#held);
    this.#arrived(before);
  }

  /**
   * Older entries, or those that take the places of withdrawn ones.
   * @param {object[]} entries
   * @param {number} [more] How many rows more the list may have from now on.
   */
  extend(entries, more = 0) {
    this.#limit += more;
    const list = applied(this.#entries, this.#known(entries));
    this.#entries = this.#held ? list : list.slice(0, this.#limit);
    if (this.#held) this.#showBelow();
    else this.#draw();
  }

  /** Let no row move until `release()`. */
  hold() {
    if (this.#frame) this.#draw(); // it came before
    this.#held = true;
  }

  /** Show what waited. */
  release() {
    if (!this.#held) return;
    this.#held = false;
    this.#fresh = this.#waiting;
    this.#waiting = new Set();
    this.#passed = 0;
    this.#closeHole();
    this.#keep(this.#entries);
    this.#draw();
    this.#tell("waiting");
  }

  // The first rows, and while held those on the page beside.
  #keep(list) {
    const stays = (entry, place) => place < this.#limit || (this.#held && this.#rows.has(entry.id));
    const last = this.#filled.get(this.#list.lastElementChild);
    this.#entries = list.filter(stays);
    this.#cut ||= this.#entries.length < list.length;
    if (!this.#held || !last) return;
    const kept = new Set(this.#entries);
    const dropped = list.find((entry) => !kept.has(entry) && newestFirst(entry, last) < 0);
    if (dropped && !(this.#hole && newestFirst(this.#hole, dropped) < 0)) this.#hole = dropped;
  }

  // More came than the list had room for above what was read: from there on it begins anew, as older pages.
  #closeHole() {
    if (!this.#hole) return;
    this.#entries = this.#entries.filter((entry) => newestFirst(entry, this.#hole) < 0);
    this.#limit = this.#entries.length;
    this.#hole = null;
  }

  // Of a list that may be longer than what is kept of it. More can come than the list has room for; what is older than
  // all that is shown is no news.
  #arrived(before, list = this.#entries) {
    const last = this.#filled.get(this.#list.lastElementChild);
    const kept = new Set(this.#entries);
    const isNews = (entry) => kept.has(entry) || (this.#held && !(last && newestFirst(last, entry) < 0));
    const fresh = list.filter((entry) => before.get(entry.id) !== entry.timestamp && isNews(entry));
    const ids = fresh.map(({ id }) => id);
    for (const id of ids) (this.#held ? this.#waiting : this.#fresh).add(id);
    if (this.#held) {
      if (this.#waiting.size > this.#limit) this.#forget();
      this.#tell("waiting");
    } else {
      this.#frame ||= requestAnimationFrame(() => this.#draw());
    }
    this.#announce(unfolded(this.#entries, ids));
  }

  // However long the page is paused, no more is kept than can be shown.
  #forget() {
    const kept = new Set(this.#entries.map(({ id }) => id));
    for (const id of this.#waiting) {
      if (!kept.has(id)) {
        this.#waiting.delete(id);
        this.#passed += 1;
      }
    }
  }

  // A newer server may have types that this page has no row for.
  #known(entries) {
    return entries.filter((entry) => this.#templates.has(entry.type));
  }

  #remove(id) {
    this.#rows.get(id)?.remove();
    this.#rows.delete(id);
    this.#waiting.delete(id);
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    const rows = new Map();
    let place = this.#list.firstElementChild;
    for (const entry of this.#entries) {
      const row = this.#row(entry);
      rows.set(entry.id, row);
      if (row === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row, place);
    }
    while (place) {
      const next = place.nextElementSibling;
      place.remove();
      place = next;
    }
    this.#rows = rows;
    this.#light();
    this.#fold();
    this.#show();
    // Whoever moves by keyboard stays where they are, though the row moves.
    if (focused?.isConnected && focused !== document.activeElement) focused.focus({ preventScroll: true });
  }

  // While held: what is missing comes below the rows that are there, which do not move. What is newer than all waits.
  #showBelow() {
    const added = new Set();
    let place = this.#list.firstElementChild;
    for (const entry of this.#entries) {
      if (this.#waiting.has(entry.id) && !this.#rows.has(entry.id)) continue;
      while (place && newestFirst(this.#filled.get(place), entry) < 0) place = place.nextElementSibling;
      if (this.#rows.has(entry.id)) continue;
      if (place && place === this.#list.firstElementChild) {
        this.#waiting.add(entry.id);
      } else {
        const row = this.#row(entry);
        this.#list.insertBefore(row, place);
        this.#rows.set(entry.id, row);
        added.add(entry.id);
      }
    }
    this.#fold(true, added);
    this.#tell("waiting");
    this.#show();
  }

  #row(entry) {
    const row = this.#rows.get(entry.id) ?? this.#templates.get(entry.type).cloneNode(true);
    if (this.#filled.get(row) !== entry) this.#fill(row, entry);
    return row;
  }

  #fill(row, entry) {
    this.#filled.set(row, entry);
    this.#changed.add(row);
    row.dataset.entryId = entry.id;
    row.dataset.user = entry.user.id;
    row.dataset.lesson = entry.lesson?.id ?? "";
    row.dataset.course = entry.course.id;
    row.dataset.status = entry.data.status ?? "";
    fill(row, entry);
  }

  #light() {
    const now = performance.now();
    for (const [row, at] of this.#lit) {
      if (now - at < LIT) continue;
      row.removeAttribute("data-fresh");
      this.#lit.delete(row);
    }
    for (const id of this.#fresh) {
      const row = this.#rows.get(id);
      row?.setAttribute("data-fresh", "");
      if (row) this.#lit.set(row, now);
    }
    this.#fresh = new Set();
  }

  #fold(held = false, added = new Set()) {
    const list = [...this.#list.children].map((row) => this.#filled.get(row));
    const folds = folded(list);
    for (const [id, row] of this.#rows) mark(row, "folded", folds.get(id));
    this.#foldRuns(runs(list, folds).filter(({ entries }) => !held || this.#mayFold(entries, added)));
    const empty = this.#root.querySelector("[data-empty]");
    if (empty) empty.hidden = this.#rows.size > 0;
  }

  // While held, what stands there to be read is not folded away.
  #mayFold(entries, added) {
    return entries.some(({ id }) => this.#grouped.has(id)) || entries.every(({ id }) => added.has(id));
  }

  #foldRuns(found) {
    const heads = new Map();
    const grouped = new Map();
    for (const { kind, students, entries } of found) {
      const rows = entries.map(({ id }) => this.#rows.get(id));
      const head = entries.map(({ id }) => this.#heads.get(id)).find(Boolean) ?? this.#head.cloneNode(true);
      // Nobody loses what they are at.
      const inUse = rows.some((row) => row.contains(document.activeElement)) && !head.contains(document.activeElement);
      const isOpen = inUse || entries.some(({ id }) => this.#opened.has(id));
      for (const { id } of entries) {
        if (isOpen) this.#opened.add(id);
        grouped.set(id, isOpen ? "shown" : "hidden");
      }
      grouped.set(entries[0].id, isOpen ? "open" : "closed");
      heads.set(entries[0].id, head);
      head.setAttribute("aria-expanded", String(isOpen));
      if (head.parentElement !== rows[0]) rows[0].prepend(head);
      if (head.dataset.count !== String(students)) {
        head.dataset.count = students;
        head.querySelector("[data-text]").replaceChildren(this.#sentence(kind).fragment(students));
        fill(head, entries[0]);
      }
    }
    const used = new Set(heads.values());
    for (const head of this.#heads.values()) if (!used.has(head)) head.remove();
    for (const [id, row] of this.#rows) mark(row, "run", grouped.get(id));
    for (const id of this.#opened) if (!grouped.has(id)) this.#opened.delete(id);
    this.#heads = heads;
    this.#grouped = new Set(grouped.keys());
  }

  #toggle(head) {
    if (!head) return;
    const run = runFrom(head.parentElement);
    const isOpen = head.getAttribute("aria-expanded") === "true";
    for (const { dataset } of run) this.#opened[isOpen ? "delete" : "add"](dataset.entryId);
    this.#fold(this.#held);
  }

  #sentence(name) {
    const known = this.#sentences.get(name) ?? new Counted(this.#root, name, document.documentElement.lang);
    this.#sentences.set(name, known);
    return known;
  }

  #show() {
    const rows = [...this.#changed];
    this.#changed.clear();
    this.#tell("shown", { rows });
  }

  // One sentence for all that came meanwhile, not one for each row.
  #announce(count) {
    if (!count || !this.#announcer) return;
    this.#unheard += count;
    const delay = Math.max(ANNOUNCE_AFTER, this.#heard + QUIET - performance.now());
    this.#timer ??= setTimeout(() => {
      this.#announcer.textContent = this.#sentence("new-entries").say(this.#unheard);
      this.#unheard = 0;
      this.#heard = performance.now();
      this.#timer = null;
    }, delay);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

// How many of these a reader would count: a row folded under its completion is no news of its own.
function unfolded(entries, ids) {
  const folds = folded(entries);
  return [...ids].filter((id) => folds.get(id) !== "under").length;
}

function mark(row, name, value) {
  if (row.dataset[name] === value) return;
  if (value) row.dataset[name] = value;
  else delete row.dataset[name];
}

// The rows of the run that begins with this one.
function runFrom(head) {
  const rows = [head];
  let row = head.nextElementSibling;
  // Rows folded under their completion lie between, and belong to none.
  for (; row && (row.dataset.folded === "under" || /shown|hidden/.test(row.dataset.run)); row = row.nextElementSibling) {
    if (row.dataset.run) rows.push(row);
  }
  return rows;
}

// What the order of rows needs to know of one that Django rendered.
function entryOf(row) {
  const { entryId, type, user, lesson, course, status } = row.dataset;
  const title = (of) => row.querySelector(`[data-slot="${of}.title"]`)?.textContent;
  return {
    id: entryId,
    type,
    timestamp: row.querySelector("time").dateTime,
    user: { id: user },
    course: { id: course, title: title("course") },
    lesson: lesson ? { id: lesson, title: title("lesson") } : null,
    data: { status, passed: row.querySelector('[data-if="data.passed"]')?.hidden === false },
  };
}
