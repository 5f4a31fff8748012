// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at a recording whose names were chosen to do harm, on a phone: those of streams are whatever somebody pushes.
//
//   node look_at_names.mjs URL NAME SCREENSHOTS
//
// URL with the token; the stream's name. Exit status 0 when it is shown as text, and hides nothing.
import path from 'node:path';
import {must, mustBeAccessible, open, playFrom, run, say} from './browser.mjs';

const [url, name, folder] = process.argv.slice(2);

run(async browser => {
  const page = await open(browser, {viewport: {width: 390, height: 844}, isMobile: true, hasTouch: true});
  const mustFit = async what => must(`${what} is no wider than the phone`,
      await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth));
  await page.goto(url);
  await page.locator('.card').waitFor();
  must('the list shows it as text', (await page.locator('.card .name').textContent()).endsWith(name));
  await mustFit('the list');
  await page.locator('.card').click();
  await page.locator('.span').first().waitFor();
  await playFrom(page, 0, 0.5);
  must('the view shows it as text', (await page.locator('h1').textContent()).endsWith(name));
  await mustFit('the view');
  await page.locator('.delete').click();
  await page.screenshot({path: path.join(folder, 'names.png')});
  for (const value of ['keep', 'delete']) {
    const box = await page.locator(`dialog [value=${value}]`).boundingBox();
    must(`people see what is asked: ${value}`, box.x >= 0 && box.x + box.width <= 390 && box.y + box.height <= 844);
  }
  must('the name turns nothing else around', await page.locator('dialog .what bdi').textContent() === await page.locator('h1').textContent());
  await mustBeAccessible(page, 'a bad name');
  must('nothing of it was run', await page.evaluate(() => !('harm' in globalThis)));
  say('names');
});
