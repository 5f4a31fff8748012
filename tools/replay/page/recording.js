// SPDX-License-Identifier: LGPL-2.1-or-later
// One recording: player, timeline, clips, downloads, deletion. Looked at again while it runs.
import * as api from './api.js';
import {badgeOf, clock, copyOf, element, isRunning, length, lengthOf, replaceIfOther, size, streamName, toast, when} from './format.js';
import {linkTo} from './place.js';
import {play, sourcesOf} from './player.js';
import {Timeline} from './timeline.js';

const AGAIN_MS = 3000;
const MOST_GAPS = 20;  // that are told in words
const SILENT_S = 15;  // counts come every five seconds

// "12 frames (hls before-keyframe 12)"; what had been recorded before is not lost.
function dropsIn(progress) {
  const lost = (progress?.drops ?? []).filter(drop => drop.reason !== 'repeated');
  const count = lost.reduce((sum, drop) => sum + drop.frames, 0);
  const reasons = lost.map(drop => [drop.format, drop.reason, drop.frames].filter(part => part !== '').join(' '));
  return count ? `${count} frame${count === 1 ? '' : 's'} (${reasons.join(', ')})` : '';
}

// Of what a job has made its name tells.
function formatOf(file) {
  const [, extension] = /\.(\w{1,5})$/.exec(file.path ?? '') ?? [];
  return (file.format === 'other' && extension || file.format).toUpperCase();
}

export function showRecording(main, id, failed) {
  main.append(copyOf('recording'));
  const view = new RecordingView(main, id, failed);
  view.start();
  return () => view.stop();
}

class RecordingView {
  constructor(main, id, failed) {
    Object.assign(this, {id, failed, timer: 0, isStopped: false, spans: [], source: null, playing: null, failure: ''});
    this.at = selector => main.querySelector(selector);
    this.video = this.at('video');
    this.timeline = new Timeline(this.at('.timeline'), {
      onSeek: date => this.#seek(date),
      onRange: range => this.#chosen(range),
    });
    this.onKey = event => this.#key(event);
  }

