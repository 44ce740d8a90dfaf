// Coverage: which seconds of a lesson were really played, each counted once. Pure functions, the server's in progress/coverage.py.

/** @typedef {[number, number]} Segment Seconds into the lesson, from <= to. */

/**
 * The segments cut to the lesson's own length, in the order given; what lies outside is left out.
 * @param {Segment[]} segments
 * @param {number} duration
 * @returns {Segment[]}
 */
export function clamp(segments, duration) {
  return segments
    .map(([start, end]) => /** @type {Segment} */ ([Math.max(0, start), Math.min(end, duration)]))
    .filter(([start, end]) => end > start);
}

/**
 * The sorted, disjoint segments that cover the same seconds. Touching segments merge.
 * @param {Segment[]} segments
 * @returns {Segment[]}
 */
export function union(segments) {
  const merged = [];
  for (const [start, end] of [...segments].sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = merged.at(-1);
    if (last && start <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([start, end]);
  }
  return merged;
}

/**
 * How many seconds disjoint segments hold.
 * @param {Segment[]} segments
 */
export function seconds(segments) {
  return segments.reduce((sum, [start, end]) => sum + end - start, 0);
}

/**
 * A percentage from 0 to 100 cut, not rounded, to two decimals: 89.999 is 89.99 and meets no 90.
 * @param {number} percentage
 */
export function cut(percentage) {
  // 0.29 * 100 is 28.999999999999996 in binary; a hundred-millionth of a step gives such values back what they meant.
  return Math.min(100, Math.max(0, Math.floor(percentage * 100 + 1e-6) / 100));
}

/**
 * The share of the lesson that segments cover, 0 to 100, cut to two decimals.
 * @param {Segment[]} segments
 * @param {number} duration
 */
export function percentage(segments, duration) {
  return duration > 0 ? cut((seconds(union(clamp(segments, duration))) / duration) * 100) : 0;
}
