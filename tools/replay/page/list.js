// SPDX-License-Identifier: LGPL-2.1-or-later
// The list: a card per recording, newest first. While the page is seen its beginning is looked at again.
import * as api from './api.js';
import {badgeOf, copyOf, isRunning, length, lengthOf, size, streamName, when} from './format.js';
import {filtersIn, linkTo, remember} from './place.js';
import {Thumbnails} from './thumbnails.js';

const PAGE = 24;
const AGAIN_MS = 5000;
const TYPED_MS = 250;  // after the last key

function chosen(filters) {
  const parameters = Object.fromEntries(filtersIn(filters));
  // Days are the viewer's.
  if (parameters.from) parameters.from = new Date(`${parameters.from}T00:00`).toISOString();
  if (parameters.to) parameters.to = new Date(new Date(`${parameters.to}T00:00`).getTime() + 86400e3).toISOString();
  return parameters;
}

function notes(recording) {
  const bytes = recording.files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  const formats = [...(recording.media ? ['hls'] : []), ...recording.files.map(file => file.format)];
  const parts = [[...new Set(formats)].join(', ')];
  if (bytes) parts.push(size(bytes));
  if (recording.owed.some(owed => owed.kind === 'upload')) parts.push('uploading');
  if (recording.hold) parts.push('held');
  return parts.filter(Boolean).join(' · ');
}

class Card {
  constructor(thumbnails) {
    this.item = copyOf('card').firstElementChild;
    this.thumbnails = thumbnails;
  }

  show(recording) {
    const at = name => this.item.querySelector(`.${name}`);
    const badge = badgeOf(recording);
    at('card').href = linkTo(recording.session_id);
    at('badge').hidden = !badge;
    at('badge').textContent = badge?.text ?? '';
    at('badge').className = `badge ${badge?.kind ?? ''}`;
    at('time').textContent = length(lengthOf(recording));
    at('name').textContent = streamName(recording);
    at('when').textContent = when(new Date(recording.from));
    at('notes').textContent = notes(recording);
    at('name').title = streamName(recording);
    this.thumbnails.want(at('thumb'), recording);
  }
}

// What was seen before, with what is at the list's beginning now; `page` is that beginning.
function merged(seen, page) {
  const last = page.recordings.at(-1);
  const at = last ? seen.findIndex(one => one.session_id === last.session_id) : -1;
  return at < 0 || !page.next ? page.recordings : [...page.recordings, ...seen.slice(at + 1)];
}

class List {
  constructor(main, filters, failed, cameFrom) {
    main.append(copyOf('list'));
    Object.assign(this, {
      main, filters, failed, cameFrom, known: new Map(), thumbnails: new Thumbnails(), seen: [], next: '', timer: 0, turn: 0,
      touched: null,
    });
    this.at = selector => main.querySelector(selector);
    this.onChange = event => this.#changed(event.target, TYPED_MS);
    this.onReset = () => setTimeout(() => this.#changed(null, 0));  // the form is reset after this
    this.onSeen = () => document.hidden || this.#look();
    this.onSubmit = event => event.preventDefault();
    this.at('.more button').addEventListener('click', () => this.#more());
    this.at('.clear').addEventListener('click', () => filters.reset());
    filters.addEventListener('input', this.onChange);
    filters.addEventListener('reset', this.onReset);
    filters.addEventListener('submit', this.onSubmit);
    document.addEventListener('visibilitychange', this.onSeen);
    this.#look();
  }

  stop() {
    ++this.turn;
    clearTimeout(this.timer);
    this.thumbnails.stop();
    this.filters.removeEventListener('input', this.onChange);
    this.filters.removeEventListener('reset', this.onReset);
    this.filters.removeEventListener('submit', this.onSubmit);
    document.removeEventListener('visibilitychange', this.onSeen);
  }

  // What is typed into one field is one step.
  #changed(field, delay) {
    remember(this.filters, !field || field !== this.touched);
    this.touched = field;
    clearTimeout(this.timer);
    [this.seen, this.next] = [[], ''];
    this.timer = setTimeout(() => this.#look(), delay);
  }

  // The page that is asked for, if nobody has asked for another one meanwhile.
  async #fetch(after) {
    clearTimeout(this.timer);
    const mine = ++this.turn;
    let page = null;
    try {
      page = await api.list({...chosen(this.filters), limit: PAGE, ...(after && {after})});
    } catch (error) {
      if (mine === this.turn) this.#complain(error);
      return null;
    }
    return mine === this.turn ? page : null;
  }

  async #look() {
    const page = await this.#fetch('');
    if (!page) return;
    const seen = merged(this.seen, page);
    if (seen.length === page.recordings.length) this.next = page.next;
    this.#show(seen, page.total);
  }

  async #more() {
    const page = await this.#fetch(this.next);
    if (!page) return;
    this.next = page.next;
    const first = page.recordings[0]?.session_id;
    this.#show([...this.seen, ...page.recordings.filter(one => !this.seen.some(s => s.session_id === one.session_id))],
        page.total);
    if (first) this.known.get(first)?.item.querySelector('a').focus();
  }

  #complain(error) {
    if (error.status === 401) {
      this.failed(error);
      return;
    }
    this.at('.problem').hidden = false;
    this.at('.problem').textContent = error.status ? error.message : 'The server cannot be reached; this is what was seen last.';
    this.timer = setTimeout(() => this.#look(), AGAIN_MS);
  }

  #show(recordings, total) {
    this.seen = recordings;
    const items = recordings.map(recording => {
      const card = this.known.get(recording.session_id) ?? new Card(this.thumbnails);
      this.known.set(recording.session_id, card);
      card.show(recording);
      return card.item;
    });
    const cards = this.at('.cards');
    if (items.length !== cards.children.length || items.some((item, i) => item !== cards.children[i])) {
      const focused = document.activeElement;
      cards.replaceChildren(...items);
      if (cards.contains(focused)) focused.focus({preventScroll: true});
    }
    this.at('.more button').hidden = !this.next;
    this.at('.problem').hidden = true;
    this.#summarize(recordings, total);
    this.#goOnWhereOneWas();
    if (!document.hidden) this.timer = setTimeout(() => this.#look(), AGAIN_MS);
  }

  // Whoever comes back finds the recording again, unless the focus went elsewhere meanwhile.
  #goOnWhereOneWas() {
    if (document.activeElement === this.main) this.known.get(this.cameFrom)?.item.querySelector('a').focus();
    this.cameFrom = '';
  }

  #summarize(recordings, total) {
    const isFiltered = Object.keys(chosen(this.filters)).length > 0;
    const live = recordings.filter(isRunning).length;
    const shown = this.next ? `, ${recordings.length} shown` : '';
    const text = total ? `${total === 1 ? '1 recording' : `${total} recordings`}${live ? `, ${live} running` : ''}${shown}` : '';
    if (this.at('.summary').textContent !== text) this.at('.summary').textContent = text;
    this.filters.querySelector('[type=reset]').hidden = !isFiltered;
    this.at('.nothing').hidden = Boolean(total);
    this.at('.clear').hidden = !isFiltered;
    this.at('.why').textContent = isFiltered ? 'Nothing was recorded that fits.'
        : 'Nothing was recorded yet. What is will be here as soon as it begins.';
  }
}

// cameFrom: the recording that was seen before, or ''.
export function showList(main, filters, failed, cameFrom) {
  const list = new List(main, filters, failed, cameFrom);
  return () => list.stop();
}
