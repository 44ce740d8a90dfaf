// The dashboard's figures: rise with what comes live, and are loaded anew where that does not say enough.

import { Counted } from "./counts.js";
import { Figures } from "./figures.js";
import { choose } from "./slots.js";

// What slowly goes out of date moves on by itself: who was active lately, and how much of last week's day is compared.
const RENEW_EVERY = 60_000;
const TOGETHER = 500;

const section = document.querySelector("[data-figures]");
const language = document.documentElement.lang;
const numbers = new Intl.NumberFormat(language);
const sentences = Object.fromEntries(
  ["more", "fewer", "same", "completed-today"].map((name) => [name, new Counted(document, name, language)]),
);
const figures = new Figures(JSON.parse(section.dataset.figures));
let timer = null;
let asking = false;
let again = false;

document.addEventListener("feed:entries", ({ detail }) => {
  figures.add(detail.entries);
  show();
});
document.addEventListener("feed:presence", ({ detail }) => {
  figures.presence(detail.counts);
  show();
});
document.addEventListener("feed:withdrawn", ({ detail }) => {
  figures.withdraw(detail.ids);
  renewSoon();
});
document.addEventListener("feed:snapshot", renewSoon);
document.addEventListener("feed:state", ({ detail: { state } }) => {
  choose(section.querySelector("[data-state]"), state === "offline" || state === "refused" ? "offline" : "live");
});
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") renewSoon();
  else clearTimeout(timer);
});
renewLater();

function renewSoon() {
  again = asking; // what is on its way may have been read before
  if (!asking) renewIn(TOGETHER);
}

function renewLater() {
  renewIn(Math.min(RENEW_EVERY, Math.max(TOGETHER, figures.endsIn(Date.now()))));
}

function renewIn(delay) {
  clearTimeout(timer);
  timer = setTimeout(renew, delay);
}

async function renew() {
  asking = true;
  again = false;
  let status = 0;
  try {
    const response = await fetch(section.dataset.address, { credentials: "same-origin" });
    status = response.status;
    if (response.ok) {
      figures.load(await response.json());
      show();
    }
  } catch {
    // not reached: what stands there stays, and the feed says that there is no connection
  }
  asking = false;
  if (status === 401 || status === 403) return; // for good
  if (again) renewIn(TOGETHER);
  else if (document.visibilityState === "visible") renewLater();
}

function show() {
  for (const [name, { today, week_ago: before }] of Object.entries(figures.counts)) {
    const trend = today === before ? "same" : today > before ? "more" : "fewer";
    const card = number(name, today);
    card.querySelector("[data-trend]").dataset.trend = trend;
    choose(card, trend);
    put(card.querySelector("[data-words]"), sentences[trend].say(Math.abs(today - before)));
    const link = card.querySelector("a");
    const address = new URL(link.href);
    address.searchParams.set("since", figures.day);
    link.href = address;
  }
  number("active", figures.active);
  choose(number("watching", figures.watching), figures.watching === null ? "unknown" : "known");
  section.querySelector("[data-quiet]").hidden = Object.values(figures.counts).some((each) => each.today);
  for (const card of document.querySelectorAll(".course-card")) {
    put(card.querySelector("[data-words]"), sentences["completed-today"].say(figures.courses[card.dataset.course] ?? 0));
  }
}

function number(name, value) {
  const card = section.querySelector(`[data-figure="${name}"]`);
  put(card.querySelector("[data-number]"), value === null ? "–" : numbers.format(value));
  return card;
}

function put(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
