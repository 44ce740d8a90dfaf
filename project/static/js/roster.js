// The roster on the page: who is watching now, live. It knows no socket: it hears what the feed tells at the document.

import { Counted } from "./counts.js";
import { RosterOrder, pathOf } from "./roster-order.js";
import { choose } from "./slots.js";
import { Times } from "./times.js";

// What one frame of the screen is given, in ms and in moves: five hundred cards at once would hold it for longer than
// anybody should notice, and each move has the browser lay the cards out anew.
const BUDGET = 3;
const MOVES = 8;

/** The cards of a `<section data-roster>`. What is heard is noted at once, and shown with the next frame of the screen. */
class Roster {
  #root;
  #list;
  #blank;
  #badges = new Map();
  #cards = new Map(); // "user:lesson" to card: what is known, and `shown`, which is what its element shows
  #order;
  #dirty = new Set();
  #needs = {};
  #counts = new Map();
  #here;
  #numbers;
  #times;
  #forClass;
  #asked = false;
  #touched = false; // somebody points at a card or has come to one: nothing may move away under them
  #timer = null;
  #liveAt = new Date();

  constructor(root) {
    const language = document.documentElement.lang;
    this.#root = root;
    this.#list = root.querySelector(".seats");
    this.#forClass = root.dataset.view === "class";
    this.#blank = root.querySelector("template[data-blank]").content.querySelector("li");
    for (const template of root.querySelectorAll("template[data-state]")) {
      this.#badges.set(template.dataset.state, template.content.firstElementChild);
    }
    for (const count of root.querySelectorAll("[data-count]:not(template)")) this.#counts.set(count.dataset.count, count);
    this.#numbers = new Intl.NumberFormat(language);
    this.#here = new Counted(root, "here", language);
    this.#times = new Times(this.#list);
    this.#order = new RosterOrder(language);
    for (const element of [...this.#list.children]) this.#adopt(element);
    this.#list.append(...this.#order.cards.map(({ element }) => element));
    this.#times.refresh();
    for (const button of root.querySelectorAll("[data-show]")) button.addEventListener("click", () => this.#show(button));
    this.#standStillWhileTouched();
  }

  /** Take in a presence frame. */
  hear(frame) {
    if (frame.away) {
      this.#say("away");
      return;
    }
    this.#say("live");
    const left = frame.full ? new Set(this.#cards.keys()) : new Set((frame.left ?? []).map((key) => key.join(":")));
    for (const row of frame.seats) {
      const key = `${row.user}:${row.lesson}`;
      const card = this.#cards.get(key) ?? { need: this.#needs[row.user] ?? "" };
      Object.assign(card, row, { left: false });
      this.#cards.set(key, card);
      this.#dirty.add(card);
      left.delete(key);
    }
    for (const key of left) {
      const card = this.#cards.get(key);
      if (!card) continue;
      card.left = true;
      this.#cards.delete(key);
      this.#dirty.add(card);
    }
    this.#root.querySelector("[data-here]").textContent = this.#here.say(frame.counts.here);
    this.#ask();
  }

  /** The feed's connection came or went; live again is the roster with its first frame. */
  connected(state) {
    const { status } = this.#root.dataset;
    if (state === "live" || (state === "connecting" && status === "loading") || !["live", "loading"].includes(status)) return;
    const since = this.#root.querySelector(".roster-status time");
    since.dateTime = this.#liveAt.toISOString();
    this.#times.show(since);
    this.#say("stale");
  }

  /**
   * Who needs help, and why.
   * @param {Object<string, string>} needs By the student's id, a sentence.
   */
  need(needs) {
    if (this.#forClass) return;
    this.#needs = needs;
    for (const card of this.#cards.values()) {
      const sentence = needs[card.user] ?? "";
      if (sentence === card.need) continue;
      card.need = sentence;
      this.#dirty.add(card);
    }
    this.#ask();
  }

  #say(status) {
    if (status === "live") this.#liveAt = new Date();
    if (this.#root.dataset.status === status) return;
    this.#root.dataset.status = status;
    choose(this.#root.querySelector(".roster-status"), status);
    this.#showEmpty();
  }

  // What the server has made, before anything was heard.
  #adopt(element) {
    const { user, lesson, state, watched } = element.dataset;
    const text = (selector) => element.querySelector(selector).textContent;
    const card = {
      element, user: Number(user), lesson: Number(lesson), name: text("[data-name]"), title: text("[data-title]"), state, watched,
      name_hidden: element.dataset.hidden !== undefined, percentage: Number(text("[data-percentage]")), need: "",
      since: element.querySelector("time").dateTime,
    };
    card.shown = { ...card };
    this.#cards.set(`${user}:${lesson}`, card);
    this.#order.add(card);
  }

  #ask() {
    if (this.#asked) return;
    this.#asked = true;
    requestAnimationFrame(() => {
      this.#asked = false;
      this.#draw();
    });
  }

  #draw() {
    const now = Date.now();
    const until = performance.now() + BUDGET;
    for (const card of this.#dirty) {
      if (performance.now() > until) break;
      this.#dirty.delete(card);
      if (card.left) this.#remove(card);
      else if (card.element) {
        this.#fill(card);
        this.#order.changed(card, now);
      } else {
        card.element = this.#blank.cloneNode(true);
        card.shown = {};
        this.#fill(card);
        this.#order.add(card);
        this.#list.insertBefore(card.element, this.#order.after(card)?.element ?? null);
      }
    }
    if (this.#dirty.size) this.#ask();
    else if (!this.#touched) this.#move(now);
    this.#count();
    this.#later(now);
  }

  #move(now) {
    // From the end, so that whoever stands after a card stands there already.
    const moved = new Set(this.#order.settle(now, MOVES));
    for (let index = this.#order.cards.length - 1; moved.size && index >= 0; index -= 1) {
      const card = this.#order.cards[index];
      if (moved.delete(card)) this.#list.insertBefore(card.element, this.#order.cards[index + 1]?.element ?? null);
    }
  }

  #later(now) {
    clearTimeout(this.#timer);
    const next = this.#order.next;
    if (next < Infinity && !this.#touched) this.#timer = setTimeout(() => this.#ask(), Math.max(0, next - now));
  }

  #remove(card) {
    if (card.element) {
      this.#order.remove(card);
      card.element.remove();
    }
  }

  // Only what is not shown yet: a card that did not change costs the browser nothing.
  #fill(card) {
    const { element, shown } = card;
    const differs = (field) => shown[field] !== card[field] && ((shown[field] = card[field]), true);
    if (differs("state")) {
      element.dataset.state = card.state;
      element.querySelector(".seat-state").replaceWith(this.#badges.get(card.state).cloneNode(true));
    }
    if (differs("watched")) element.querySelector(".seat-strip path").setAttribute("d", pathOf(card.watched));
    if (differs("percentage")) {
      const percentage = element.querySelector("[data-percentage]");
      percentage.textContent = percentage.value = String(card.percentage);
    }
    if (differs("since")) {
      const since = element.querySelector("time");
      since.dateTime = card.since;
      this.#times.show(since);
    }
    if (differs("title")) element.querySelector("[data-title]").textContent = card.title;
    if (differs("need")) {
      const need = element.querySelector(".seat-need");
      need.textContent = card.need;
      need.hidden = !card.need;
      element.toggleAttribute("data-need", !!card.need);
    }
    if ([differs("name"), differs("name_hidden")].some(Boolean)) this.#name(card);
  }

  #name({ element, user, name, name_hidden: isHidden }) {
    const anonymous = this.#forClass && isHidden;
    const link = element.querySelector("a");
    link.querySelector("[data-name]").textContent = anonymous ? this.#root.dataset.anonymous : name;
    if (anonymous) link.removeAttribute("href");
    else link.href = this.#root.dataset.studentAddress.replace("/0/", `/${user}/`);
  }

  #count() {
    const counts = { "": this.#cards.size, need: 0, idle: 0, paused: 0, playing: 0, gone: 0 };
    for (const { state, need } of this.#cards.values()) {
      counts[state] += 1;
      if (need) counts.need += 1;
    }
    for (const [name, element] of this.#counts) {
      const value = String(counts[name]);
      if (element.value === value) continue;
      element.value = value;
      element.textContent = this.#numbers.format(counts[name]);
    }
    this.#showEmpty();
  }

  #showEmpty() {
    const empty = this.#root.querySelector("[data-empty]");
    const kind = this.#list.dataset.show ?? "";
    empty.hidden = this.#root.dataset.status === "away" || this.#counts.get(kind).value !== "0";
    choose(empty, kind ? "filtered" : "all");
  }

  #show(button) {
    for (const other of this.#root.querySelectorAll("[data-show][aria-pressed]")) {
      other.setAttribute("aria-pressed", String(other === button));
    }
    this.#list.dataset.show = button.dataset.show;
    this.#showEmpty();
  }

  #standStillWhileTouched() {
    const touch = (touched) => {
      this.#touched = touched;
      if (!touched) this.#ask();
    };
    this.#list.addEventListener("pointerenter", ({ pointerType }) => pointerType === "mouse" && touch(true));
    this.#list.addEventListener("pointerleave", () => touch(this.#list.contains(document.activeElement)));
    this.#list.addEventListener("focusin", () => touch(true));
    this.#list.addEventListener("focusout", ({ relatedTarget }) => touch(this.#list.contains(relatedTarget)));
  }
}

for (const section of document.querySelectorAll("section[data-roster]")) {
  const roster = new Roster(section);
  document.addEventListener("feed:presence", ({ detail }) => roster.hear(detail));
  document.addEventListener("feed:state", ({ detail }) => roster.connected(detail.state));
  document.addEventListener("feed:needs", ({ detail }) => roster.need(detail));
}
