// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays a long file from a bucket, waits until the address that it came from is good no more, and goes on.
//
//   node outlive_address.mjs URL SESSION [untold]
//
// URL with the token, of a server whose addresses are good for some seconds. Exit status 0 when the store refuses the old
// address, another one was asked for, and the file plays on at the place that was asked for; and that without a stall of the
// old one, unless the page is not told for how long addresses are good.
import {complaints, must, open, playFrom, run, say} from './browser.mjs';

const [url, session, how] = process.argv.slice(2);
const isTold = how !== 'untold';

// What is asked of the player when the address has run out: a part of the file that it has not got yet.
const WAYS = [
  {way: 'seek while it pauses', part: 0.6, plays: false},
  {way: 'seek while it plays', part: 0.95, plays: true},
];

run(async browser => {
  const page = await open(browser);
  const asked = [], refused = [];
  const isSigned = request => request.url().includes('X-Amz-Signature=');
  page.on('request', request => isSigned(request) && asked.push(request.url()));
  page.on('requestfailed', request => {
    if (isSigned(request) && request.failure().errorText !== 'net::ERR_ABORTED') refused.push(request.url());
  });
  if (!isTold)
    await page.route('**/api/v1/recordings**', async route => {
      const response = await route.fetch();
      const told = await response.json();
      await route.fulfill({response, json: JSON.parse(JSON.stringify(told, (name, value) => name === 'media_good_for' ? undefined : value))});
    });
  await page.clock.install();
  await page.goto(url);
  await page.locator(`.card[href="#/${session}"]`).click();
  const {at, width} = await playFrom(page, 0, 1);
  must('it plays', at >= 1 && width > 0);

  for (const {way, part, plays} of WAYS) {
    const old = asked.at(-1);
    [asked.length, refused.length] = [0, 0];
    const isGood = async () => (await page.context().request.get(old, {headers: {Range: 'bytes=0-0'}})).ok();
    while (await isGood()) await new Promise(resolve => setTimeout(resolve, 500));
    for (const isOffline of [true, false]) await page.context().setOffline(isOffline);  // no connection lives on
    await page.clock.fastForward(60000);  // the page believes that addresses are good for some time
    const seen = await page.evaluate(async ([part, plays]) => {
      const video = document.querySelector('video');
      const wanted = part * video.duration;
      const told = [];
      for (const event of ['stalled', 'emptied']) video.addEventListener(event, () => told.push(event));
      if (plays) video.play().catch(() => {});  // that of the file that is opened again counts
      video.currentTime = wanted;
      const isThere = () => video.readyState >= 2 && !video.seeking && (!plays || video.currentTime > wanted + 1);
      for (let i = 0; i < 1200 && !isThere(); ++i) await new Promise(resolve => setTimeout(resolve, 50));
      const seen = {wanted, at: video.currentTime, paused: video.paused, readyState: video.readyState, told};
      video.pause();
      return seen;
    }, [part, plays]);
    say(way, {...seen, refused: refused.length});
    must('it was opened again', seen.told.includes('emptied'));
    if (isTold) must('nobody waited for a stall', seen.told[0] === 'emptied');
    must('another one was asked for', asked.some(address => address !== old));
    must('it is where it was to go', seen.readyState >= 2 && seen.at >= seen.wanted && seen.at < seen.wanted + 10);
    must('it plays on if it played', seen.paused !== plays);
    must('nobody was told of it', await page.locator('.toast').count() === 0);
  }
  complaints.splice(0, complaints.length, ...complaints.filter(text => !text.includes('403')));  // the browser says so
});
