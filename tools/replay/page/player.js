// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays what a recording has: its playlist through hls.js or by the browser itself, or else its files.

const PLAYABLE = {mp4: 'video/mp4', mp3: 'audio/mpeg', aac: 'audio/aac'};
const HLS = 'application/vnd.apple.mpegurl';
const YOUNG_MS = 30000;  // an address of a bucket is good for longer

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
// another one. Browsers make an error of the bucket's refusal, or ask again and again, and stall (Chromium). So the file is
// opened again where it was, but not when it was opened so lately that this cannot be why.
function openFile(video, url, fail) {
  let opened = Infinity;
  let isStalled = false;
  const isOld = () => performance.now() - opened > YOUNG_MS;
  const openAgain = () => {
    const {currentTime, paused} = video;
    [opened, isStalled] = [Infinity, false];
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
    waiting: lookIfItLacks,
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
  const close = source.isHls && hasHlsJs() ? openPlaylist(video, source.url, isThumbnail, fail) : openFile(video, source.url, fail);
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
