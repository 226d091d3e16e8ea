// How the reader wants pages to look, set before the first paint: hence not deferred, and small.
// The stylesheet does the rest; abstracts and groups are chosen in site.js.
(() => {
'use strict';

const { dataset } = document.documentElement;
const THEMES = ['system', 'light', 'dark'];
const CHOICES = { theme: ['light', 'dark'], abstracts: ['open', 'folded'], group: ['topic'] };
const theme = () => dataset.theme ?? 'system';

function apply() {
  try {
    for (const [name, values] of Object.entries(CHOICES)) {
      const chosen = localStorage.getItem(`digest.${name}`);
      if (values.includes(chosen)) dataset[name] = chosen;
      else delete dataset[name];
    }
  } catch {
    // No storage: what is chosen lasts for the visit.
  }
  label();
}

function label() {
  const button = document.querySelector('button.theme');
  if (!button) return; // the page is not there yet
  button.textContent = `Theme: ${theme()}`;
  button.hidden = false;
}

function next() {
  const chosen = THEMES[(THEMES.indexOf(theme()) + 1) % THEMES.length];
  if (chosen === 'system') delete dataset.theme;
  else dataset.theme = chosen;
  label();
  try {
    localStorage.setItem('digest.theme', chosen);
  } catch {
    // For the visit, then.
  }
}

apply();
// Papers that a filter in the address hides must not be seen first.
const [, filter] = location.search.match(/[?&](topic|category|r|n|unread|starred|q)=/) ?? [];
if (filter) dataset.filtered = filter;
document.addEventListener('DOMContentLoaded', () => {
  label();
  document.querySelector('button.theme').addEventListener('click', next);
});
window.addEventListener('storage', apply); // another tab
window.addEventListener('pageshow', (event) => { if (event.persisted) apply(); });
})();
