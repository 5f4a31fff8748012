// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays a finished playlist to its end in hls.js and in Shaka Player in Chromium, and seeks across each splice.
//
//   npm ci && node play.mjs DIR [PLAYLIST]        PLAYLIST: name in DIR, default live.m3u8
//
// If it has discontinuities, two more tries show that the tags stand where they must: with the timestamps of
// every period starting again, as other recorders write them, it plays only thanks to the tags; so it must play,
// and without the tags (the negative control) it must not. Of fragmented MP4 players forgive a missing discontinuity
// (tests/common/hls_lint.h does not); it must not play without maps, and not when the pictures of all periods but the
// first come a second after their sound.
//
// Prints one JSON line per try; exit status 0 when all go as they must.
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import {createRequire} from 'node:module';
import {chromium} from 'playwright-core';
import {later} from './fragments.mjs';
import {earlier, firstTimestamp} from './transport_stream.mjs';

const RATE = 4;           // playback speed
const STUCK_MS = 4000;    // no progress for so long is a failure
const TOLERANCE_S = 0.5;  // between EXTINF's sum and what the player plays

const [root, name = 'live.m3u8'] = process.argv.slice(2);
if (!root) {
  console.error('usage: node play.mjs DIR [PLAYLIST]');
  process.exit(2);
}
const require = createRequire(import.meta.url);
const scripts = {
  hls: require.resolve('hls.js/dist/hls.min.js'),
  shaka: require.resolve('shaka-player/dist/shaka-player.compiled.js'),
};
const playlist = fs.readFileSync(path.join(root, name), 'utf8');
const untagged = playlist.replaceAll('#EXT-X-DISCONTINUITY\n', '');
const maps = [...playlist.matchAll(/^#EXT-X-MAP:URI="([^"]+)"$/gm)].map(m => decodeURIComponent(m[1]));
const isFragmented = maps.length > 0;
const unmapped = playlist.replaceAll(/^#EXT-X-MAP:.*\n/gm, '');
const VIDEO = 1;           // the track's id
const A_SECOND = 90000;
const firstPeriod = playlist.split('#EXT-X-DISCONTINUITY')[0];
const soundBytes = {};  // by player: that are decoded when the recording is played as it is
const moves = periodMoves();  // URI -> ticks by which its period is later than the first one

const page = player =>
  `<!doctype html><video id="video" muted playsinline></video><script src="/${player}.js"></script>`;
const served = {
  '/hls': ['text/html', () => page('hls')],
  '/shaka': ['text/html', () => page('shaka')],
  '/hls.js': ['text/javascript', () => fs.readFileSync(scripts.hls)],
  '/shaka.js': ['text/javascript', () => fs.readFileSync(scripts.shaka)],
  '/late/playlist.m3u8': ['application/vnd.apple.mpegurl', () => playlist],
  '/media/unmapped.m3u8': ['application/vnd.apple.mpegurl', () => unmapped],
  '/media/playlist.m3u8': ['application/vnd.apple.mpegurl', () => playlist],
  '/restarted/playlist.m3u8': ['application/vnd.apple.mpegurl', () => playlist],
  '/restarted/untagged.m3u8': ['application/vnd.apple.mpegurl', () => untagged],
};

function answer(request, response) {
  const url = decodeURIComponent(request.url.split('?')[0]);
  const [type, body] = served[url] ?? [isFragmented ? 'video/mp4' : 'video/mp2t', () => segment(url)];
  try {
    response.setHeader('content-type', type);
    response.end(body());
  } catch {
    response.statusCode = 404;
    response.end();
  }
}

function segment(url) {
  const [, folder, uri] = /^\/(media|restarted|late)\/(.+)$/.exec(url) ?? [];
  if (!moves.has(uri) && !maps.includes(uri)) throw new Error('not in the playlist');
  const bytes = fs.readFileSync(path.join(root, uri));
  if (folder === 'late' && !firstPeriod.includes(uri)) return later(bytes, VIDEO, A_SECOND);
  return folder === 'restarted' ? earlier(bytes, moves.get(uri)) : bytes;
}

function periodMoves() {
  const found = new Map();
  let first, move = 0n, fresh = true;
  for (const line of playlist.split('\n')) {
    fresh ||= line === '#EXT-X-DISCONTINUITY';
    if (!line || line.startsWith('#')) continue;
    const uri = decodeURIComponent(line);
    if (fresh && !isFragmented) {
      const begin = firstTimestamp(fs.readFileSync(path.join(root, uri)));
      move = begin - (first ??= begin);
      fresh = false;
    }
    found.set(uri, move);
  }
  return found;
}

// In the page. Plays to the end, and tells what happened.
async function play({player, url, rate, stuckMs, splices}) {
  const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));
  const video = document.getElementById('video');
  const seen = {errors: [], sizes: [], seeks: [], ended: false};
  video.addEventListener('error', () => seen.errors.push(`video: ${video.error?.message}`));
  async function openInHls() {
    const hls = new Hls({maxBufferLength: 30});
    hls.on(Hls.Events.ERROR, (_, data) => {
      if (data.fatal || !/bufferStalledError|bufferNudgeOnStall|bufferSeekOverHole/.test(data.details))
        seen.errors.push(`${data.fatal ? 'fatal ' : ''}${data.details}`);
    });
    hls.on(Hls.Events.FRAG_CHANGED, (_, data) => {
      seen.periods = Math.max(seen.periods ?? 0, data.frag.cc + 1);
    });
    hls.loadSource(url);
    hls.attachMedia(video);
    return hls;
  }
  async function openInShaka() {
    shaka.polyfill.installAll();
    const opened = new shaka.Player();
    opened.addEventListener('error', event => seen.errors.push(`shaka ${event.detail.code}`));
    await opened.attach(video);
    await opened.load(url).catch(error => seen.errors.push(`load ${error.code}`));
    return opened;
  }
  const opened = await (player === 'hls' ? openInHls() : openInShaka());
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
  for (const to of seen.ended ? splices.flatMap(at => [at - 0.4, at + 0.4]) : []) {
    const arrived = new Promise(resolve => video.addEventListener('seeked', resolve, {once: true}));
    video.pause();
    video.currentTime = to;
    await Promise.race([arrived, sleep(stuckMs)]);
    const from = video.currentTime;
    await Promise.race([video.play().catch(() => {}), sleep(stuckMs)]);
    for (const until = performance.now() + stuckMs; video.currentTime <= from && performance.now() < until;)
      await sleep(20);
    const goesOn = Math.abs(from - to) < 0.3 && video.currentTime > from;
    seen.seeks.push({to, at: video.currentTime, goesOn, size: `${video.videoWidth}x${video.videoHeight}`});
  }
  await opened.destroy();
  return seen;
}

// Where the playlist says that periods begin, but for the first; seconds.
function splices() {
  const found = [];
  let at = 0;
  for (const line of playlist.split('\n')) {
    if (line === '#EXT-X-DISCONTINUITY') found.push(at);
    at += Number(/^#EXTINF:([\d.]+),/.exec(line)?.[1] ?? 0);
  }
  return found;
}

function judge(player, seen) {
  const extinf = [...playlist.matchAll(/^#EXTINF:([\d.]+),/gm)].reduce((sum, m) => sum + Number(m[1]), 0);
  const periods = 1 + (playlist.match(/^#EXT-X-DISCONTINUITY$/gm) ?? []).length;
  const faults = [...seen.errors];
  if (!seen.ended) faults.push(`stuck at ${seen.at}`);
  if (!(Math.abs(seen.at - extinf) <= TOLERANCE_S)) faults.push(`played ${seen.at} s of ${extinf} s`);
  if (seen.periods !== undefined && seen.periods !== periods) faults.push(`${seen.periods} periods, expected ${periods}`);
  if (seen.corrupted) faults.push(`${seen.corrupted} corrupted frames`);
  if (seen.audioBytes < 0.95 * soundBytes[player])
    faults.push(`${seen.audioBytes} of ${soundBytes[player]} bytes of sound`);
  if (seen.holes > 0) faults.push(`${seen.holes} holes`);
  for (const seek of seen.seeks) if (!seek.goesOn) faults.push(`stuck after a seek to ${seek.to}`);
  return faults;
}

const server = http.createServer(answer).listen(0, '127.0.0.1');
await new Promise(resolve => server.on('listening', resolve));
const origin = `http://127.0.0.1:${server.address().port}`;
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
});

async function attempt(player, file) {
  const tab = await browser.newPage();
  await tab.goto(`${origin}/${player}`);
  const seen = await tab.evaluate(
    play, {player, url: `/${file}`, rate: RATE, stuckMs: STUCK_MS, splices: splices()});
  await tab.close();
  return seen;
}

const periods = seen => ({...seen, periods: 1 + (playlist.match(/^#EXT-X-DISCONTINUITY$/gm) ?? []).length});

async function check(what, player, file, {mustPlay}) {
  const seen = await attempt(player, file);
  soundBytes[player] ||= seen.audioBytes;
  const faults = judge(player, mustPlay ? seen : periods(seen));
  const ok = mustPlay === (faults.length === 0);
  console.log(JSON.stringify({try: what, player, mustPlay, ok, faults, ...seen}));
  return ok;
}

let ok = false;
try {
  ok = await check('as recorded', 'hls', 'media/playlist.m3u8', {mustPlay: true});
  ok = await check('as recorded', 'shaka', 'media/playlist.m3u8', {mustPlay: true}) && ok;
  if (isFragmented) {
    ok = await check('no maps', 'hls', 'media/unmapped.m3u8', {mustPlay: false}) && ok;
    ok = await check('late pictures', 'hls', 'late/playlist.m3u8', {mustPlay: false}) && ok;
  }
  if (untagged !== playlist && !isFragmented) {
    ok = await check('timestamps start again', 'hls', 'restarted/playlist.m3u8', {mustPlay: true}) && ok;
    ok = await check('and no tags', 'hls', 'restarted/untagged.m3u8', {mustPlay: false}) && ok;
  }
} finally {
  await browser.close();
  server.close();
}
process.exit(ok ? 0 : 1);
