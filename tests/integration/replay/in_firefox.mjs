// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays recordings in the replay page in Firefox, whose engine shares nothing with Chromium's.
//
//   node in_firefox.mjs URL RECORDINGS SCREENSHOTS
//
// URL with the token; JSON {spliced, cmaf, running, foreign: {id, name, files}}, of which Firefox cannot decode the last; a
// folder. Prints one JSON line per step; exit status 0 when all go as they must.
import path from 'node:path';
import puppeteer from 'puppeteer-core';
import {must, playFrom, say} from './browser.mjs';

const [url, recordings, folder] = process.argv.slice(2);
const {spliced, cmaf, running, foreign} = JSON.parse(recordings);
const complaints = [];

async function openRecording(page, {id, name}) {
  await page.goto(new URL(`/#/${id}`, url).href);
  await page.waitForFunction(title => document.title === title, {}, name);  // the one before may be there yet
  await page.waitForSelector('.timeline:not([hidden]) .span');
}

const shot = (page, name) => page.screenshot({path: path.join(folder, `firefox-${name}.png`)});

async function playToTheEnd(page, recording, name, seconds) {
  await openRecording(page, recording);
  const length = await page.waitForFunction(() => document.querySelector('video').duration);
  const total = await length.jsonValue();
  must(`${name} is whole`, Math.abs(total - seconds) < 0.3);
  const seen = await playFrom(page, total / 2 - 1, 3);
  must(`${name} plays over its middle`, seen.at >= total / 2 + 1 && seen.width > 0);
  const end = await playFrom(page, total - 1, 5);
  must(`${name} plays to its end`, end.ended);
  await shot(page, name);
  say(name, end);
}

async function playFile(page, recording) {
  await openRecording(page, recording);
  await page.evaluate(file => {
    document.querySelector('video').remove();
    document.body.prepend(Object.assign(document.createElement('video'), {src: file, preload: 'auto'}));
  }, recording.files.mp4);
  const seen = await playFrom(page, 1, 2);
  must('the MP4 file plays', seen.at >= 3 && seen.width > 0);
  say('mp4', seen);
}

async function playRunning(page) {
  await openRecording(page, running);
  const seen = await playFrom(page, 0, 2);
  must('it plays while it is recorded', seen.at >= 2 && seen.width > 0);
  say('running', seen);
}

async function beToldWhy(page) {
  await openRecording(page, foreign);
  const told = await page.waitForFunction(() => document.querySelector('.no-media:not([hidden])')?.textContent);
  const why = await told.jsonValue();
  must(`the codec is named: ${why}`, /cannot decode video\/mp4;\s*codecs="?avc1\.f4/i.test(why));
  await shot(page, 'foreign');
  say('foreign', {why});
}

const browser = await puppeteer.launch({
  browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', headless: true,
  extraPrefsFirefox: {'media.autoplay.default': 0},
  env: {...process.env, MOZ_DISABLE_CONTENT_SANDBOX: '1', MOZ_DISABLE_RDD_SANDBOX: '1'},  // not in every container
});
try {
  const page = await browser.newPage();
  await page.setViewport({width: 1280, height: 860});
  page.on('pageerror', error => complaints.push(`${error}`));
  await page.goto(url);
  await page.waitForFunction(() => document.querySelectorAll('.thumb canvas').length > 1);
  await shot(page, 'list');
  await playToTheEnd(page, spliced, 'spliced', 8);
  await playToTheEnd(page, cmaf, 'cmaf', 4);
  await playRunning(page);
  await beToldWhy(page);
  await playFile(page, spliced);
} catch (error) {
  complaints.push(error.stack);
} finally {
  await browser.close();
}
if (complaints.length) console.error(complaints.join('\n'));
process.exit(complaints.length ? 1 : 0);
