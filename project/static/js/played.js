// What a media element really played: the seconds it went through at its own speed, never those it was moved over.

/** Seconds by which media time may be ahead of the clock: events come late, clocks differ. */
const SLACK = 1.5;

/** The same after a jump: who jumps again and again must not be given the slack each time. */
const SLACK_AFTER_A_JUMP = 0.25;

/** Reported beyond the end, so that the last, uneven part of a second counts; the server cuts at its own duration. */
const BEYOND_THE_END = 0.25;

/** Seconds that media may run between standing still and the first event that says it plays. */
const STARTED_UNSEEN = 0.5;

const HAVE_FUTURE_DATA = 3;

/**
 * Measures played segments of any HTMLMediaElement.
 *
 * Media time may advance no faster than the clock times the playback rate; what does is a jump and is not counted, and
 * nothing is while the media stands, seeks, waits for data or has failed. Events: `played` when the present segment
 * grew or ended.
 */
export class PlayedSegments extends EventTarget {
  #media;
  #clock;
  #open = null; // {from, to}: the segment that is being played
  #anchor = null; // {time, at, rate, slack}: since when the media has run with the clock
  #looked = 0; // when we last looked at the media
  #stood = 0; // where the media last stood still
  #closed = [];
  #listeners = new AbortController();

  /**
   * @param {HTMLMediaElement} media
   * @param {{now(): number}} clock Milliseconds that never step back.
   */
  constructor(media, clock) {
    super();
    this.#media = media;
    this.#clock = clock;
    const on = (types, act) => {
      for (const type of types) media.addEventListener(type, act, { signal: this.#listeners.signal });
    };
    on(["loadedmetadata", "seeked", "pause", "waiting"], () => {
      this.#stood = media.currentTime;
    });
    on(["playing", "seeked"], () => this.#follow());
    on(["timeupdate"], () => this.#follow());
    on(["pause", "waiting"], () => this.#stop());
    on(["seeking"], () => this.#seek());
    on(["ended"], () => this.#end());
    on(["ratechange"], () => this.#changeRate());
    on(["error", "emptied", "abort"], () => this.#leave());
  }

  /** Played since the last `take()`, in order of playing, the present segment included. */
  get segments() {
    const open = this.#open;
    return open && open.to > open.from ? [...this.#closed, [open.from, open.to]] : [...this.#closed];
  }

  /** Take what was played since the last call; the present segment goes on from here. */
  take() {
    if (this.#playing()) this.#advance();
    const segments = this.segments;
    this.#closed = [];
    if (this.#open) this.#open.from = this.#open.to;
    return segments;
  }

  /** Stop measuring for good. */
  destroy() {
    this.#listeners.abort();
    this.#leave();
  }

  #playing() {
    const { paused, seeking, error, readyState } = this.#media;
    return !paused && !seeking && !error && readyState >= HAVE_FUTURE_DATA;
  }

  #follow() {
    // `ended` is no pause for the element; its own event counts the rest.
    if (this.#playing() && !this.#media.ended) {
      if (this.#open) this.#advance();
      else this.#begin(this.#start());
    }
  }

  // "playing" comes some milliseconds late: without them a lesson watched from its beginning would end at 99.99 %.
  #start() {
    const { currentTime } = this.#media;
    const unseen = currentTime - this.#stood;
    return unseen >= 0 && unseen <= STARTED_UNSEEN ? this.#stood : currentTime;
  }

  #begin(time, slack = SLACK) {
    const from = milliseconds(time);
    this.#open = { from, to: from };
    this.#looked = this.#clock.now();
    this.#anchor = { time: from, at: this.#looked, rate: this.#media.playbackRate, slack };
  }

  #advance() {
    const open = this.#open;
    if (!open) return;
    const time = milliseconds(this.#media.currentTime);
    const { at, rate, slack, time: begun } = this.#anchor;
    this.#looked = this.#clock.now();
    const possible = ((this.#looked - at) / 1000) * rate + slack;
    if (time < open.to || time - begun > possible) {
      this.#leave();
      this.#begin(time, SLACK_AFTER_A_JUMP);
    } else if (time > open.to) {
      open.to = time;
      this.#tell();
    }
  }

  // The media stands: what was played up to here counts, unless somebody moved it meanwhile.
  #stop() {
    if (!this.#media.seeking && !this.#media.error) this.#advance();
    if (!this.#media.ended) this.#leave();
  }

  // The media's time stands elsewhere already. How far it came since we last looked, up to a quarter of a second, the
  // browser's own account says; it has earlier plays in it too, so the clock has the last word.
  #seek() {
    const open = this.#open;
    if (open) {
      const passed = ((this.#clock.now() - this.#looked) / 1000) * this.#anchor.rate;
      open.to = milliseconds(Math.max(open.to, Math.min(playedFrom(this.#media, open.to), open.to + passed)));
    }
    this.#leave();
  }

  // The media was moved or failed: its time says nothing about what was played.
  #leave() {
    const open = this.#open;
    this.#open = null;
    if (!open || open.to <= open.from) return;
    this.#closed.push([open.from, open.to]);
    this.#tell();
  }

  #end() {
    this.#advance();
    const open = this.#open;
    const { duration } = this.#media;
    if (open && duration - open.to < SLACK) open.to = duration + BEYOND_THE_END;
    this.#leave();
  }

  #changeRate() {
    const open = this.#open;
    if (!open) return;
    if (this.#playing()) this.#advance();
    // At the new rate the clock begins anew, or hours at the old one would excuse any jump.
    const { slack } = this.#anchor;
    this.#anchor = { time: this.#open.to, at: this.#clock.now(), rate: this.#media.playbackRate, slack };
  }

  #tell() {
    this.dispatchEvent(new CustomEvent("played"));
  }
}

// Where the browser's account of what was played, if it keeps one, ends that includes this time.
function playedFrom({ played }, time) {
  for (let index = 0; index < (played?.length ?? 0); index += 1) {
    if (played.start(index) <= time && time <= played.end(index)) return played.end(index);
  }
  return time;
}

// Cut to what a person could tell apart: shorter to write, and never ahead of the media.
function milliseconds(time) {
  return Math.floor(time * 1000) / 1000;
}
