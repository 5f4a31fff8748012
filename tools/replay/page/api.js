// SPDX-License-Identifier: LGPL-2.1-or-later
// The JSON API (/openapi.json). What fails is an Error with the server's words and `status`.

async function ask(path, options = {}) {
  const changes = options.method && options.method !== 'GET';
  const response = await fetch(path, {
    ...options,
    headers: changes ? {'Content-Type': 'application/json'} : {},
    credentials: 'same-origin',
  });
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    // It is no JSON: the status says enough.
  }
  if (response.ok) return body;
  const error = new Error(body?.error?.message ?? `the server answers ${response.status}`);
  error.status = response.status;
  throw error;
}

const one = id => `/api/v1/recordings/${encodeURIComponent(id)}`;

export const list = parameters => ask(`/api/v1/recordings?${new URLSearchParams(parameters)}`);
export const show = id => ask(one(id));
export const timeline = async id => (await ask(`${one(id)}/timeline`)).spans;
export const remove = (id, files) => ask(`${one(id)}?files=${files}`, {method: 'DELETE'});
export const hold = (id, on) => ask(`${one(id)}/hold`, {method: 'PUT', body: JSON.stringify({hold: on})});
export const clip = request => ask('/api/v1/clips', {method: 'POST', body: JSON.stringify(request)});
export const login = token => ask('/api/v1/session', {method: 'POST', body: JSON.stringify({token})});
