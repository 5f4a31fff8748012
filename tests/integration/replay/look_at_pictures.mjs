// SPDX-License-Identifier: LGPL-2.1-or-later
// Looks at a recording of which a job has made a red picture, and at that picture.
//
//   node look_at_pictures.mjs URL SOURCE PICTURE SCREENSHOTS
//
// URL with the token; session ids of the two recordings. Exit status 0 when the picture is drawn in the list, in place of
// the player's first frame, and where there is nothing else.
import path from 'node:path';
import {must, mustBeAccessible, open, playFrom, run, say} from './browser.mjs';

const [url, source, picture, folder] = process.argv.slice(2);

const isDrawn = image => image.evaluate(async one => {
  await one.decode();
  return one.naturalWidth > 0 && one.getBoundingClientRect().width > 0;
});

// What people see at a place of it where no control is.
async function looksRed(tab, selector) {
  const shot = await tab.locator(selector).screenshot();
  const [red, green, blue] = await tab.evaluate(async base64 => {
    const bytes = Uint8Array.from(atob(base64), character => character.charCodeAt(0));
    const bitmap = await createImageBitmap(new Blob([bytes]));
    const canvas = new OffscreenCanvas(1, 1).getContext('2d');
    canvas.drawImage(bitmap, bitmap.width / 2, bitmap.height / 4, 1, 1, 0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  }, shot.toString('base64'));
  return red > 200 && green < 60 && blue < 60;
}

run(async browser => {
  const page = await open(browser);
  await page.goto(url);
  for (const session of [source, picture])
    must('the list has the picture', await isDrawn(page.locator(`.card[href="#/${session}"] .thumb img`)));
  await page.screenshot({path: path.join(folder, 'pictures.png')});

  await page.locator(`.card[href="#/${source}"]`).click();
  await page.locator('video[poster]').waitFor();
  await page.waitForFunction(() => document.querySelector('video').readyState >= 2);  // there is a frame to show instead
  must('the player shows it before it plays', await looksRed(page, 'video'));
  await page.screenshot({path: path.join(folder, 'poster.png')});
  const seen = await playFrom(page, 0, 1);
  must('it plays', seen.at >= 1 && seen.width > 0);
  must('the player shows media then', !await looksRed(page, 'video'));
  say('source', seen);

  const link = page.locator(`.made-of-this a[href="#/${picture}"]`);
  must('what was made of it has the picture', await isDrawn(link.locator('img')));
  await link.click();
  must('the picture is what there is to see', await isDrawn(page.locator('.stage img')));
  must('it is red', await looksRed(page, '.stage img'));
  for (const selector of ['video', '.no-media', '.timeline', '.clip'])
    must(`there is no ${selector}`, await page.locator(selector).isHidden());
  await mustBeAccessible(page, 'the picture');
  await page.screenshot({path: path.join(folder, 'picture.png')});
  say('picture');
});
