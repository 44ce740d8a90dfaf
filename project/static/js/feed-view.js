// The list of the feed on the page: rows come, move and go, as the rules of feed-order.js say. It knows no socket.

import { Counted } from "./counts.js";
import { applied, folded, newestFirst, withdrawn } from "./feed-order.js";
import { fill } from "./slots.js";

const ANNOUNCE_AFTER = 1_000;

/**
 * The list of a `<section data-feed>`: `<ol id="activity-feed">` with `<li data-entry-id data-type>`, one
 * `<template data-type>` a type, an empty state, a live region that says how many came, and a button that says how many
 * wait.
 *
 * While the view is held, rows do not move: what comes waits, and only what was withdrawn goes at once. Events:
 * `waiting` when the number of waiting entries changed, `shown` when rows changed.
 */
export class FeedView extends EventTarget {
  #root;
  #list;
  #templates = new Map();
  #rows = new Map();
  #filled = new WeakMap(); // row to the entry that it shows
  #entries;
  #limit;
  #held = false;
  #waiting = new Set();
  #announcer;
  #announcement;
  #unheard = 0;
  #timer = null;

  /** @param {HTMLElement} section */
  constructor(section) {
    super();
    this.#root = section;
    this.#list = section.querySelector("#activity-feed");
    this.#limit = Number(section.dataset.limit);
    this.#announcer = section.querySelector("[data-announcer]");
    this.#announcement = new Counted(section, "new-entries", document.documentElement.lang);
    for (const template of section.querySelectorAll("template[data-type]")) {
      this.#templates.set(template.dataset.type, template.content.querySelector("li"));
    }
    for (const row of this.#list.children) this.#rows.set(row.dataset.entryId, row);
    this.#entries = [...this.#rows.values()].map((row) => {
      this.#filled.set(row, entryOf(row));
      return this.#filled.get(row);
    });
    this.#fold();
  }

  /** How many rows the list has at most. */
  get limit() {
    return this.#limit;
  }

  /** The entries of the list, newest first, those that wait included. */
  get entries() {
    return [...this.#entries];
  }

  /** How many entries came since the view is held. */
  get waiting() {
    return unfolded(this.#entries, this.#waiting);
  }

  /** Whether rows stand still. */
  get held() {
    return this.#held;
  }

  /**
   * Entries came, live or again.
   * @param {object[]} entries
   */
  apply(entries) {
    const before = new Map(this.#entries.map((entry) => [entry.id, entry.timestamp]));
    this.#entries = applied(this.#entries, this.#known(entries), this.#limit);
    const fresh = this.#entries.filter((entry) => before.get(entry.id) !== entry.timestamp);
    this.#arrived(fresh);
  }

  /**
   * Entries are gone. True where the list was full and is not any more: then it wants to be refilled.
   * @param {string[]} ids
   * @returns {boolean}
   */
  withdraw(ids) {
    const before = this.#entries.length;
    this.#entries = withdrawn(this.#entries, ids);
    for (const id of ids) {
      this.#rows.get(id)?.remove();
      this.#rows.delete(id);
      this.#waiting.delete(id);
    }
    if (!this.#held) this.#show();
    this.#tell("waiting");
    return before === this.#limit && this.#entries.length < before;
  }

  /**
   * A snapshot: these, and no others.
   * @param {object[]} entries
   */
  replaceAll(entries) {
    const before = new Map(this.#entries.map((entry) => [entry.id, entry.timestamp]));
    this.#entries = this.#known(entries).sort(newestFirst).slice(0, this.#limit);
    const kept = new Set(this.#entries.map((entry) => entry.id));
    const fresh = this.#entries.filter((entry) => before.get(entry.id) !== entry.timestamp);
    // A snapshot may come because of a new name, or fewer rights: nothing of the old rows may stay, also while held.
    for (const [id, row] of this.#rows) {
      if (!kept.has(id)) {
        row.remove();
        this.#rows.delete(id);
        this.#waiting.delete(id);
      }
    }
    for (const entry of this.#entries) this.#rows.has(entry.id) && this.#fill(this.#rows.get(entry.id), entry);
    this.#arrived(fresh);
  }

  /**
   * Older entries, or those that take the places of withdrawn ones.
   * @param {object[]} entries
   * @param {number} [limit] How many rows the list has from now on.
   */
  extend(entries, limit = this.#limit) {
    this.#limit = limit;
    this.#entries = applied(this.#entries, this.#known(entries), limit);
    if (this.#held) this.#showBelow();
    else this.#show();
  }

  /** Let no row move until `release()`. */
  hold() {
    this.#held = true;
  }

  /** Show what waited. */
  release() {
    if (!this.#held) return;
    this.#held = false;
    const fresh = this.#waiting;
    this.#waiting = new Set();
    this.#show(fresh);
    this.#tell("waiting");
  }

  #arrived(fresh) {
    const ids = new Set(fresh.map((entry) => entry.id));
    if (this.#held) {
      for (const id of ids) this.#waiting.add(id);
      this.#tell("waiting");
    } else {
      this.#show(ids);
      this.#announce(unfolded(this.#entries, ids));
    }
  }

  // A newer server may have types that this page has no row for.
  #known(entries) {
    return entries.filter((entry) => this.#templates.has(entry.type));
  }

  #show(fresh = new Set()) {
    const rows = new Map();
    let place = this.#list.firstElementChild;
    for (const entry of this.#entries) {
      const row = this.#row(entry);
      rows.set(entry.id, row);
      row.toggleAttribute("data-fresh", fresh.has(entry.id));
      if (row === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row, place);
    }
    while (place) {
      const next = place.nextElementSibling;
      place.remove();
      place = next;
    }
    this.#rows = rows;
    this.#fold();
    this.#tell("shown");
  }

  // While held: what is missing comes below the rows that are there, which do not move. What is newer than all waits.
  #showBelow() {
    for (const entry of this.#entries) {
      if (this.#rows.has(entry.id) || this.#waiting.has(entry.id)) continue;
      const older = [...this.#list.children].find((row) => newestFirst(this.#filled.get(row), entry) > 0) ?? null;
      if (older && older === this.#list.firstElementChild) {
        this.#waiting.add(entry.id);
      } else {
        const row = this.#row(entry);
        this.#list.insertBefore(row, older);
        this.#rows.set(entry.id, row);
      }
    }
    this.#fold();
    this.#tell("waiting");
    this.#tell("shown");
  }

  #row(entry) {
    const row = this.#rows.get(entry.id) ?? this.#templates.get(entry.type).cloneNode(true);
    if (this.#filled.get(row) !== entry) this.#fill(row, entry);
    return row;
  }

  #fill(row, entry) {
    this.#filled.set(row, entry);
    row.dataset.entryId = entry.id;
    row.dataset.user = entry.user.id;
    row.dataset.lesson = entry.lesson?.id ?? "";
    row.dataset.status = entry.data.status ?? "";
    fill(row, entry);
  }

  #fold() {
    const folds = folded([...this.#rows.values()].map((row) => this.#filled.get(row)));
    for (const [id, row] of this.#rows) {
      if (folds.has(id)) row.dataset.folded = folds.get(id);
      else delete row.dataset.folded;
    }
    const empty = this.#root.querySelector("[data-empty]");
    if (empty) empty.hidden = this.#rows.size > 0;
  }

  // One sentence for all that came within a second, not one for each row.
  #announce(count) {
    if (!count || !this.#announcer) return;
    this.#unheard += count;
    this.#timer ??= setTimeout(() => {
      this.#announcer.textContent = this.#announcement.say(this.#unheard);
      this.#unheard = 0;
      this.#timer = null;
    }, ANNOUNCE_AFTER);
  }

  #tell(type) {
    this.dispatchEvent(new CustomEvent(type));
  }
}

// How many of these a reader would count: a row folded under its completion is no news of its own.
function unfolded(entries, ids) {
  const folds = folded(entries);
  return [...ids].filter((id) => folds.get(id) !== "under").length;
}

// What the order of rows needs to know of one that Django rendered.
function entryOf(row) {
  const { entryId, type, user, lesson, status } = row.dataset;
  return {
    id: entryId,
    type,
    timestamp: row.querySelector("time").dateTime,
    user: { id: user },
    lesson: lesson ? { id: lesson } : null,
    data: { status },
  };
}
