// SPDX-License-Identifier: LGPL-2.1-or-later
// The first picture of each recording that comes into view, decoded here, one at a time.
import {play, sourcesOf} from './player.js';

const PATIENCE_MS = 8000;
const WIDTH = 480;
const pictures = new Map();  // by session id: for as long as the page is open

export class Thumbnails {
  constructor() {
    this.waiting = [];
    this.isBusy = false;
    this.isStopped = false;
    this.recordings = new WeakMap();
    this.tried = new Set();  // once per view: what has no picture yet may have one later
    this.seen = new IntersectionObserver(entries => {
      for (const entry of entries) if (entry.isIntersecting) this.#queue(entry.target);
    }, {rootMargin: '200px'});
  }

  want(place, recording) {
    const known = pictures.get(recording.session_id);
    if (known) {
      if (!place.contains(known) && !known.parentElement?.isConnected) place.prepend(known);
      return;
    }
    if (this.tried.has(recording.session_id)) return;
    this.recordings.set(place, recording);
    this.seen.observe(place);
  }

  stop() {
    this.isStopped = true;
    this.seen.disconnect();
  }

  #queue(place) {
    this.seen.unobserve(place);
    this.waiting.push(place);
    this.#next();
  }

  async #next() {
    if (this.isBusy || this.isStopped || !this.waiting.length) return;
    this.isBusy = true;
    const place = this.waiting.shift();
    const recording = this.recordings.get(place);
    this.tried.add(recording.session_id);
    const picture = pictures.get(recording.session_id) ?? await firstPicture(recording).catch(() => null);
    if (picture) {
      pictures.set(recording.session_id, picture);
      place.prepend(picture);
    }
    this.isBusy = false;
    this.#next();
  }
}

// What a job has made of it, without anything to be decoded here.
async function posterOf(recording) {
  const picture = Object.assign(new Image(), {src: recording.poster, alt: ''});
  await picture.decode();
  return picture;
}

async function firstPicture(recording) {
  const poster = recording.poster && await posterOf(recording).catch(() => null);
  if (poster) return poster;
  const [source] = sourcesOf(recording);
  if (!source) return null;
  const video = Object.assign(document.createElement('video'), {muted: true, playsInline: true, preload: 'auto'});
  const playing = play(video, source, {isThumbnail: true});
  try {
    await new Promise((resolve, reject) => {
      setTimeout(reject, PATIENCE_MS);
      video.addEventListener('loadeddata', resolve, {once: true});
      playing.onFailure(reject);
    });
    if (!video.videoWidth) return null;
    const canvas = document.createElement('canvas');
    canvas.width = WIDTH;
    canvas.height = Math.round(WIDTH * video.videoHeight / video.videoWidth);
    canvas.getContext('2d').drawImage(video, 0, 0, canvas.width, canvas.height);
    canvas.setAttribute('aria-hidden', 'true');
    return canvas;
  } finally {
    playing.stop();
  }
}
