// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays what a recording has: its playlist through hls.js or by the browser itself, or else its files.

const PLAYABLE = {mp4: 'video/mp4', mp3: 'audio/mpeg', aac: 'audio/aac'};
const HLS = 'application/vnd.apple.mpegurl';
const YOUNG_MS = 30000;  // an address of a bucket is good for longer, where the server does not say for how long
const RENEWED_AT = 0.9;  // of the time for which it is good

const hasHlsJs = () => Boolean(globalThis.Hls?.isSupported());
const playsHls = () => hasHlsJs() || Boolean(document.createElement('video').canPlayType(HLS));

// What can be played here, the whole in one piece first: {url, isHls, from, to}.
export function sourcesOf(recording) {
  const [from, to] = [new Date(recording.from), new Date(recording.to)];
  if (recording.media && playsHls()) return [{url: recording.media, isHls: true, from, to}];
  const files = recording.files.filter(file => file.media && PLAYABLE[file.format]);
  const format = Object.keys(PLAYABLE).find(name => files.some(file => file.format === name));
  return files.filter(file => file.format === format).map(file => ({
    url: file.media,
    isHls: false,
    goodForMs: 1000 * (recording.media_good_for ?? Infinity),
    from: file.start ? new Date(file.start) : from,
    to: file.end ? new Date(file.end) : to,
  }));
}

// By hls.js. Returns how to end it, as the next one.
function openPlaylist(video, url, isThumbnail, fail) {
  const hls = new Hls({
    startPosition: 0,
    maxBufferLength: isThumbnail ? 1 : 30,
    maxMaxBufferLength: isThumbnail ? 2 : 120,
    liveDurationInfinity: false,
    backBufferLength: 120,
  });
  let recovered = 0;
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.details === Hls.ErrorDetails.BUFFER_ADD_CODEC_ERROR) fail(`this browser cannot decode ${data.mimeType}`);
    if (!data.fatal) return;
    if (data.type === Hls.ErrorTypes.MEDIA_ERROR && recovered++ < 3) hls.recoverMediaError();
    else fail(data.details);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  const onError = () => fail(video.error?.message);
  video.addEventListener('error', onError);
  return () => {
    video.removeEventListener('error', onError);
    hls.destroy();
  };
}

// By the browser. What a bucket has comes from an address that is good for a while only; whoever asks this server again gets
// another one. What comes already goes on coming; what would need another request when that time is nearly over has the file
// opened again first, where it is. Where the time is not known, or another one than it is believed to be: browsers make an
// error of the bucket's refusal, or ask again and again, and stall (Chromium). So the file is opened again then, but not when
// it was opened so lately that this cannot be why.
function openFile(video, {url, goodForMs = Infinity}, fail) {
  let asked = performance.now();
  let opened = Infinity;
  let isStalled = false;
  const isOld = () => performance.now() - opened > YOUNG_MS;
  const isNearlyOver = () => performance.now() - asked > goodForMs * RENEWED_AT;
  const lacks = time => {
    const {buffered} = video;
    for (let i = 0; i < buffered.length; ++i) if (buffered.start(i) <= time && time < buffered.end(i)) return false;
    return true;
  };
  const openAgain = () => {
    const {currentTime, paused} = video;
    [asked, opened, isStalled] = [performance.now(), Infinity, false];
    video.src = url;
    video.currentTime = currentTime;
    if (!paused) video.play().catch(() => {});
  };
  const lookIfItLacks = () => isStalled && video.readyState < HTMLMediaElement.HAVE_FUTURE_DATA && isOld() && openAgain();
  const handlers = {
    loadedmetadata: () => opened = performance.now(),
    progress: () => isStalled = false,
    stalled: () => {
      isStalled = true;
      lookIfItLacks();
    },
    waiting: () => isNearlyOver() ? openAgain() : lookIfItLacks(),
    seeking: () => isNearlyOver() && lacks(video.currentTime) && openAgain(),
    play: () => isNearlyOver() && openAgain(),
    error: () => isOld() ? openAgain() : fail(video.error?.message),
  };
  for (const [event, handler] of Object.entries(handlers)) video.addEventListener(event, handler);
  video.src = url;
  return () => {
    for (const [event, handler] of Object.entries(handlers)) video.removeEventListener(event, handler);
  };
}

// Puts it into the element. isThumbnail: only its first picture is wanted.
export function play(video, source, {isThumbnail = false} = {}) {
  let failure = () => {};
  const fail = reason => failure(new Error(reason || 'it cannot be played'));
  const close = source.isHls && hasHlsJs() ? openPlaylist(video, source.url, isThumbnail, fail) : openFile(video, source, fail);
  return {
    onFailure(tell) {
      failure = tell;
    },
    stop() {
      failure = () => {};
      close();
      video.removeAttribute('src');
      video.load();
    },
  };
}
