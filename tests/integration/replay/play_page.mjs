// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays one recording in the replay page, from the list on, and seeks in it.
//
//   node play_page.mjs URL SESSION
//
// URL with the token. Prints a JSON line; exit status 0 when its picture shows in the list, it plays, and the browser
// has nothing to complain of.
import {chromium} from 'playwright-core';

const PATIENCE_MS = 30000;
const [url, session] = process.argv.slice(2);
const complaints = [];

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--autoplay-policy=no-user-gesture-required', '--mute-audio'],
});
const page = await browser.newPage();
page.setDefaultTimeout(PATIENCE_MS);
page.on('pageerror', error => complaints.push(`${error}`));
page.on('console', message => message.type() === 'error' && complaints.push(message.text()));

// In the page: plays from there until so many seconds more were played.
const playFrom = (from, seconds) => page.evaluate(async ([from, seconds, patience]) => {
  const video = document.querySelector('video');
  const until = performance.now() + patience;
  const wait = () => new Promise(resolve => setTimeout(resolve, 50));
  while (video.readyState < 2 && performance.now() < until) await wait();
  video.currentTime = from;
  await video.play();
  while (video.currentTime < from + seconds && !video.ended && performance.now() < until) await wait();
  return {at: video.currentTime, duration: video.duration, width: video.videoWidth};
}, [from, seconds, PATIENCE_MS]);

let seen = null;
try {
  await page.goto(url);
  await page.locator('.thumb canvas').waitFor();
  await page.locator(`.card[href="#/${session}"]`).click();
  seen = [await playFrom(0, 1), await playFrom(4, 1)];
  if (!seen.every(one => one.width > 0 && one.duration > 5) || seen[1].at < 5) complaints.push('it does not play');
} catch (error) {
  complaints.push(`${error.stack}`);
} finally {
  await browser.close();
}
console.log(JSON.stringify({seen}));
if (complaints.length) console.error(complaints.join('\n'));
process.exit(complaints.length ? 1 : 0);
