// SPDX-License-Identifier: LGPL-2.1-or-later
// Uses the replay page as people do: opens what `serve` prints, finds recordings, plays a spliced one and one that is
// still recorded, drags a range on the timeline, saves it as a clip, plays that, deletes it.
//
//   npm ci && node use_page.mjs URL SPLICED RUNNING SCREENSHOTS
//
// URL with the token; session ids of two recordings; a folder. Prints one JSON line per step; exit status 0 when all
// go as they must.
import path from 'node:path';
import {chromium} from 'playwright-core';

const PATIENCE_MS = 30000;
const [url, spliced, running, folder] = process.argv.slice(2);
const complaints = [];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
});
const desktop = await browser.newContext({viewport: {width: 1280, height: 860}, locale: 'en-GB'});
desktop.setDefaultTimeout(PATIENCE_MS);
const page = await desktop.newPage();
watch(page);

function watch(tab) {
  tab.on('pageerror', error => complaints.push(`${error}`));
  tab.on('console', message => message.type() === 'error' && complaints.push(message.text()));
}

function say(step, seen = {}) {
  console.log(JSON.stringify({step, ...seen}));
}

function must(what, isSo) {
  if (!isSo) throw new Error(`not so: ${what}`);
}

const shot = (tab, name) => tab.screenshot({path: path.join(folder, `${name}.png`)});

// In the page: plays on from there, until so many seconds were played or it ended.
async function playFrom(tab, from, seconds) {
  return tab.evaluate(async ([from, seconds, patience]) => {
    const video = document.querySelector('video');
    const until = performance.now() + patience;
    const wait = () => new Promise(resolve => setTimeout(resolve, 50));
    while (video.readyState < 2 && performance.now() < until) await wait();
    video.muted = true;
    video.currentTime = from;
    await video.play();
    while (video.currentTime < from + seconds && !video.ended && performance.now() < until) await wait();
    const seen = {at: video.currentTime, duration: video.duration, ended: video.ended, width: video.videoWidth};
    video.pause();
    return seen;
  }, [from, seconds, PATIENCE_MS]);
}

async function drag(tab, fromPart, toPart) {
  const box = await tab.locator('.timeline').boundingBox();
  const y = box.y + box.height / 2;
  await tab.mouse.move(box.x + box.width * fromPart, y);
  await tab.mouse.down();
  await tab.mouse.move(box.x + box.width * (fromPart + toPart) / 2, y, {steps: 4});
  await tab.mouse.move(box.x + box.width * toPart, y, {steps: 4});
  await tab.mouse.up();
}

async function openList() {
  await page.goto(new URL('/', url).href);  // without the token nothing is shown
  await page.locator('form.login').waitFor();
  await shot(page, 'login');
  complaints.length = 0;  // 401 is one
  await page.goto('about:blank');
  await page.goto(url);
  await page.locator('.card').nth(1).waitFor();
  must('the token left the address', !page.url().includes('token'));
  await page.locator('.thumb canvas').nth(1).waitFor();
  await shot(page, 'list');
  await page.locator('[name=state]').selectOption('recording');
  await page.locator('.card').nth(1).waitFor({state: 'detached'});
  must('the filter leaves what runs', await page.locator('.card .badge.recording').count() === 1);
  await page.locator('[name=state]').selectOption('');
  await page.locator('.card').nth(1).waitFor();
  say('list', {recordings: await page.locator('.card').count()});
}

async function playSpliced() {
  await page.locator(`.card[href="#/${spliced}"]`).click();
  await page.locator('.span.gap').waitFor();
  must('the splice shows', await page.locator('.splice').count() === 1);
  const total = await page.evaluate(async () => {
    const video = document.querySelector('video');
    while (!(video.duration > 0)) await new Promise(resolve => setTimeout(resolve, 50));
    return video.duration;
  });
  const seen = await playFrom(page, total / 2 - 1, 3);  // over the splice
  must('it plays over the splice', seen.at >= total / 2 + 1 && seen.width > 0);
  const end = await playFrom(page, total - 1, 5);
  must('it plays to its end', end.ended);
  say('spliced', end);
}

async function clip() {
  await drag(page, 0.1, 0.35);
  await page.locator('.range').waitFor();
  await page.locator('.handle.to').press('ArrowLeft');  // the same by keyboard
  await shot(page, 'drag');
  await page.locator('.clip .primary').click();
  await page.locator('.toast a').click();
  await page.locator('.status .badge.derived').waitFor();
  const seen = await playFrom(page, 0, 1);
  must('the clip plays and is shorter', seen.at > 0.9 && seen.width > 0 && seen.duration > 1);
  await shot(page, 'clip');
  say('clip', seen);
  return page.url();
}

async function remove() {
  await page.locator('.delete').click();
  await page.locator('dialog[open]').waitFor();
  await shot(page, 'delete');
  await page.keyboard.press('Escape');
  await page.locator('.delete').click();
  await page.locator('dialog [value=delete]').click();
  await page.locator('.cards').waitFor();
  say('deleted');
}

async function playRunning() {
  await page.goto(new URL(`/#/${running}`, url).href);
  await page.locator('.status .badge.recording').waitFor();
  const seen = await playFrom(page, 0, 2);
  must('it plays while it is recorded', seen.at >= 2);
  await shot(page, 'live');
  say('running', seen);
}

async function mustFit(tab) {
  const widest = await tab.evaluate(() => Math.max(...[...document.querySelectorAll('body *')].map(
      one => one.closest('.skip, .spans, .range') ? 0 : one.getBoundingClientRect().right)));
  must('nothing is wider than the phone', widest <= 391);
}

async function lookOnAPhone() {
  for (const colorScheme of ['light', 'dark']) {
    const phone = await browser.newContext({
      viewport: {width: 390, height: 844}, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme,
    });
    const tab = await phone.newPage();
    watch(tab);
    await tab.goto(url);
    await tab.locator('.card').nth(1).waitFor();
    await tab.locator('.thumb canvas').first().waitFor();
    await mustFit(tab);
    await shot(tab, `phone-list-${colorScheme}`);
    await tab.goto(new URL(`/#/${spliced}`, url).href);
    await tab.locator('.span.gap').waitFor();
    await playFrom(tab, 1, 0.5);
    await mustFit(tab);
    await shot(tab, `phone-${colorScheme}`);
    await phone.close();
  }
  say('phone');
}

let ok = false;
try {
  await openList();
  await playSpliced();
  await playRunning();
  await page.goto(new URL(`/#/${spliced}`, url).href);
  await page.locator('.span.gap').waitFor();
  await clip();
  await remove();
  await page.emulateMedia({colorScheme: 'dark'});
  await page.goto(new URL(`/#/${spliced}`, url).href);
  await page.locator('.span.gap').waitFor();
  await playFrom(page, 1, 0.5);
  await shot(page, 'dark');
  await lookOnAPhone();
  ok = complaints.length === 0;
} catch (error) {
  complaints.push(`${error.stack}`);
  await shot(page, 'failed');
} finally {
  await browser.close();
}
if (!ok) console.error(complaints.join('\n'));
process.exit(ok ? 0 : 1);
