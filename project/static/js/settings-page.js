// The settings page: offers the time zone of this device where another one is chosen.

import { fill } from "./slots.js";

const input = document.querySelector("#time-zone");
const offer = document.querySelector("[data-device-zone]");
const zone = new Intl.DateTimeFormat().resolvedOptions().timeZone;
const known = [...input.list.options].some((option) => option.value === zone);

function decide() {
  offer.hidden = !known || input.value === zone;
}

fill(offer, { zone });
offer.querySelector("button").addEventListener("click", () => {
  input.value = zone;
  input.focus();
  decide();
});
input.addEventListener("input", decide);
decide();
