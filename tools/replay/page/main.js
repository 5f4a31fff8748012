// SPDX-License-Identifier: LGPL-2.1-or-later
// Which view is shown, as the address says (place.js); without a session the login.
import * as api from './api.js';
import {copyOf} from './format.js';
import {showList} from './list.js';
import {fill, here} from './place.js';
import {showRecording} from './recording.js';

const main = document.getElementById('main');
const filters = document.getElementById('filters');
let close = () => {};
let watched = '';

function open() {
  close();
  main.replaceChildren();
  const {id, filters: wanted} = here();
  fill(filters, wanted);
  document.title = 'Recordings';
  document.body.classList.toggle('watching', Boolean(id));
  close = id ? showRecording(main, id, failed) : showList(main, filters, failed, watched);
  watched = id;
  scrollTo(0, 0);
}

function failed(error) {
  if (error.status === 401) {
    close();
    showLogin();
    return;
  }
  close();
  close = () => {};
  main.replaceChildren(copyOf('failure'));
  main.querySelector('.why').textContent = error.status ? error.message : 'The server cannot be reached.';
  main.querySelector('.again').addEventListener('click', open);
}

function showLogin() {
  close = () => {};
  main.replaceChildren(copyOf('login'));
  const form = main.querySelector('form');
  form.token.focus();
  form.addEventListener('submit', async event => {
    event.preventDefault();
    try {
      await api.login(form.token.value.trim());
      open();
    } catch (error) {
      form.querySelector('.problem').textContent = error.message;
      form.token.select();
    }
  });
}

// "#token=..." is what the program prints: it comes to no server, and leaves the address here.
async function arrive() {
  const [, token] = /^#token=(.+)$/.exec(location.hash) ?? [];
  if (token) {
    history.replaceState(null, '', location.pathname);
    await api.login(decodeURIComponent(token)).catch(() => {});
  }
  open();
}

document.querySelector('.skip').addEventListener('click', event => {
  event.preventDefault();  // "#main" would be another place
  main.focus();
});
addEventListener('hashchange', async () => {
  await arrive();
  main.focus({preventScroll: true});  // so that the keyboard goes on where the new view begins
});
arrive();
