// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays what a recording has: its playlist through hls.js or by the browser itself, or else its files.

const PLAYABLE = {mp4: 'video/mp4', mp3: 'audio/mpeg', aac: 'audio/aac'};
const HLS = 'application/vnd.apple.mpegurl';

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

// Puts it into the element. isThumbnail: only its first picture is wanted.
export function play(video, source, {isThumbnail = false} = {}) {
  let failure = () => {};
  let hls = null;
  const onError = () => failure(new Error(video.error?.message || 'it cannot be played'));
  video.addEventListener('error', onError);
  if (source.isHls && hasHlsJs()) {
    hls = new Hls({
      startPosition: 0,
      maxBufferLength: isThumbnail ? 1 : 30,
      maxMaxBufferLength: isThumbnail ? 2 : 120,
      liveDurationInfinity: false,
      backBufferLength: 120,
    });
    let recovered = 0;
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (!data.fatal) return;
      if (data.type === Hls.ErrorTypes.MEDIA_ERROR && recovered++ < 3) hls.recoverMediaError();
      else failure(new Error(data.details));
    });
    hls.loadSource(source.url);
    hls.attachMedia(video);
  } else {
    video.src = source.url;
  }
  return {
    onFailure(tell) {
      failure = tell;
    },
    stop() {
      failure = () => {};
      video.removeEventListener('error', onError);
      hls?.destroy();
      video.removeAttribute('src');
      video.load();
    },
  };
}
