// Slots: fills the elements of a row from an entry, formatted as Django formats them in the same template.

const numbers = new Intl.NumberFormat(globalThis.document?.documentElement.lang || undefined);

const FORMATS = {
  text: (element, value) => {
    element.textContent = typeof value === "number" ? numbers.format(value) : value;
  },
  // A percentage in whole numbers, cut: 89.99 is not 90.
  whole: (element, value) => {
    element.textContent = value === "" ? "" : numbers.format(Math.trunc(value));
    element.value = String(value);
  },
  short: (element, value) => {
    element.textContent = String(value).slice(0, 8);
    element.title = value;
  },
  bar: (element, value) => {
    element.value = Number(value) || 0;
  },
  // A link whose address ends with the id; where rows link nowhere, there is no address.
  address: (element, value) => {
    const href = element.getAttribute("href");
    if (href !== null) element.setAttribute("href", href.replace(/\d+(?=\/$)/, value));
  },
  time: (element, value) => {
    element.dateTime = value;
  },
  // An address of this site, as Django's reverse() gives them.
  link: (element, value) => {
    element.setAttribute("href", value);
  },
};

/**
 * Fill every `data-slot="a.b"` in `root` with that value, by its `data-format`, and show or hide every `data-if="a.b"`
 * and `data-unless="a.b"` by whether it is true.
 * @param {ParentNode} root
 * @param {object} values
 */
export function fill(root, values) {
  for (const element of root.querySelectorAll("[data-slot]")) {
    FORMATS[element.dataset.format ?? "text"](element, valueAt(values, element.dataset.slot) ?? "");
  }
  for (const element of root.querySelectorAll("[data-if]")) element.hidden = !valueAt(values, element.dataset.if);
  for (const element of root.querySelectorAll("[data-unless]")) element.hidden = !!valueAt(values, element.dataset.unless);
}

function valueAt(values, path) {
  return path.split(".").reduce((value, key) => value?.[key], values);
}

/**
 * Show, of the alternatives in `root` (`data-when="name other"`), those for `name`.
 * @param {ParentNode} root
 * @param {string} name
 */
export function choose(root, name) {
  for (const element of root.querySelectorAll("[data-when]")) {
    element.hidden = !element.dataset.when.split(" ").includes(name);
  }
}
