// Older pages: come to the list when its end comes into sight, until it is as long as a page should be.

import { choose } from "./slots.js";

// Beyond this a list is slow to move and nobody reads on; what is older has pages of its own.
export const MOST_ROWS = 500;
const AHEAD = "600px";

/** The end of the list: the link to older entries, and what is said while they come, where they do not, or at the end. */
export class OlderPages {
  #end;
  #link;
  #view;
  #load;
  #observer;

  /**
   * @param {HTMLElement} end `[data-end="more|all"]`, with a link `data-older` and a button `data-retry`.
   * @param {import("./feed-view.js").FeedView} view
   * @param {() => Promise<boolean>} load Brings the next page; resolves to whether there are more.
   */
  constructor(end, view, load) {
    this.#end = end;
    this.#link = end.querySelector("[data-older]");
    this.#view = view;
    this.#load = load;
    this.#observer = new IntersectionObserver(
      // Several changes may come at once: what counts is the last of them.
      (seen) => seen.at(-1).isIntersecting && this.#end.dataset.end === "more" && this.bring(),
      { rootMargin: `0px 0px ${AHEAD} 0px` },
    );
    this.#observer.observe(end);
    this.#link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey || this.#isFull) return;
      event.preventDefault();
      this.bring();
    });
    end.querySelector("[data-retry]").addEventListener("click", () => {
      this.#link.focus({ preventScroll: true });
      this.bring();
    });
    view.addEventListener("shown", () => this.#look());
  }

  /** Bring the next page. */
  async bring() {
    if (this.#end.dataset.end === "loading" || this.#isFull) return;
    this.#say("loading");
    try {
      this.#say((await this.#load()) ? "more" : "all");
    } catch {
      this.#say("failed");
      return;
    }
    // An observer tells of changes alone: the end may be in sight still.
    this.#observer.unobserve(this.#end);
    this.#observer.observe(this.#end);
  }

  get #isFull() {
    return this.#view.size >= MOST_ROWS;
  }

  // Rows fell off a list that had all: there is something older now. The link follows the last row.
  #look() {
    if (this.#view.cut && this.#end.dataset.end === "all") this.#say("more");
    const last = this.#view.last;
    if (!last || this.#end.dataset.end === "all") return;
    const address = new URL(window.location.href);
    address.searchParams.set("before", `${last.timestamp} ${last.id}`);
    this.#link.href = address.href;
  }

  #say(state) {
    this.#end.dataset.end = state;
    this.#link.toggleAttribute("aria-busy", state === "loading");
    choose(this.#end, state);
  }
}
