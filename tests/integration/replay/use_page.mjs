// SPDX-License-Identifier: LGPL-2.1-or-later
// Uses the replay page as people do: opens what `serve` prints, finds recordings, plays a spliced one and one that is
// still recorded, drags a range on the timeline, saves it as a clip, plays that, deletes it.
//
//   npm ci && node use_page.mjs URL SPLICED RUNNING SCREENSHOTS
//
// URL with the token; session ids of two recordings; a folder. Prints one JSON line per step; exit status 0 when all
// go as they must.
import path from 'node:path';
import {addressOf, complaints, must, mustBeAccessible, mustComeTo, open, playFrom, run, say} from './browser.mjs';

const [url, spliced, running, folder] = process.argv.slice(2);
let browser, page;

const shot = (tab, name) => tab.screenshot({path: path.join(folder, `${name}.png`)});

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
  await mustBeAccessible(page, 'the login');
  await shot(page, 'login');
  complaints.length = 0;  // 401 is one
  await page.goto(url);
  await page.locator('.card').nth(1).waitFor();
  must('the token left the address', !(await addressOf(page)).includes('token'));
  await page.locator('.thumb canvas').nth(1).waitFor();
  await mustBeAccessible(page, 'the list');
  await shot(page, 'list');
  await page.locator('[name=state]').selectOption('recording');
  await page.locator('.card').nth(1).waitFor({state: 'detached'});
  must('the filter leaves what runs', await page.locator('.card .badge.recording').count() === 1);
  await page.locator('[name=state]').selectOption('');
  await page.locator('.card').nth(1).waitFor();
  say('list', {recordings: await page.locator('.card').count()});
}

const cardOf = session => page.locator(`.card[href^="#/${session}"]`);
const isChosen = fields => page.waitForFunction(
    all => Object.entries(all).every(([name, value]) => document.querySelector(`[name=${name}]`).value === value), fields);

// What the list shows and what is opened is in the address: it can be sent to others, loaded again, and gone back from.
async function shareLinks() {
  const chosen = {stream_has: 'cam', state: 'finished'};
  await page.locator('[name=state]').selectOption('finished');
  await cardOf(running).waitFor({state: 'detached'});
  await page.locator('[name=stream_has]').pressSequentially('cam');
  await mustComeTo(page, '#/?stream_has=cam&state=finished');
  await page.reload();
  await cardOf(spliced).waitFor();
  await isChosen(chosen);
  must('the filters are kept', await cardOf(running).count() === 0);
  await cardOf(spliced).click();
  await page.locator('.span.gap').waitFor();
  const link = await addressOf(page);
  await page.reload();
  await page.locator('.span.gap').waitFor();
  await page.locator('.back').click();
  await cardOf(spliced).waitFor();
  await isChosen(chosen);
  await page.goBack();
  await page.locator('.span.gap').waitFor();
  await page.goBack();
  await page.waitForFunction(id => document.activeElement.matches(`.card[href^="#/${id}"]`), spliced);
  await isChosen(chosen);
  await page.goBack();  // what was typed is one step
  await isChosen({stream_has: '', state: 'finished'});
  await page.goBack();
  await cardOf(running).waitFor();
  await isChosen({stream_has: '', state: ''});

  const other = await page.context().newPage();
  await other.goto(link);
  await other.locator('.span.gap').waitFor();
  await other.goto(new URL('/#/?state=nonsense&from=99999-99-99&to=x&stream_has=%3Cimg%20src%3Dx%3E&__proto__=1', url).href);
  await other.locator('.why', {hasText: 'Nothing was recorded that fits.'}).waitFor();
  must('a link only fills fields', await other.locator('[name=stream_has]').inputValue() === '<img src=x>');
  must('what no field can be is left out', await other.locator('[name=state]').inputValue() === '');
  await other.close();
  say('links', {link: new URL(link).hash});
}

// Without a pointer: from the skip link to a range on the timeline, and out of it.
async function markByKeyboard() {
  await page.locator('.skip').focus();
  await page.keyboard.press('Enter');
  must('the skip link leaves the recording open', await page.locator('.span.gap').count() === 1);
  await page.keyboard.press('Tab');
  must('the first thing is the way back', await page.locator('.back:focus').count() === 1);
  await page.locator('.mark-from').press('Enter');
  const handle = page.locator('.handle.from');
  const now = async () => Number(await handle.getAttribute('aria-valuenow'));
  const first = await now();
  for (const key of ['ArrowRight', 'ArrowRight', 'PageUp', 'PageDown', 'ArrowLeft']) await handle.press(key);
  must('arrows move it by seconds', await now() === first + 1);
  must('it says where it is', /\d:\d\d/.test(await handle.getAttribute('aria-valuetext')));
  await handle.press('End');
  must('it does not pass the other end', await now() < Number(await page.locator('.handle.to').getAttribute('aria-valuenow')));
  await handle.press('Escape');
  must('the range is gone', await page.locator('.range').isHidden());
  must('the focus is not lost', await page.locator('.timeline:focus').count() === 1);
  say('keyboard');
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
  await mustBeAccessible(page, 'a recording');
  await shot(page, 'drag');
  await page.locator('.clip .primary').click();
  await page.locator('.toast a').click();
  await page.locator('.status .badge.derived').waitFor();
  const seen = await playFrom(page, 0, 1);
  must('the clip plays and is shorter', seen.at > 0.9 && seen.width > 0 && seen.duration > 1);
  for (const colorScheme of ['dark', 'light']) {
    await page.emulateMedia({colorScheme});
    await mustBeAccessible(page, `the ${colorScheme} clip`);
  }
  await shot(page, 'clip');
  say('clip', seen);
  return addressOf(page);
}

async function remove() {
  await page.locator('.delete').click();
  await page.locator('dialog[open]').waitFor();
  await mustBeAccessible(page, 'the question');
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
    const tab = await open(browser, {
      viewport: {width: 390, height: 844}, deviceScaleFactor: 2, hasTouch: true, isMobile: true, colorScheme,
    });
    await tab.goto(url);
    await tab.locator('.card').nth(1).waitFor();
    await tab.locator('.thumb canvas').first().waitFor();
    await mustFit(tab);
    await shot(tab, `phone-list-${colorScheme}`);
    await tab.goto(new URL(`/#/${spliced}`, url).href);
    await tab.locator('.span.gap').waitFor();
    await playFrom(tab, 1, 0.5);
    await mustFit(tab);
    await mustBeAccessible(tab, `the ${colorScheme} phone`);
    await shot(tab, `phone-${colorScheme}`);
    await tab.context().close();
  }
  say('phone');
}

async function lookInTheDark() {
  await page.emulateMedia({colorScheme: 'dark'});
  await page.goto(new URL(`/#/${spliced}`, url).href);
  await page.locator('.span.gap').waitFor();
  await playFrom(page, 1, 0.5);
  await drag(page, 0.1, 0.35);
  await mustBeAccessible(page, 'the dark recording');
  await shot(page, 'dark');
  await page.locator('.back').click();
  await page.locator('.card').nth(1).waitFor();
  await mustBeAccessible(page, 'the dark list');
  await shot(page, 'dark-list');
}

run(async launched => {
  browser = launched;
  page = await open(browser);
  await openList();
  await shareLinks();
  await playSpliced();
  await playRunning();
  await page.goto(new URL(`/#/${spliced}`, url).href);
  await page.locator('.span.gap').waitFor();
  await markByKeyboard();
  await clip();
  await remove();
  await lookInTheDark();
  await lookOnAPhone();
}, () => shot(page, 'failed'));
