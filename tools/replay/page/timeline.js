// SPDX-License-Identifier: LGPL-2.1-or-later
// The bar of a recording's time: media, gaps and splices, the place that is played, and a range to drag.
import {clock, element, length} from './format.js';

const CLICK_PX = 5;  // less is no drag
const STEP_MS = 1000;

export class Timeline {
  // onSeek(date): somebody wants to see that. onRange({from, to} or null): what is chosen.
  constructor(root, {onSeek, onRange}) {
    Object.assign(this, {root, onSeek, onRange, range: null, from: 0, to: 1});
    this.spans = root.querySelector('.spans');
    this.rangeBar = root.querySelector('.range');
    this.head = root.querySelector('.head');
    root.addEventListener('pointerdown', event => this.#press(event));
    for (const end of ['from', 'to']) {
      const handle = root.querySelector(`.handle.${end}`);
      handle.addEventListener('keydown', event => this.#key(event, end));
    }
  }

  // `spans`: of the API; from, to: Date.
  set(spans, from, to) {
    [this.from, this.to] = [from.getTime(), Math.max(from.getTime() + 1, to.getTime())];
    const shown = spans.flatMap((span, i) => {
      const [start, end] = [new Date(span.start), new Date(span.end)];
      const bar = element('span', {className: `span ${span.kind}`});
      bar.style.left = this.#percent(start);
      bar.style.width = `${100 * (end - start) / (this.to - this.from)}%`;
      bar.title = span.kind === 'gap'
          ? `No media for ${length((end - start) / 1000)}: ${span.reason || 'gap'}, from ${clock(start)}`
          : `${clock(start)} to ${clock(end)}`;
      if (span.kind !== 'media' || i === 0) return [bar];
      const splice = element('span', {className: 'splice', title: `Spliced at ${clock(start)}`});
      splice.style.left = this.#percent(start);
      return [bar, splice];
    });
    this.spans.replaceChildren(...shown);
    this.#showRange();
  }

  setHead(date) {
    this.head.hidden = !date;
    if (date) this.head.style.left = this.#percent(date);
  }

  choose(from, to) {
    const [a, b] = [from, to].map(date => Math.min(this.to, Math.max(this.from, date.getTime())));
    this.range = b > a ? {from: new Date(a), to: new Date(b)} : null;
    this.#showRange();
    this.onRange(this.range);
  }

  clear() {
    this.range = null;
    this.#showRange();
    this.onRange(null);
  }

  #percent(date) {
    const part = (date - this.from) / (this.to - this.from);
    return `${100 * Math.min(1, Math.max(0, part))}%`;
  }

  #at(event) {
    const box = this.root.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return new Date(this.from + part * (this.to - this.from));
  }

  #press(event) {
    if (event.button) return;
    const handle = event.target.closest('.handle');
    const end = handle && (handle.classList.contains('from') ? 'from' : 'to');
    const begun = this.#at(event);
    const anchor = end ? this.range[end === 'from' ? 'to' : 'from'] : begun;
    let isDrag = Boolean(end);
    const move = moved => {
      isDrag ||= Math.abs(moved.clientX - event.clientX) > CLICK_PX;
      if (!isDrag) return;
      const now = this.#at(moved);
      this.choose(now < anchor ? now : anchor, now < anchor ? anchor : now);
    };
    const release = released => {
      this.root.removeEventListener('pointermove', move);
      this.root.removeEventListener('pointerup', release);
      this.root.removeEventListener('pointercancel', release);
      if (!isDrag && released.type === 'pointerup') this.onSeek(begun);
    };
    this.root.setPointerCapture(event.pointerId);
    this.root.addEventListener('pointermove', move);
    this.root.addEventListener('pointerup', release);
    this.root.addEventListener('pointercancel', release);
    if (!handle) event.preventDefault();
  }

  #key(event, end) {
    const step = STEP_MS * (event.shiftKey ? 10 : 1);
    const ways = {
      ArrowLeft: -step, ArrowDown: -step, ArrowRight: step, ArrowUp: step, PageDown: -10 * STEP_MS, PageUp: 10 * STEP_MS,
      Home: -Infinity, End: Infinity,
    };
    if (event.key === 'Escape') {
      this.clear();
      this.root.focus({preventScroll: true});  // the handle is gone
      return;
    }
    if (!(event.key in ways) || !this.range) return;
    event.preventDefault();
    event.stopPropagation();
    const {from, to} = this.range;
    const moved = date => new Date(Math.min(this.to, Math.max(this.from, date.getTime() + ways[event.key])));
    if (end === 'from') this.choose(new Date(Math.min(moved(from), to - STEP_MS)), to);
    else this.choose(from, new Date(Math.max(moved(to), from.getTime() + STEP_MS)));
  }

  #showRange() {
    this.rangeBar.hidden = !this.range;
    if (!this.range) return;
    const {from, to} = this.range;
    this.rangeBar.style.left = this.#percent(from);
    this.rangeBar.style.width = `${100 * (to - from) / (this.to - this.from)}%`;
    for (const [name, date] of [['from', from], ['to', to]]) {
      const handle = this.root.querySelector(`.handle.${name}`);
      handle.setAttribute('aria-valuemin', 0);
      handle.setAttribute('aria-valuemax', Math.round((this.to - this.from) / 1000));
      handle.setAttribute('aria-valuenow', Math.round((date - this.from) / 1000));
      handle.setAttribute('aria-valuetext', clock(date));
    }
  }
}
