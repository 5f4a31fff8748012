// SPDX-License-Identifier: LGPL-2.1-or-later
// Plays one recording in the replay page, from the list on, and seeks in it.
//
//   node play_page.mjs URL SESSION
//
// URL with the token. Prints a JSON line that says where media came from; exit status 0 when its picture shows in the list,
// it plays, and the browser has nothing to complain of.
import {must, open, playFrom, run, say} from './browser.mjs';

const [url, session] = process.argv.slice(2);

run(async browser => {
  const page = await open(browser);
  const origins = new Set();
  page.on('response', answer => {
    if (answer.ok() && /^(video|audio)\//.test(answer.headers()['content-type'])) origins.add(new URL(answer.url()).origin);
  });
  await page.goto(url);
  await page.locator('.thumb canvas').waitFor();
  await page.locator(`.card[href="#/${session}"]`).click();
  const seen = [await playFrom(page, 0, 1), await playFrom(page, 4, 1)];
  must('it plays', seen.every(one => one.width > 0 && one.duration > 5) && seen[1].at >= 5);
  say('played', {seen, origins: [...origins]});
});
