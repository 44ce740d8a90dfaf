// Toasts: what a student has just earned, shown once over all tabs and devices, for as long as it takes to read.

import { fill } from "./slots.js";

/** Milliseconds that a toast stays, not counting those in which it is pointed at, focused, or in a hidden tab. */
const STAYS = 12_000;
/** Milliseconds between two looks at the clock. */
const BEAT = 500;
/** Milliseconds in which further news is waited for, before the server is asked. */
const GATHER = 300;
const EARNS = new Set(["lesson_completed", "exam_attempt", "certification_issued"]);

const region = document.querySelector("[data-toasts]");
let asked = null;

// What stood in the page when it was loaded is said by no screen reader: it is put in anew.
for (const toast of [...region.children]) {
  toast.remove();
  requestAnimationFrame(() => show(toast));
}
document.addEventListener("achievements:look", look);
document.addEventListener("feed:entries", ({ detail }) => {
  const own = ({ type, user }) => EARNS.has(type) && String(user.id) === region.dataset.person;
  if (detail.entries.some(own)) look();
});
// Whoever takes news tells it: a tab that nobody sees leaves it to the others, and asks when it is shown.
document.addEventListener("visibilitychange", () => {
  if (asked === "later" && isSeen()) look();
});

/** Ask soon whether something was earned. */
function look() {
  if (!isSeen()) {
    asked = "later";
  } else if (typeof asked !== "number") {
    asked = setTimeout(ask, GATHER);
  }
}

async function ask() {
  asked = null;
  try {
    const token = document.querySelector('meta[name="csrf-token"]').content;
    const answer = await fetch(region.dataset.news, { method: "POST", headers: { "X-CSRFToken": token } });
    if (!answer.ok) return;
    const { achievements } = await answer.json();
    for (const each of achievements) show(made(each));
    if (achievements.length) document.dispatchEvent(new CustomEvent("achievements:earned", { detail: { achievements } }));
  } catch {
    // Without a connection nothing was taken: the next page tells it.
  }
}

function made(achievement) {
  const { content } = document.querySelector("template[data-toast]");
  const toast = document.importNode(content, true).firstElementChild;
  fill(toast, achievement);
  return toast;
}

function show(toast) {
  let left = STAYS;
  const timer = setInterval(() => {
    if (!isSeen() || toast.matches(":hover, :focus-within")) return;
    left -= BEAT;
    if (left <= 0) end();
  }, BEAT);
  const end = () => {
    clearInterval(timer);
    toast.remove();
  };
  toast.querySelector("[data-dismiss]").addEventListener("click", () => {
    // The focus was on the button that goes: it moves to the next toast, or back to the content.
    const next = toast.nextElementSibling ?? toast.previousElementSibling;
    end();
    (next?.querySelector("[data-dismiss]") ?? document.querySelector("main")).focus({ preventScroll: true });
  });
  toast.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") toast.querySelector("[data-dismiss]").click();
  });
  region.append(toast);
}

function isSeen() {
  return document.visibilityState === "visible";
}
