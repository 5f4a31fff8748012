// SPDX-License-Identifier: LGPL-2.1-or-later
// Times, lengths and sizes as people read them, and small things with elements.

const day = new Intl.DateTimeFormat(undefined, {dateStyle: 'medium', timeStyle: 'short'});
const clockFormat = new Intl.DateTimeFormat(undefined, {timeStyle: 'medium'});

export const when = date => day.format(date);
export const clock = date => clockFormat.format(date);

// 3725.4 -> "1:02:05"
export function length(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = number => String(number).padStart(2, '0');
  return h ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`;
}

export function size(bytes) {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB'];
  let unit = 0;
  for (; bytes >= 1000 && unit < units.length - 1; ++unit) bytes /= 1000;
  return `${bytes.toFixed(unit && bytes < 100 ? 1 : 0)} ${units[unit]}`;
}

export function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...children);
  return made;
}

export const copyOf = id => document.getElementById(id).content.cloneNode(true);

// Stays while somebody points at it or has the focus in it, but not once its link was followed.
export function toast(text, link) {
  const shown = element('p', {className: 'toast'}, text);
  if (link) shown.append(' ', element('a', {href: link.href, onclick: () => shown.remove()}, link.text));
  document.getElementById('toasts').append(shown);
  const end = () => shown.matches(':hover, :focus-within') ? setTimeout(end, 2000) : shown.remove();
  setTimeout(end, link ? 15000 : 8000);
}

// Whoever reads or has the focus in it is not disturbed while nothing changes.
export function replaceIfOther(parent, ...children) {
  const other = element('div', {}, ...children);
  if (parent.innerHTML !== other.innerHTML) parent.replaceChildren(...other.childNodes);
}

export const streamName = recording => `${recording.app}/${recording.stream}`;
export const isRunning = recording => recording.state !== 'finished';

const STATES = {recording: 'Live', paused: 'Interrupted'};
const SOURCES = {clip: 'Clip', merge: 'Merge', job: 'Job'};

export function badgeOf(recording) {
  if (recording.removal) return {text: 'Deleted', kind: 'removed'};
  if (STATES[recording.state]) return {text: STATES[recording.state], kind: recording.state};
  return SOURCES[recording.source] ? {text: SOURCES[recording.source], kind: 'derived'} : null;
}

export const lengthOf = recording => (new Date(recording.to) - new Date(recording.from)) / 1000;
