// The watched strip: an <svg> with one <rect> for each part of the lesson that was played, and one for where it stands.

const SVG = "http://www.w3.org/2000/svg";

/** A strip as wide as the lesson is long, one unit a second. */
export class WatchedStrip {
  #parts;
  #stand;
  #duration;

  /**
   * @param {SVGSVGElement} svg With a `<g>` for the parts and a `<line>` for the place.
   * @param {number} duration Seconds.
   */
  constructor(svg, duration) {
    this.#duration = duration;
    this.#parts = svg.querySelector("g");
    this.#parts.replaceChildren(); // what the server drew
    this.#stand = svg.querySelector("line");
    svg.setAttribute("viewBox", `0 0 ${duration} 1`);
  }

  /**
   * Show these parts.
   * @param {number[][]} segments Sorted and disjoint, in seconds.
   */
  show(segments) {
    while (this.#parts.childElementCount > segments.length) this.#parts.lastElementChild.remove();
    segments.forEach(([start, end], index) => {
      const rect = this.#parts.children[index] ?? this.#parts.appendChild(document.createElementNS(SVG, "rect"));
      rect.setAttribute("x", start);
      rect.setAttribute("width", Math.max(0, Math.min(end, this.#duration) - start));
      rect.setAttribute("height", 1);
    });
  }

  /**
   * Show where the media stands.
   * @param {number} position Seconds.
   */
  stand(position) {
    this.#stand.setAttribute("x1", position);
    this.#stand.setAttribute("x2", position);
  }
}
