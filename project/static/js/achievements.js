// The achievements of a page that stays open: asked for anew after the student did something that may change them.

import { fill } from "./slots.js";

/** Milliseconds in which entries that come together are waited for. */
const GATHER = 300;

const section = document.querySelector("[data-achievements]");
let timer = null;
let wasLive = false;

document.addEventListener("feed:entries", refresh);
document.addEventListener("achievements:earned", refresh);
// What happened while the connection was away may have come as a snapshot.
document.addEventListener("feed:state", ({ detail }) => {
  if (detail.state !== "live") return;
  if (wasLive) {
    document.dispatchEvent(new CustomEvent("achievements:look"));
    refresh();
  }
  wasLive = true;
});

function refresh() {
  timer ??= setTimeout(ask, GATHER);
}

async function ask() {
  timer = null;
  try {
    const answer = await fetch(section.dataset.achievements);
    if (answer.ok) show(await answer.json());
  } catch {
    // Without a connection all stays as it is; the page catches up when it is live again.
  }
}

function show({ achievements, courses, summary }) {
  section.querySelector('[data-slot="summary"]').textContent = summary;
  for (const each of achievements) {
    const place = section.querySelector(`[data-achievement="${each.key}"]`);
    if (!place) continue;
    const bar = place.querySelector("progress");
    bar.max = each.target;
    bar.hidden = each.target === 1;
    fill(place, { ...each, earned_at: each.earned_at ?? "" });
    place.toggleAttribute("data-earned", each.earned);
  }
  for (const { course, milestones } of courses) {
    const steps = section.querySelector(`[data-milestones="${course}"]`);
    for (const step of milestones) {
      const place = steps?.querySelector(`[data-percent="${step.percent}"]`);
      if (!place) continue;
      fill(place, step);
      place.toggleAttribute("data-reached", step.reached);
    }
  }
}
