// SPDX-License-Identifier: LGPL-2.1-or-later
// What the programs here share: a browser, what it complains of, playing, and the verdict.
import axe from 'axe-core';
import {chromium} from 'playwright-core';

const PATIENCE_MS = 30000;

export const complaints = [];

export function say(step, seen = {}) {
  console.log(JSON.stringify({step, ...seen}));
}

export function must(what, isSo) {
  if (!isSo) throw new Error(`not so: ${what}`);
}

// A tab in a context of its own; whatever goes wrong in it is a complaint.
export async function open(browser, options = {}) {
  const context = await browser.newContext({viewport: {width: 1280, height: 860}, locale: 'en-GB', ...options});
  context.setDefaultTimeout(PATIENCE_MS);
  const tab = await context.newPage();
  tab.on('pageerror', error => complaints.push(`${error}`));
  tab.on('console', message => message.type() === 'error' && complaints.push(message.text()));
  return tab;
}

// What the page itself sees: Playwright's own page.url() may be behind it.
export const addressOf = tab => tab.evaluate(() => location.href);

export async function mustComeTo(tab, hash) {
  await tab.waitForFunction(wanted => location.hash === wanted, hash).catch(async error => {
    throw new Error(`the address is ${await addressOf(tab)}, not ${hash}`, {cause: error});
  });
}

// By the rules of axe-core; what is less than serious is only told.
export async function mustBeAccessible(tab, what) {
  await tab.evaluate(axe.source);
  const {violations, passes} = await tab.evaluate(() => globalThis.axe.run());
  const told = violations.map(({id, impact, nodes}) => `${impact} ${id}: ${nodes.map(node => node.html.slice(0, 120)).join(' ')}`);
  say(`${what} for everybody`, {rules: passes.length, ...(told.length && {told})});
  must(`${what} is accessible: ${told.join('; ')}`, !violations.some(one => ['serious', 'critical'].includes(one.impact)));
}

// Plays on from there, until so many seconds were played or it ended.
export async function playFrom(tab, from, seconds) {
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

// Ends the program: with status 0 when `steps` went as they must and nobody complains.
export async function run(steps, whenFailed = () => {}) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
  });
  try {
    await steps(browser);
  } catch (error) {
    complaints.push(`${error.stack}`);
    await whenFailed();
  } finally {
    await browser.close();
  }
  if (complaints.length) console.error(complaints.join('\n'));
  process.exit(complaints.length ? 1 : 0);
}
