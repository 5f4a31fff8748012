// SPDX-License-Identifier: LGPL-2.1-or-later
// Where one is, as the fragment of the address says: "#/" is the list, "#/ID" a recording, behind "?" are the list's filters.
// Anybody may have written it: only what a field of the form can be is taken of it.

export function here() {
  const [, id, filters] = /^#\/(\d*)(?:\?(.*))?$/.exec(location.hash) ?? [];
  return {id: id ?? '', filters: new URLSearchParams(filters ?? '')};
}

const link = (id, filters) => `#/${id}${`${filters}` && `?${filters}`}`;

// A recording, or the list ('') from here: with the filters that hold.
export const linkTo = id => link(id, here().filters);

export function fill(form, filters) {
  for (const field of form.elements) {
    if (!field.name) continue;
    field.value = filters.get(field.name) ?? '';
    if (field.selectedIndex < 0) field.value = '';
  }
}

export function filtersIn(form) {
  const given = [...new FormData(form)].filter(([name, value]) => value && form.elements[name].validity.valid);
  return new URLSearchParams(given);
}

// The address says what the form does. isStep: one step back leads to what was before.
export function remember(form, isStep) {
  const there = link(here().id, filtersIn(form));
  if (isStep) history.pushState(null, '', there);
  else history.replaceState(null, '', there);
}