  async start() {
    this.at('.back').href = linkTo('');
    this.video.addEventListener('timeupdate', () => this.#showHead());
    this.at('.mark-from').addEventListener('click', () => this.#mark('from'));
    this.at('.mark-to').addEventListener('click', () => this.#mark('to'));
    this.at('.clip').addEventListener('submit', event => this.#save(event));
    this.at('.live').addEventListener('click', () => this.#goLive());
    this.at('.delete').addEventListener('click', () => this.#askToDelete());
    this.at('.hold').addEventListener('click', () => this.#toggleHold());
    document.addEventListener('keydown', this.onKey);
    await this.#look();
  }

  stop() {
    this.isStopped = true;
    clearTimeout(this.timer);
    this.playing?.stop();
    document.removeEventListener('keydown', this.onKey);
  }

  async #look() {
    try {
      const [recording, spans] = await Promise.all([api.show(this.id), api.timeline(this.id)]);
      if (this.isStopped) return;
      this.recording = recording;
      this.spans = spans;
      this.#show();
      await this.#showDerived();
    } catch (error) {
      if (!this.isStopped) this.failed(error);
      return;
    }
    if (!this.isStopped && isRunning(this.recording)) this.timer = setTimeout(() => this.#look(), AGAIN_MS);
  }

  #show() {
    const {recording} = this;
    const badge = badgeOf(recording);
    const ends = this.spans.map(span => new Date(span.end));
    const from = new Date(Math.min(new Date(recording.from), ...this.spans.map(span => new Date(span.start))));
    const to = ends.length ? new Date(Math.max(...ends)) : new Date(recording.to);
    document.title = streamName(recording);
    this.at('h1').textContent = streamName(recording);
    this.at('.status').replaceChildren(
        ...(badge ? [element('span', {className: `badge ${badge.kind}`}, badge.text), ' '] : []),
        `${when(new Date(recording.from))}, ${length(lengthOf(recording))}`);
    this.at('.live').hidden = recording.state !== 'recording';
    this.timeline.set(this.spans, from, to);
    this.at('.first').textContent = clock(from);
    this.at('.last').textContent = recording.state === 'recording' ? 'now' : clock(to);
    this.#showFacts();
    this.#showFiles();
    this.at('.hold').textContent = recording.hold ? 'Release the hold' : 'Hold: keep it from deletion';
    this.at('.delete').disabled = recording.hold || isRunning(recording) || Boolean(recording.removal);
    this.#open();
  }

  #showFacts() {
    const {recording, spans} = this;
    const gaps = spans.filter(span => span.kind === 'gap');
    const lost = gaps.reduce((sum, gap) => sum + (new Date(gap.end) - new Date(gap.start)) / 1000, 0);
    const file = recording.files.find(one => one.width);
    const facts = {
      Domain: recording.domain,
      Template: recording.template,
      Content: recording.content === 'origin' ? '' : recording.content,
      Task: recording.task,
      Picture: file ? `${file.width} × ${file.height} ${file.video_codec}${file.audio_codec ? `, ${file.audio_codec}` : ''}` : '',
      Now: this.#rate(),
      Dropped: dropsIn(recording.progress),
      Gaps: gaps.length ? `${gaps.length}, ${length(lost)} in all` : 'none',
      Quality: recording.quality?.summary ?? '',
      Kept: recording.expires ? `until ${when(new Date(recording.expires))}` : '',
      Owed: recording.owed.map(owed => `${owed.count} ${owed.kind}${owed.count === 1 ? '' : 's'} to ${owed.target}`).join(', '),
    };
    const inWords = gaps.map(gap => `No media for ${length((new Date(gap.end) - new Date(gap.start)) / 1000)} from ` +
        `${clock(new Date(gap.start))}: ${gap.reason || 'gap'}.`);
    this.at('.gaps').textContent = inWords.slice(0, MOST_GAPS).join(' ') || 'No gaps.';
    replaceIfOther(this.at('.facts'), ...Object.entries(facts).filter(([, text]) => text).flatMap(
        ([name, text]) => [element('dt', {}, name), element('dd', {}, text)]));
  }

  // Of what came between two counts.
  #rate() {
    const {state, progress} = this.recording;
    if (state !== 'recording' || !progress?.last_media) return '';
    const now = {at: new Date(progress.last_media), bytes: progress.media_bytes};
    const before = this.counted ?? {at: new Date(this.recording.from), bytes: 0};
    if (now.at > before.at) {
      this.rate = (now.bytes - before.bytes) * 8000 / (now.at - before.at);
      this.counted = now;
    }
    const silent = (Date.now() - now.at) / 1000;
    if (silent > SILENT_S) return `no media for ${length(silent)}`;
    return this.rate ? `${(this.rate / 1e6).toFixed(2)} Mbit/s` : '';
  }

  #showFiles() {
    const files = this.recording.files.filter(file => file.media);
    const items = files.map(file => {
      const about = [...(file.duration ? [length(file.duration)] : []), size(file.size ?? 0)].join(', ');
      const link = element('a', {href: `${file.media}?download`, download: ''}, formatOf(file));
      return element('li', {}, link, ` ${file.state === 'open' ? 'growing: what there is by now' : about}`);
    });
    if (this.recording.media)
      items.unshift(element('li', {}, element('a', {href: this.recording.media}, 'Playlist'), ' HLS, for players'));
    replaceIfOther(this.at('.files ul'), ...items);
    this.at('.files').hidden = !files.length && !this.recording.media;
  }

  async #showDerived() {
    const {recordings} = await api.list({derived_from: this.id, limit: 50});
    if (this.isStopped) return;
    this.at('.made-of-this').hidden = !recordings.length;
    replaceIfOther(this.at('.made-of-this ul'), ...recordings.map(one => element('li', {},
        element('a', {href: linkTo(one.session_id)},
            ...(one.poster ? [element('img', {src: one.poster, alt: '', loading: 'lazy'})] : []),
            `${badgeOf(one)?.text ?? 'Recording'}, ${length(lengthOf(one))}`),
        ` ${when(new Date(one.from))}`)));
  }

  // ---- playing

  // The picture that a job has made of it, until it plays; where nothing can be played, instead.
  #showPoster(plays) {
    const {poster} = this.recording;
    const picture = this.at('.picture');
    picture.hidden = plays || !poster;
    this.video.hidden = !picture.hidden;
    const [shown, attribute] = picture.hidden ? [this.video, 'poster'] : [picture, 'src'];
    if (poster && shown.getAttribute(attribute) !== poster) shown.setAttribute(attribute, poster);
    picture.alt = `Picture of ${streamName(this.recording)}`;
  }

  #open(wanted) {
    const sources = sourcesOf(this.recording);
    const source = sources.find(one => wanted && one.from <= wanted && wanted < one.to) ?? (wanted ? null : sources[0]);
    this.#showPoster(sources.length > 0);
    const isPicture = this.recording.files.some(file => file.media && file.media === this.recording.poster);
    for (const name of ['timeline', 'scale', 'clip']) this.at(`.${name}`).hidden = isPicture;
    this.#say(sources.length > 0 || isPicture ? '' : this.recording.removal
        ? 'Its files were deleted; this is what is known about it.'
        : 'This browser plays none of its formats: download them below.');
    if (!source || (this.source && (!wanted || source.url === this.source.url))) return;
    this.playing?.stop();
    this.source = source;
    this.failure = '';
    this.playing = play(this.video, source);
    this.playing.onFailure(error => {
      this.failure ||= `It does not play: ${error.message}. It can be downloaded below.`;  // others follow from the first
      this.#say('');
    });
  }

  // Why there is nothing to be seen, in the player's place or below it.
  #say(why) {
    this.at('.no-media').textContent = why || this.failure;
    this.at('.no-media').hidden = !(why || this.failure);
  }

  // Of a playlist gaps are left out in playing; a file is all there is of its time.
  #dateOf(seconds) {
    if (!this.source) return null;
    if (!this.source.isHls) return new Date(this.source.from.getTime() + seconds * 1000);
    const span = this.spans.findLast(one => one.kind === 'media' && one.media_start <= seconds + 0.001);
    if (!span) return null;
    return new Date(Math.min(new Date(span.end), new Date(span.start).getTime() + (seconds - span.media_start) * 1000));
  }

  #secondsOf(date) {
    if (!this.source?.isHls) return (date - this.source.from) / 1000;
    const span = this.spans.find(one => one.kind === 'media' && date < new Date(one.end));
    return span ? span.media_start + Math.max(0, (date - new Date(span.start)) / 1000) : this.video.duration;
  }

  #seek(date) {
    if (!this.source) return;
    if (!this.source.isHls) this.#open(date);
    this.video.currentTime = Math.max(0, this.#secondsOf(date));
  }

  #goLive() {
    const {seekable} = this.video;
    if (seekable.length) this.video.currentTime = Math.max(0, seekable.end(seekable.length - 1) - 3);
    this.video.play().catch(() => {});
  }

  #showHead() {
    const date = this.video.currentTime > 0 ? this.#dateOf(this.video.currentTime) : null;
    this.timeline.setHead(date);
    this.at('.now').textContent = date ? clock(date) : '';
  }

  #key(event) {
    if (!document.getElementById('keys').checked) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest('input, select, dialog[open]')) return;
    const keys = {
      i: () => this.#mark('from'),
      o: () => this.#mark('to'),
      k: () => this.video.paused ? this.video.play().catch(() => {}) : this.video.pause(),
      j: () => this.video.currentTime -= 10,
      l: () => this.video.currentTime += 10,
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    keys[event.key]();
  }

  // ---- clips

  #mark(end) {
    const date = this.#dateOf(this.video.currentTime);
    if (!date) return;
    const range = this.timeline.range;
    const last = new Date(this.timeline.to);
    if (end === 'from') this.timeline.choose(date, range && range.to > date ? range.to : last);
    else this.timeline.choose(range && range.from < date ? range.from : new Date(this.timeline.from), date);
  }

  #chosen(range) {
    this.at('.clip .primary').disabled = !range;
    this.at('.chosen').textContent = range
        ? `${clock(range.from)} to ${clock(range.to)}, ${length((range.to - range.from) / 1000)}`
        : 'Drag a range on the timeline, or mark it while it plays.';
  }

  async #save(event) {
    event.preventDefault();
    const {range} = this.timeline;
    if (!range) return;
    const button = this.at('.clip .primary');
    const format = this.at('.clip').format.value;
    button.disabled = true;
    try {
      const made = await api.clip({
        recordings: [this.id], from: range.from.toISOString(), to: range.to.toISOString(), format,
        bounds: format === 'hls' ? 'covering' : 'keyframe',
      });
      toast('The clip is saved.', {href: linkTo(made.session_id), text: 'Play it'});
      this.timeline.clear();
      this.at('.timeline').focus({preventScroll: true});  // the button is off
      await this.#showDerived();
    } catch (error) {
      toast(`No clip: ${error.message}`);
      button.disabled = !this.timeline.range;
    }
  }

  // ---- keeping and deleting

  async #toggleHold() {
    try {
      await api.hold(this.id, !this.recording.hold);
      clearTimeout(this.timer);
      await this.#look();
    } catch (error) {
      toast(error.message);
    }
  }

  #askToDelete() {
    const dialog = this.at('.confirm');
    dialog.querySelector('.what').replaceChildren(
        element('bdi', {}, streamName(this.recording)),  // whatever its letters do to a line
        ` of ${when(new Date(this.recording.from))}, ${length(lengthOf(this.recording))}`);
    dialog.returnValue = 'keep';
    dialog.addEventListener('close', () => dialog.returnValue === 'delete' && this.#delete(), {once: true});
    dialog.showModal();
  }

  async #delete() {
    try {
      await api.remove(this.id, this.at('.confirm [name=files]').checked);
      toast('It is being deleted.');
      location.replace(linkTo(''));
    } catch (error) {
      toast(`Not deleted: ${error.message}`);
    }
  }
}
