// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays a finished playlist to its end in hls.js in Chromium.
//
//   npm ci && node play.mjs DIR [PLAYLIST]        PLAYLIST: name in DIR, default live.m3u8
//
// If it has discontinuities, two more tries show that the tags stand where they must: with the timestamps of
// every period starting again, as other recorders write them, it plays only thanks to the tags; so it must play,
// and without the tags (the negative control) it must not.
//
// Prints one JSON line per try; exit status 0 when all go as they must.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';
import {earlier, firstTimestamp} from './transport_stream.mjs';

const RATE = 4;           // playback speed
const STUCK_MS = 4000;    // no progress for so long is a failure
const TOLERANCE_S = 0.5;  // between EXTINF's sum and what the player plays

const [root, name = 'live.m3u8'] = process.argv.slice(2);
if (!root) {
  console.error('usage: node play.mjs DIR [PLAYLIST]');
  process.exit(2);
}
const hlsScript = createRequire(import.meta.url).resolve('hls.js/dist/hls.min.js');
const playlist = fs.readFileSync(path.join(root, name), 'utf8');
const untagged = playlist.replaceAll('#EXT-X-DISCONTINUITY\n', '');
let soundBytes = 0;  // that are decoded when the recording is played as it is
const moves = periodMoves();  // URI -> ticks by which its period is later than the first one

const page = '<!doctype html><video id="video" muted playsinline></video><script src="/hls.js"></script>';
const served = {
  '/': ['text/html', () => page],
  '/hls.js': ['text/javascript', () => fs.readFileSync(hlsScript)],
  '/media/playlist.m3u8': ['application/vnd.apple.mpegurl', () => playlist],
  '/restarted/playlist.m3u8': ['application/vnd.apple.mpegurl', () => playlist],
  '/restarted/untagged.m3u8': ['application/vnd.apple.mpegurl', () => untagged],
};

function answer(request, response) {
  const url = decodeURIComponent(request.url.split('?')[0]);
  const [type, body] = served[url] ?? ['video/mp2t', () => segment(url)];
  try {
    response.setHeader('content-type', type);
    response.end(body());
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

function segment(url) {
  const [, folder, uri] = /^\/(media|restarted)\/(.+)$/.exec(url) ?? [];
  if (!moves.has(uri)) throw new Error('not in the playlist');
  const bytes = fs.readFileSync(path.join(root, uri));
  return folder === 'restarted' ? earlier(bytes, moves.get(uri)) : bytes;
}

function periodMoves() {
  const found = new Map();
  let first, move = 0n, fresh = true;
  for (const line of playlist.split('\n')) {
    fresh ||= line === '#EXT-X-DISCONTINUITY';
    if (!line || line.startsWith('#')) continue;
    const uri = decodeURIComponent(line);
    if (fresh) {
      const begin = firstTimestamp(fs.readFileSync(path.join(root, uri)));
      move = begin - (first ??= begin);
      fresh = false;
    }
    found.set(uri, move);
  }
  return found;
}

// In the page. Plays to the end, and tells what happened.
async function play({url, rate, stuckMs}) {
  const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
  const video = document.getElementById('video');
  const seen = {errors: [], sizes: [], periods: 0, ended: false};
  const hls = new Hls({maxBufferLength: 30});
  video.addEventListener('error', () => seen.errors.push(`video: ${video.error?.message}`));
  hls.on(Hls.Events.ERROR, (_, data) => {
    if (data.fatal || !/bufferStalledError|bufferNudgeOnStall|bufferSeekOverHole/.test(data.details))
      seen.errors.push(`${data.fatal ? 'fatal ' : ''}${data.details}`);
  });
  hls.on(Hls.Events.FRAG_CHANGED, (_, data) => {
    seen.periods = Math.max(seen.periods, data.frag.cc + 1);
  });
  hls.loadSource(url);
  hls.attachMedia(video);
  await Promise.race([video.play().catch(error => seen.errors.push(error.message)), sleep(stuckMs)]);
  let place = -1, moved = performance.now();
  while (!video.ended && performance.now() - moved < stuckMs) {
    video.playbackRate = rate;
    if (video.currentTime > place) [place, moved] = [video.currentTime, performance.now()];
    const size = `${video.videoWidth}x${video.videoHeight}`;
    if (video.videoWidth && seen.sizes.at(-1) !== size) seen.sizes.push(size);
    await sleep(20);
  }
  const quality = video.getVideoPlaybackQuality();
  Object.assign(seen, {ended: video.ended, at: video.currentTime, duration: video.duration});
  Object.assign(seen, {frames: quality.totalVideoFrames, corrupted: quality.corruptedVideoFrames});
  Object.assign(seen, {audioBytes: video.webkitAudioDecodedByteCount});
  seen.holes = video.buffered.length - 1;
  hls.destroy();
  return seen;
}

function judge(seen) {
  const extinf = [...playlist.matchAll(/^#EXTINF:([\d.]+),/gm)].reduce((sum, m) => sum + Number(m[1]), 0);
  const periods = 1 + (playlist.match(/^#EXT-X-DISCONTINUITY$/gm) ?? []).length;
  const faults = [...seen.errors];
  if (!seen.ended) faults.push(`stuck at ${seen.at}`);
  if (!(Math.abs(seen.at - extinf) <= TOLERANCE_S)) faults.push(`played ${seen.at} s of ${extinf} s`);
  if (seen.periods !== periods) faults.push(`${seen.periods} periods, expected ${periods}`);
  if (seen.corrupted) faults.push(`${seen.corrupted} corrupted frames`);
  if (seen.audioBytes < 0.95 * soundBytes) faults.push(`${seen.audioBytes} of ${soundBytes} bytes of sound`);
  return faults;
}

const server = http.createServer(answer).listen(0, '127.0.0.1');
await new Promise(resolve => server.on('listening', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
});

async function attempt(file) {
  const tab = await browser.newPage();
  await tab.goto(origin);
  const seen = await tab.evaluate(play, {url: `/${file}`, rate: RATE, stuckMs: STUCK_MS});
  await tab.close();
  return seen;
}

const periods = seen => ({...seen, periods: 1 + (playlist.match(/^#EXT-X-DISCONTINUITY$/gm) ?? []).length});

async function check(what, file, {mustPlay}) {
  const seen = await attempt(file);
  soundBytes ||= seen.audioBytes;
  const faults = judge(mustPlay ? seen : periods(seen));
  const ok = mustPlay === (faults.length === 0);
  console.log(JSON.stringify({try: what, mustPlay, ok, faults, ...seen}));
  return ok;
}

let ok = false;
try {
  ok = await check('as recorded', 'media/playlist.m3u8', {mustPlay: true});
  if (untagged !== playlist) {
    ok = await check('timestamps start again', 'restarted/playlist.m3u8', {mustPlay: true}) && ok;
    ok = await check('and no tags', 'restarted/untagged.m3u8', {mustPlay: false}) && ok;
  }
} finally {
  await browser.close();
  server.close();
}
process.exit(ok ? 0 : 1);
