// The page of a quiz or an exam: keeps what is chosen until the server has it, and is left only for a server that is there.

import { browserStorage } from "./browser-storage.js";
import { KeptAnswers } from "./kept-answers.js";
import { choose } from "./slots.js";

/** Milliseconds that the server has to answer, and the browser to leave the page. */
const PATIENCE = 8_000;

const page = document.querySelector("[data-person]");
const form = page.querySelector("form[data-paper]");
const kept = new KeptAnswers(browserStorage(), page.dataset.person);
if (page.dataset.stored) kept.stored(page.dataset.stored);
kept.prune(form?.dataset.paper);
if (form) follow();

function follow() {
  // A quiz's form carries the name of its submission, an exam's the attempt that it closes.
  const { submission, attempt } = form.elements;
  const unsent = form.querySelector("[data-unsent]");
  const button = form.querySelector("button");
  const radios = [...form.querySelectorAll('input[type="radio"]')];
  let sending = false;

  const keep = () => {
    const chosen = radios.filter((radio) => radio.checked).map(({ name, value }) => [name, value]);
    return kept.keep(form.dataset.paper, (submission ?? attempt).value, Object.fromEntries(chosen));
  };
  const setSending = (value) => {
    sending = value;
    button.setAttribute("aria-busy", String(value));
  };

  const early = radios.filter((radio) => radio.checked && !radio.defaultChecked).map(({ name }) => name);
  restore(radios, early, submission);
  if (early.length > 0) keep();
  form.addEventListener("change", keep);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (sending) return;
    setSending(true);
    unsent.hidden = true;
    const isKept = keep();
    if (await isThere()) {
      form.submit();
      // Whoever stopped the browser is still here; so is whoever comes back to a page that the browser had put aside.
      setTimeout(setSending, PATIENCE, false);
      return;
    }
    setSending(false);
    unsent.hidden = false;
    choose(unsent, isKept ? "kept" : "page");
    unsent.scrollIntoView({ block: "nearest" });
  });
  window.addEventListener("pageshow", () => setSending(false));
  window.addEventListener("online", async () => {
    if (!unsent.hidden && (await isThere())) unsent.hidden = true;
  });
}

// What the server has chosen, which had the answers last, wins; so does what was chosen before this script was there.
function restore(radios, early, submission) {
  const found = kept.of(form.dataset.paper);
  const given = new Set(radios.filter((radio) => radio.defaultChecked).map(({ name }) => name));
  const known = new Set([...given, ...early]);
  const back = radios.filter(({ name, value }) => !known.has(name) && found?.answers[name] === value);
  for (const radio of back) radio.checked = true;
  if (back.length === 0) return;
  page.querySelector("[data-restored]").hidden = false;
  // They may have been sent, and only the answer was lost: under the same name they are the same attempt.
  if (submission && given.size === 0) submission.value = found.submission;
}

// Asks for this page, not for a health address, which an operator may have closed. A redirect to the login is an answer too.
async function isThere() {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), PATIENCE);
  try {
    const request = { method: "HEAD", cache: "no-store", redirect: "manual", signal: limit.signal };
    const { status } = await fetch(window.location.href, request);
    return status < 500;
  } catch {
    return false;
  } finally {
    clearTimeout(timer);
  }
}
