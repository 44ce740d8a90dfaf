// Who needs me now: a list that is loaded anew when somebody answered and each minute, with Dismiss, Snooze and Undo.

import { Counted } from "./counts.js";
import { choose, fill } from "./slots.js";
import { Times } from "./times.js";

const EVERY = 60_000;
const UNDO_FOR = 60_000;
// After a frame every open page asks: not all in the same instant.
const SPREAD = 250;

/** The panel: one list of reasons, each with its answers. */
class Attention {
  #section;
  #list;
  #said;
  #times = new Times(document);
  #shown;
  #answered = new Map(); // ids that were answered here, with the moment of the server's yes; null: not yet
  #unloaded; // reasons that the page load counted and did not bring
  #timer;
  #turn = Promise.resolve(); // loads follow each other
  #stale = false;
  #counted;
  #allOf;

  constructor(section) {
    this.#section = section;
    this.#list = section.querySelector("[data-list]");
    this.#said = section.querySelector("[data-said]");
    this.#shown = Number(section.dataset.shown);
    this.#unloaded = Number(section.querySelector("[data-total]").dataset.total) - this.#rows().length;
    const language = document.documentElement.lang;
    this.#counted = new Counted(section, "reasons", language);
    this.#allOf = new Counted(section, "show-all", language);
    section.addEventListener("submit", (event) => this.#submitted(event));
    section.addEventListener("keydown", (event) => this.#closeMenu(event));
    section.querySelector("[data-all]").addEventListener("click", (event) => this.#showAll(event));
    document.addEventListener("feed:attention", () => this.#soon(Math.random() * SPREAD));
    // Frames that were told while there was no connection are lost.
    document.addEventListener("feed:state", ({ detail }) => {
      if (detail.state !== "live") this.#stale = true;
      else if (this.#stale) this.#soon(Math.random() * SPREAD);
    });
    document.addEventListener("visibilitychange", () => this.#shownAgain());
    for (const row of this.#list.querySelectorAll("[data-undo]")) this.#expire(row);
    this.#needs(this.#rows().map((row) => [row.dataset.user, row.querySelector('[data-slot="sentence"]').textContent]));
    this.#soon();
  }

  #rows() {
    return [...this.#list.querySelectorAll("[data-reason]")];
  }

  // --- loading

  #soon(delay = EVERY * (0.75 + Math.random() / 2)) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#load(), delay);
  }

  #shownAgain() {
    if (document.visibilityState === "visible") this.#soon(this.#stale ? 0 : undefined);
  }

  #load() {
    clearTimeout(this.#timer);
    this.#turn = this.#turn.then(() => this.#loadNow());
    return this.#turn;
  }

  async #loadNow() {
    this.#stale = document.visibilityState === "hidden";
    if (this.#stale) return; // it is loaded when it is shown
    const asked = performance.now();
    let status = 0;
    try {
      const response = await fetch(this.#section.dataset.url, { credentials: "same-origin" });
      status = response.status;
      if (response.ok) this.#show((await response.json()).reasons, asked);
    } catch {
      status = 0;
    }
    this.#problem(status);
    if (status !== 401 && status !== 403) this.#soon();
  }

  #problem(status) {
    const problem = this.#section.querySelector(":scope > details > [data-problem]");
    problem.hidden = status === 200;
    choose(problem, status === 401 || status === 403 ? "refused" : "away");
  }

  #show(reasons, asked) {
    this.#unloaded = 0;
    for (const [id, at] of this.#answered) if (at !== null && at < asked) this.#answered.delete(id);
    // What was answered while the answer was on its way still stands in it.
    const standing = reasons.filter((reason) => !this.#answered.has(reason.id));
    const known = new Map(this.#rows().map((row) => [row.dataset.reason, row]));
    const focused = document.activeElement;
    const wanted = new Set(standing.map((reason) => reason.id));
    const before = [...known.keys()].filter((id) => !this.#answered.has(id));
    for (const [id, row] of known) if (!wanted.has(id)) this.#remove(row);
    let place = this.#list.firstElementChild;
    for (const reason of standing) {
      while (place?.matches("[data-undo]")) place = place.nextElementSibling;
      const row = known.get(reason.id) ?? this.#clone(reason);
      fill(row, reason);
      if (row === place) place = place.nextElementSibling;
      else this.#list.insertBefore(row, place);
    }
    if (focused !== document.activeElement && focused?.isConnected) focused.focus();
    this.#count();
    this.#times.refresh();
    this.#needs(standing.map((reason) => [reason.student.id, reason.sentence]));
    if (before.length !== wanted.size || before.some((id) => !wanted.has(id))) {
      this.#said.querySelector("[data-sentence]").textContent = this.#counted.say(standing.length);
      choose(this.#said, "changed");
    }
  }

  #clone(reason) {
    const template = this.#section.querySelector(`template[data-kind="${CSS.escape(reason.kind)}"]`);
    const row = template.content.firstElementChild.cloneNode(true);
    row.dataset.reason = reason.id;
    row.dataset.user = reason.student.id;
    row.querySelector('[name="reason"]').value = reason.id;
    return row;
  }

  #count() {
    const rows = this.#rows();
    rows.forEach((row, place) => {
      row.hidden = place >= this.#shown;
    });
    const count = rows.length + this.#unloaded;
    const total = this.#section.querySelector("[data-total]");
    total.textContent = count;
    total.hidden = count === 0;
    this.#section.querySelector("[data-empty]").hidden = count > 0;
    this.#section.querySelector("[data-more]").hidden = count <= this.#shown;
    this.#section.querySelector("[data-all]").textContent = this.#allOf.say(count);
  }

  // The most urgent reason of each student, for whoever lists students.
  #needs(pairs) {
    const detail = Object.fromEntries([...pairs].reverse());
    document.dispatchEvent(new CustomEvent("feed:needs", { detail }));
  }

  async #showAll(event) {
    event.preventDefault();
    const first = this.#shown;
    this.#shown = Infinity;
    if (this.#unloaded) await this.#load();
    this.#count();
    (this.#rows()[first]?.querySelector("a") ?? this.#section.querySelector("h2")).focus();
  }

  // --- answers

  async #submitted(event) {
    event.preventDefault();
    const row = event.target.closest("li");
    const act = event.submitter.value;
    const id = event.target.elements.reason.value;
    if (act === "undo") await this.#undo(row, id);
    else await this.#answer(row, id, act);
  }

  async #answer(row, id, act) {
    const word = act === "dismiss" ? "dismissed" : "snoozed";
    const undone = this.#section.querySelector(`template[data-undone="${word}"]`).content.firstElementChild.cloneNode(true);
    undone.dataset.undo = id;
    undone.querySelector('[name="reason"]').value = id;
    fill(undone, { name: row.querySelector('[data-slot="student.name"]').textContent });
    this.#answered.set(id, null);
    row.querySelector(".snooze").open = false;
    row.querySelector("[data-problem]").hidden = true;
    row.replaceWith(undone);
    undone.querySelector("button").focus();
    this.#count();
    choose(this.#said, word);
    const status = await this.#post(id, act === "dismiss" ? "dismiss" : "snooze", { for: act });
    if (status === 200) {
      this.#answered.set(id, performance.now());
      this.#expire(undone);
    } else if (status === 404) {
      this.#answered.delete(id); // the student or the course is not there any more
      undone.remove();
      this.#soon(0);
    } else {
      this.#answered.delete(id);
      undone.replaceWith(row);
      row.querySelector("[data-problem]").hidden = false;
      row.querySelector("button").focus();
      this.#count();
      choose(this.#said, "failed");
    }
  }

  async #undo(row, id) {
    const status = await this.#post(id, "undo");
    if (status !== 200) {
      row.querySelector("[data-problem]").hidden = false;
      choose(this.#said, "failed");
      return;
    }
    this.#answered.delete(id);
    choose(this.#said, "back");
    await this.#load();
    const back = this.#rows().find((each) => each.dataset.reason === id && !each.hidden);
    (back?.querySelector("button") ?? this.#section.querySelector("h2")).focus();
    row.remove();
  }

  async #post(id, act, body = {}) {
    try {
      const response = await fetch(`${this.#section.dataset.url}${encodeURIComponent(id)}/${act}/`, {
        method: "POST",
        credentials: "same-origin",
        headers: {
          "Content-Type": "application/json",
          "X-CSRFToken": document.querySelector('meta[name="csrf-token"]').content,
        },
        body: JSON.stringify(body),
      });
      return response.status;
    } catch {
      return 0;
    }
  }

  #expire(row) {
    setTimeout(() => this.#remove(row), UNDO_FOR);
  }

  // Whoever stands on a row that goes is led to the next one.
  #remove(row) {
    if (row.contains(document.activeElement)) {
      const next = row.nextElementSibling ?? row.previousElementSibling;
      (next?.querySelector("a, button") ?? this.#section.querySelector("h2")).focus();
    }
    row.remove();
  }

  #closeMenu(event) {
    const menu = event.key === "Escape" && event.target.closest(".snooze[open]");
    if (!menu) return;
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

for (const section of document.querySelectorAll("[data-attention]")) new Attention(section);
