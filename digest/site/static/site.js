// What the pages do beyond what they show. Each part does nothing on a page without its elements;
// what is `hidden` in the HTML needs this script. Text from papers becomes text nodes alone.
(() => {
'use strict';

// --- small tools ---

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];
const counted = (n, what) => `${n.toLocaleString('en')} ${what}${n === 1 ? '' : 's'}`;
const isDate = (text) => /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(Date.parse(text));

function element(name, attributes = {}, ...content) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...content);
  return made;
}

const FULL = new Intl.DateTimeFormat('en-GB', { dateStyle: 'full', timeZone: 'UTC' });

/** A date in words, for example `inWords('2026-01-30', 'weekday', 'day', 'month')`. */
function inWords(date, ...parts) {
  const [weekday, day, month, year] = FULL.format(new Date(date)).split(/,? /);
  const words = { weekday: `${weekday},`, day, month, year };
  return parts.map((part) => words[part]).join(' ');
}

// Storage may throw (private windows, policies, files): what it refuses lasts for the visit.
const visit = new Map();

function recall(key) {
  if (visit.has(key)) return visit.get(key);
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function remember(key, value) {
  try {
    localStorage.setItem(key, value);
    visit.delete(key);
  } catch {
    visit.set(key, value);
  }
}

// --- the page ---

const main = $('main');
const { root, date, expected, months: allMonths } = main.dataset;
const form = $('form.filters');
const list = $('nav.contents ol');

// One of these for each paper; `order` is how the page shows them now.
const papers = $$('.papers .paper').map((article, i) => ({
  article,
  entry: list.children[i], // of the contents
  id: article.dataset.id,
  topic: article.dataset.topic,
}));
let order = papers;

const paperOf = (node) => papers.find((paper) => paper.article.contains(node));
const focused = () => paperOf(document.activeElement);

// --- which day it is ---

/** The date at arXiv. Sweden writes as ISO does. */
const todayEastern = () =>
  new Intl.DateTimeFormat('sv', { timeZone: 'America/New_York' }).format(new Date());

/** An outage must not look like a quiet day, even when nothing writes the pages any more. */
function lateNotice() {
  const notice = $('.late');
  if (!notice || !isDate(expected)) return;
  notice.hidden = todayEastern() <= expected;
  if (notice.hidden) return;
  const due = inWords(expected, 'weekday', 'day', 'month');
  const last = inWords(date, 'weekday', 'day', 'month', 'year');
  notice.textContent = `No digest since ${last}. One was expected on ${due}.`;
}

/** A day's page says nothing of its neighbours, so that it never has to be written again. */
function linkDays() {
  const nav = $('nav.days');
  const days = Array.isArray(window.digestDays) ? window.digestDays.filter(isDate) : [];
  if (!nav) return;
  const link = (rel, day, before, after, title) => {
    const href = `${root}${day.slice(0, 4)}/${day}.html`;
    return element('a', { rel, href, title }, before + inWords(day, 'day', 'month') + after);
  };
  const previous = days.filter((day) => day < date).pop();
  const next = days.find((day) => day > date);
  if (previous) nav.prepend(link('prev', previous, '← ', '', 'Previous day'));
  if (next) nav.append(link('next', next, '', ' →', 'Next day'));
  takeFilterAlong(location.search);
}

/** The neighbours of a day are read through the same filter. */
function takeFilterAlong(search) {
  for (const link of $$('.days a:not([rel="up"])')) link.search = search;
}

// --- words: the same rules for the filter and for the search ---

// What decomposition leaves whole, and signs of which keyboards have but the plain one.
const PLAIN = {
  ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', đ: 'd', ð: 'd', ł: 'l', ħ: 'h', ı: 'i', þ: 'th', ς: 'σ',
  '‘': "'", '’': "'", '“': '"', '”': '"', '‐': '-', '‑': '-', '–': '-', '—': '-', '−': '-',
};
const ODD = new RegExp(`[${Object.keys(PLAIN).join('')}]`, 'g');

/** Without accents and case: "Ünal" and "unal" are one word. */
function fold(text) {
  const bare = (run) => run.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const plain = (run) => bare(run).replace(ODD, (sign) => PLAIN[sign]);
  return text.toLowerCase().replace(/[^ -~\n]+/g, plain); // most text is ASCII: be quick there
}

const tidy = (text) => text.replace(/\s+/g, ' ').trim();

/** The words and "quoted phrases" of a query, folded. */
function termsOf(query) {
  const found = fold(query).matchAll(/"([^"]*)"?|[^\s"]+/g);
  const terms = [...found].map(([word, phrase]) => tidy(phrase ?? word));
  return [...new Set(terms.filter(Boolean))];
}

const isPlainLetter = (code) => (code >= 97 && code <= 122) || (code >= 48 && code <= 57);

/** Where `term` begins a word at or after `from`, else -1: "rl" finds "RLHF", not "world".
    Scripts without spaces between words have no such beginnings: there any place will do. */
function placeOf(term, text, from = 0) {
  const beginsWord = isPlainLetter(term.charCodeAt(0));
  let at = text.indexOf(term, from);
  while (at > 0 && beginsWord && isPlainLetter(text.charCodeAt(at - 1))) {
    at = text.indexOf(term, at + 1);
  }
  return at;
}

const hasAll = (terms, text) => terms.every((term) => placeOf(term, text) >= 0);

/** The folded text, and where in `text` each of its characters comes from. */
function foldWithPlaces(text) {
  const from = [];
  let [folded, at] = ['', 0];
  for (const character of text) {
    folded += character < '\x7f' ? character.toLowerCase() : fold(character);
    while (from.length < folded.length) from.push(at);
    at += character.length;
  }
  return { folded, from: [...from, at] };
}

/** `text` as nodes, each occurrence of a term in a <mark>. */
function marked(text, terms) {
  const { folded, from } = foldWithPlaces(text);
  const hits = [];
  for (const term of terms) {
    for (let at; (at = placeOf(term, folded, at)) >= 0; at += term.length) {
      hits.push([from[at], from[at + term.length]]);
    }
  }
  hits.sort((one, other) => one[0] - other[0]);
  const nodes = [];
  let done = 0;
  for (const [begin, end] of hits) {
    if (end <= done) continue;
    const start = Math.max(begin, done);
    nodes.push(text.slice(done, start), element('mark', {}, text.slice(start, end)));
    done = end;
  }
  return [...nodes, text.slice(done)].filter((node) => node !== '');
}

// --- the address ---

/** Writes `values` into the query without a step in the history; an empty one leaves it. */
function writeQuery(values, hash = location.hash) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const search = String(query) ? `?${query}` : '';
  takeFilterAlong(search);
  try {
    history.replaceState(history.state, '', location.pathname + search + hash);
  } catch {
    // Some browsers refuse it on files, or when it comes too often.
  }
}

function target() {
  try {
    return document.getElementById(decodeURIComponent(location.hash.slice(1)));
  } catch {
    return null; // a stray % in the address
  }
}

// --- filters ---

const FILTERS = ['q', 'topic', 'category', 'r', 'n', 'unread', 'starred'];
let spared = null; // a paper that a link asked for is shown whatever the filters say

function filterValues() {
  const filled = new FormData(form);
  return Object.fromEntries(FILTERS.map((name) => [name, filled.get(name) ?? '']));
}

function readFilters() {
  const query = new URLSearchParams(location.search);
  for (const name of FILTERS) {
    const field = form.elements.namedItem(name);
    if (!field) continue; // there is no novelty without a model
    field.checked = query.has(name);
    if (field.type !== 'checkbox') field.value = query.get(name) ?? '';
    if (field.selectedIndex < 0) field.selectedIndex = 0; // nothing that can be chosen
  }
}

const SEARCHED = '.title, .marks, .authors, .comment, .abstract > :not(summary)';

/** What the text filter looks at, folded when first asked for. */
function textOf(paper) {
  if (paper.text) return paper.text;
  const parts = $$(SEARCHED, paper.article).map((part) => tidy(part.textContent));
  paper.text = fold(parts.join('\n'));
  return paper.text;
}

function passes(paper, terms, { topic, category, r, n, unread, starred }) {
  const { categories = '', relevance, novelty } = paper.article.dataset;
  return (
    !(topic && paper.topic !== topic) &&
    !(category && !categories.split(' ').includes(category)) &&
    !(r && !(Number(relevance) >= Number(r))) &&
    !(n && !(Number(novelty) >= Number(n))) &&
    !(unread && paper.article.matches('.read')) &&
    !(starred && !paper.article.matches('.starred')) &&
    (!terms.length || hasAll(terms, textOf(paper)))
  );
}

function applyFilters() {
  if (!form) return;
  const values = filterValues();
  const terms = termsOf(values.q);
  for (const paper of papers) {
    paper.article.hidden = paper !== spared && !passes(paper, terms, values);
    paper.entry.hidden = paper.article.hidden;
  }
  countGroups();
  const shown = papers.filter((paper) => !paper.article.hidden).length;
  $('.shown', form).textContent = `${shown} of ${papers.length} shown`;
  $('.clear', form).hidden = !Object.values(values).some(Boolean);
}

function filtersChanged() {
  spared = null;
  applyFilters();
  // A link to a paper that is now hidden would bring it back on the next visit.
  writeQuery(filterValues(), paperOf(target())?.article.hidden ? '' : location.hash);
}

function clearFilters() {
  form.reset();
  filtersChanged();
  form.elements.q.focus(); // the button is gone now
}

function startFilters() {
  if (!form) return;
  roomy.addEventListener('change', showAbstracts);
  form.addEventListener('input', filtersChanged);
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    go(order.find((paper) => !paper.article.hidden));
  });
  readFilters();
  $('details', form).open = FILTERS.slice(1).some((name) => filterValues()[name]);
  form.hidden = false;
}

// --- groups ---

const NO_TOPIC = 'none';
const nameOf = (topic) => (topic === NO_TOPIC ? 'No topic' : topic);
const groups = () => $$('main .group:not(button)');
const isGrouped = () => recall('digest.group') === 'topic';
let arranged = false; // by topic, as the page stands

/** Moves papers and contents into the order chosen: topics in the order of their best papers. */
function arrange() {
  if (!form || isGrouped() === arranged) return;
  arranged = isGrouped();
  $('.group', form).textContent = arranged ? 'One list' : 'Group by topic';
  const topics = new Map();
  for (const paper of papers) {
    const topic = arranged ? paper.topic : '';
    topics.set(topic, [...(topics.get(topic) ?? []), paper]);
  }
  for (const heading of groups()) heading.remove();
  $('.papers > .unseen').hidden = arranged;
  order = [...topics.values()].flat();
  for (const [topic, members] of topics) {
    if (arranged) {
      const group = { class: 'group', 'data-topic': topic };
      const count = element('span', { class: 'count' });
      members[0].article.parentNode.append(element('h2', group, nameOf(topic), ' ', count));
      list.append(element('li', group, nameOf(topic)));
    }
    for (const { article, entry } of members) {
      article.parentNode.append(article);
      entry.value = article.dataset.rank; // the number of the one list, in either order
      list.append(entry);
    }
  }
  countGroups();
}

function countGroups() {
  for (const heading of groups()) {
    const { topic } = heading.dataset;
    const shown = papers.filter((paper) => paper.topic === topic && !paper.article.hidden);
    heading.hidden = !shown.length;
    const count = $('.count', heading);
    if (count) count.textContent = shown.length;
  }
}

function toggleGroups() {
  const before = document.activeElement; // moving an element takes the focus from it
  remember('digest.group', isGrouped() ? 'list' : 'topic');
  inPlace(arrange);
  before.focus({ preventScroll: true });
}

/** Changes the page under the reader, and leaves what is being read where it was: the buttons at
    the top, else a paper. */
function inPlace(change) {
  const paper = () => focused() ?? order.find(({ article }) => isInView(article));
  const read = isInView(form) ? form : paper()?.article;
  const top = () => read?.getBoundingClientRect().top ?? 0;
  const before = top();
  change();
  window.scrollBy({ top: top() - before, behavior: 'instant' });
}

// --- abstracts ---

const look = document.documentElement.dataset; // theme.js has set it
const roomy = matchMedia('(min-width: 48rem)'); // where style.css shows abstracts unasked
const areOpen = () => (look.abstracts ? look.abstracts === 'open' : roomy.matches);

function showAbstracts() {
  $('button.abstracts')?.setAttribute('aria-pressed', areOpen());
}

function toggleAbstracts() {
  inPlace(() => {
    look.abstracts = areOpen() ? 'folded' : 'open';
    for (const abstract of $$('.abstract')) abstract.open = areOpen();
  });
  remember('digest.abstracts', look.abstracts);
  showAbstracts();
}

// --- read and starred ---

/** What a key of the storage notes: a Map of paper ids to the day of each. */
function noted(key) {
  try {
    const entries = Object.entries(JSON.parse(recall(key)) ?? {});
    return new Map(entries.filter(([, day]) => isDate(day)));
  } catch {
    return new Map(); // not ours, or broken
  }
}

function showNotes() {
  for (const name of ['read', 'starred']) {
    const notes = noted(`digest.${name}`);
    for (const { article, entry, id } of papers) {
      const isNoted = notes.has(id);
      article.classList.toggle(name, isNoted);
      entry.classList.toggle(name, isNoted);
      $(name === 'read' ? '.read' : '.star', article).setAttribute('aria-pressed', isNoted);
    }
  }
}

/** Notes or forgets a paper. Reads first what another tab may have written meanwhile. */
function toggleNote(key, paper) {
  if (!paper) return;
  const notes = noted(key);
  if (!notes.delete(paper.id)) notes.set(paper.id, date);
  remember(key, JSON.stringify(Object.fromEntries(notes)));
  const next = neighbour(paper, 1) ?? neighbour(paper, -1);
  const hadFocus = paper.article.contains(document.activeElement);
  showNotes();
  applyFilters();
  if (paper.article.hidden && hadFocus) go(next);
}

function exportNotes() {
  const lines = (key) => [...noted(key)].map(([id, day]) => ({ id, date: day }));
  const exported = new Date().toISOString();
  const notes = { exported, starred: lines('digest.starred'), read: lines('digest.read') };
  const href = URL.createObjectURL(new Blob([JSON.stringify(notes, null, 2) + '\n']));
  element('a', { href, download: `stars-${exported.slice(0, 10)}.json` }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60000); // the download reads it later
}

// --- BibTeX ---

/** For pages that may not use the clipboard: plain HTTP, some files. */
function copyByHand(text) {
  const before = document.activeElement;
  const area = element('textarea', {}, text);
  document.body.append(area);
  area.focus({ preventScroll: true });
  area.select();
  const isCopied = document.execCommand('copy');
  area.remove();
  before.focus({ preventScroll: true });
  return isCopied;
}

/** Whether it worked. `navigator.clipboard` is undefined on insecure pages. */
async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copyByHand(text);
  }
}

async function copyBibtex(button) {
  button.textContent = (await copy(button.dataset.bibtex)) ? 'Copied' : 'Could not copy';
  setTimeout(() => { button.textContent = 'Copy BibTeX'; }, 2000);
}

// What a button of the page does, by its class.
const ACTS = {
  abstracts: toggleAbstracts,
  bibtex: copyBibtex,
  clear: clearFilters,
  export: exportNotes,
  group: toggleGroups,
  help: toggleHelp,
  read: (button) => toggleNote('digest.read', paperOf(button)),
  star: (button) => toggleNote('digest.starred', paperOf(button)),
};

function startButtons() {
  for (const button of $$('.paper button')) button.hidden = false;
  main.addEventListener('click', ({ target: pressed }) => {
    const button = pressed.closest('button');
    ACTS[button?.className]?.(button);
  });
}

// --- moving about ---

function isInView(node) {
  const { top, bottom } = node.getBoundingClientRect();
  return !node.hidden && bottom > 0 && top < window.innerHeight;
}

/** The paper shown `by` places after this one. */
function neighbour(paper, by) {
  const shown = order.filter((other) => other === paper || !other.article.hidden);
  return shown[shown.indexOf(paper) + by];
}

function go(paper) {
  if (!paper) return;
  paper.article.focus({ preventScroll: true });
  paper.article.scrollIntoView({ behavior: 'instant' }); // smooth would lag behind the keys
}

/** From the focused paper, or from the top of the window when the reader has scrolled away. */
function step(by) {
  const here = focused();
  if (here && isInView(here.article)) return go(neighbour(here, by));
  const shown = order.filter(({ article }) => !article.hidden);
  const below = shown.findIndex(({ article }) => article.getBoundingClientRect().top >= 0);
  if (by > 0) return go(shown[below]);
  return go(shown[(below < 0 ? shown.length : below) - 1]);
}

function openAtArxiv(paper) {
  if (paper) window.open($('a.title', paper.article).href, '_blank', 'noopener');
}

function focusSearch() {
  const field = $('input[type="search"]', main);
  field.focus();
  field.select();
}

/** An address with #ID: the paper is shown, opened and focused. */
function followHash() {
  const node = target();
  const paper = papers.find(({ article }) => article === node);
  if (node instanceof HTMLDetailsElement) node.open = true;
  if (!paper) return;
  spared = paper;
  applyFilters();
  $('.abstract', paper.article).open = true;
  // Who comes back is put where they were by the browser.
  const [arrival] = performance.getEntriesByType('navigation');
  if (arrived || !['reload', 'back_forward'].includes(arrival?.type)) go(paper);
}
let arrived = false;

// --- keys ---

const KEYS = {
  ...(papers.length && {
    j: ['next paper', () => step(1)],
    k: ['previous paper', () => step(-1)],
    o: ['open the paper at arXiv (also Enter)', () => openAtArxiv(focused())],
    a: ['show or fold abstracts', toggleAbstracts],
    m: ['mark as read', () => toggleNote('digest.read', focused())],
    s: ['star', () => toggleNote('digest.starred', focused())],
    u: ['hide what is read', () => form.elements.unread.click()],
    g: ['group by topic', toggleGroups],
  }),
  ...($('nav.days') && {
    '[': ['previous day', () => $('.days [rel="prev"]')?.click()],
    ']': ['next day', () => $('.days [rel="next"]')?.click()],
  }),
  ...($('input[type="search"]', main) && { '/': [form ? 'filter' : 'search', focusSearch] }),
};
if (Object.keys(KEYS).length) KEYS['?'] = ['these keys', toggleHelp];

const isTyping = (node) =>
  node.matches('input:not([type="checkbox"]), select, textarea') || node.isContentEditable;

/** Whether the key belongs to the browser. AltGr, and Alt on a Mac, write signs such as [. */
function isShortcut(event) {
  if (event.getModifierState('AltGraph')) return false;
  return event.ctrlKey || event.metaKey || (event.altKey && /\w/.test(event.key));
}

function onKey(event) {
  if (event.defaultPrevented || event.isComposing || isShortcut(event)) return;
  const node = event.target;
  if (isTyping(node)) {
    // The browser would also empty the field.
    if (event.key === 'Escape' && node.closest('form.filters')) {
      event.preventDefault();
      node.blur();
    }
    return;
  }
  if (event.key === 'Enter' && papers.some(({ article }) => article === node)) {
    openAtArxiv(focused());
    return;
  }
  if ($('dialog[open]') && event.key !== '?') return;
  if (event.repeat && !'jk'.includes(event.key)) return; // the key is held down
  if (!KEYS[event.key]) return;
  event.preventDefault(); // Firefox would search for what follows a /
  KEYS[event.key][1]();
}

function makeHelp() {
  const lines = element('table');
  for (const [key, [does]] of [...Object.entries(KEYS), ['Esc', ['leave']]]) {
    const sign = element('th', { scope: 'row' }, element('kbd', {}, key));
    lines.append(element('tr', {}, sign, element('td', {}, does)));
  }
  const close = element('button', { type: 'button' }, 'Close');
  const dialog = element('dialog', { class: 'keys', 'aria-labelledby': 'keys' });
  dialog.append(element('h2', { id: 'keys' }, 'Keys'), lines, close);
  close.addEventListener('click', () => dialog.close());
  document.body.append(dialog);
  return dialog;
}

function toggleHelp() {
  const dialog = $('dialog.keys') ?? makeHelp();
  if (dialog.open) dialog.close();
  else dialog.showModal();
}

// --- the contents as a map ---

/** Marks the entry of the paper that is being read: the first in the window's upper part. */
function startMap() {
  const near = new Set();
  let current;
  const watcher = new IntersectionObserver((changes) => {
    for (const { target: article, isIntersecting } of changes) {
      near[isIntersecting ? 'add' : 'delete'](article);
    }
    const entry = order.find(({ article }) => near.has(article))?.entry;
    if (entry === current) return;
    current?.removeAttribute('aria-current');
    entry?.setAttribute('aria-current', 'true');
    if (entry) keepInSight(entry);
    current = entry;
  }, { rootMargin: '-5% 0px -70% 0px' });
  for (const { article } of papers) watcher.observe(article);
}

/** Scrolls the column of contents, never the page. */
function keepInSight(entry) {
  const box = list.closest('.contents');
  const { top, bottom } = entry.getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  const isInSight = top > frame.top + 40 && bottom < frame.bottom - 40;
  if (!isInSight) box.scrollTop += (top + bottom - frame.top - frame.bottom) / 2;
}

// --- search over all days ---

const AHEAD = 3; // months asked for while one is looked through
const AT_ONCE = 200; // papers shown before "Show more"
const PAUSE_MS = 80; // after a keystroke
const SLICE_MS = 12; // of work before the page may paint and react
const FIRST_AUTHORS = 6;
const MOST_AUTHORS = 50;

const months = (allMonths ?? '').split(' ').filter((month) => /^\d{4}-\d\d$/.test(month));
const shards = new Map(); // month to the promise of its papers, newest first

function shard(month) {
  if (!shards.has(month)) {
    const loading = load(month);
    loading.catch(() => shards.delete(month)); // so that the next search asks again
    shards.set(month, loading);
  }
  return shards.get(month);
}

async function load(month) {
  const response = await fetch(`${root}search/${month}.json`);
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const days = await response.json();
  const newestFirst = Object.keys(days).sort().reverse();
  return newestFirst.flatMap((day) => days[day].map((line) => paperFrom(day, line)));
}

function paperFrom(day, [id, title, authors, topic, comment, relevance, novelty]) {
  const isText = (word) => typeof word === 'string';
  const isPaper = isDate(day) && [id, title, topic, comment, ...authors].every(isText);
  if (!isPaper) throw new TypeError(day);
  return { day, id, title, authors, topic, comment: bare(comment), relevance, novelty };
}

// Markdown, of bounded length, so that no text takes long.
const LINK = /\[([^\][]{1,300})\]\([^\s()]{1,300}\)/g;
const EMPHASIS = /(?<!\w)(\*\*|__|[*_`])(?=\S)(.{1,300}?)(?<=\S)\1(?!\w)/g;

/** A comment as it reads. */
function bare(text) {
  return text.replace(LINK, '$1').replace(EMPHASIS, (all, sign, inner) => bare(inner));
}

function isHit(paper, terms) {
  const { id, title, authors, topic, comment } = paper;
  paper.text = paper.text ?? fold([title, ...authors, topic, comment, id].join('\n'));
  return hasAll(terms, paper.text);
}

function markLine({ day, topic, relevance, novelty }, terms) {
  const line = element('p', { class: 'marks' });
  const add = (name, ...content) => line.append(element('span', { class: name }, ...content), ' ');
  add('mark r', `R${relevance}`);
  if (novelty !== null) add('mark n', `N${novelty}`);
  if (topic !== NO_TOPIC) add('topic', ...marked(topic, terms));
  line.append(element('time', { datetime: day }, inWords(day, 'day', 'month', 'year')));
  return line;
}

/** The first authors, those that were searched for, and how many more there are. */
function authorLine(authors, terms) {
  const isSought = (author) => terms.some((term) => placeOf(term, fold(author)) >= 0);
  const isShown = (author, i) => i < FIRST_AUTHORS || isSought(author);
  const shown = authors.filter(isShown).slice(0, MOST_AUTHORS);
  const rest = authors.length - shown.length;
  const line = element('p', { class: 'authors' }, ...marked(shown.join(', '), terms));
  if (rest) line.append(` and ${rest} more`);
  return line;
}

function resultOf(paper, terms) {
  const { day, id, title, authors, comment } = paper;
  const anchor = encodeURIComponent(id.replace(/\//g, '-'));
  const href = `${root}${day.slice(0, 4)}/${day}.html#${anchor}`;
  const link = element('a', { class: 'title', dir: 'auto', href }, ...marked(title, terms));
  const result = element('li', { class: 'result' }, element('h2', {}, link));
  result.append(markLine(paper, terms), authorLine(authors, terms));
  if (comment) result.append(element('p', { class: 'comment' }, ...marked(comment, terms)));
  return result;
}

/** Looks through month after month, newest first, and shows what it finds as it finds it; where
    there are `stars` (from `noted`), among those alone. */
function searcher(results, said, more, complain) {
  let latest = 0; // the number of the search now running: a newer one ends the older

  return async function search(query, stars) {
    latest += 1;
    const own = latest;
    const terms = termsOf(query);
    const starred = [...(stars?.values() ?? [])];
    const isWithin = (month) => !stars || starred.some((day) => day.startsWith(month));
    const within = months.filter(isWithin);
    const broken = [];
    const fresh = document.createDocumentFragment();
    let [found, searched, room] = [0, 0, AT_ONCE];
    let working = performance.now();

    const say = (text, isBusy) => {
      const all = counted(within.length, 'month');
      said.textContent = `${text}${within.length ? `; searched ${searched} of ${all}` : ''}.`;
      said.setAttribute('aria-busy', String(isBusy)); // read out when it has come to rest
    };
    const show = () => {
      results.append(fresh);
      say(found ? `${counted(found, 'paper')} so far` : 'Searching', true);
    };
    const breathe = () => new Promise((resolve) => { setTimeout(resolve); });
    const moreWanted = () => new Promise((resolve) => {
      show();
      say(`The newest ${counted(found, 'paper')}`, false);
      more.hidden = false;
      more.onclick = resolve;
    });

    results.replaceChildren();
    said.textContent = '';
    more.hidden = true;
    complain('');
    if (!stars && terms.join('').length < 2) return; // a letter would find everything
    show();
    for (const [i, month] of within.entries()) {
      for (const ahead of within.slice(i, i + 1 + AHEAD)) shard(ahead).catch(() => {});
      let lines = [];
      try {
        lines = await shard(month);
        searched += 1;
      } catch {
        broken.push(inWords(`${month}-01`, 'month', 'year'));
      }
      if (own !== latest) return;
      for (const paper of lines) {
        if ((!stars || stars.has(paper.id)) && isHit(paper, terms)) {
          if (!room) {
            await moreWanted(); // for ever, if the next thing wanted is another search
            $('a', results.lastElementChild).focus({ preventScroll: true });
            more.hidden = true;
            room = AT_ONCE;
          }
          fresh.append(resultOf(paper, terms));
          found += 1;
          room -= 1;
        }
        if (performance.now() - working > SLICE_MS) {
          show();
          await breathe();
          if (own !== latest) return;
          working = performance.now();
        }
      }
      show();
    }
    const none = terms.length ? 'No paper has all of these words' : 'No paper is starred';
    say(found ? counted(found, 'paper') : none, false);
    if (broken.length) complain(`Not searched, for it could not be read: ${broken.join(', ')}.`);
  };
}

function startSearch() {
  const asked = $('form[role="search"]');
  if (!asked) return;
  const { q: field, starred } = asked.elements;
  const results = $('.results');
  const said = $('.count', main);
  const problem = $('.problem', main);
  const complain = (text) => {
    problem.textContent = text;
    problem.hidden = !text;
  };
  asked.hidden = false;
  if (location.protocol === 'file:') {
    field.disabled = true;
    complain('Search needs the published site: a page opened from a file may not read other files.');
    return;
  }
  if (!months.length) {
    said.textContent = 'There is no digest to search yet.';
    return;
  }
  const search = searcher(results, said, $('.more', main), complain);
  let timer = 0;
  const changed = () => {
    clearTimeout(timer);
    writeQuery({ q: field.value.trim(), starred: starred.checked && 1 }, '');
    search(field.value, starred.checked ? noted('digest.starred') : null);
  };
  asked.addEventListener('input', () => {
    clearTimeout(timer);
    timer = setTimeout(changed, PAUSE_MS);
  });
  asked.addEventListener('submit', (event) => {
    event.preventDefault();
    changed();
  });
  const query = new URLSearchParams(location.search);
  field.value = query.get('q') ?? '';
  starred.checked = query.has('starred') || location.hash === '#starred';
  changed();
}

// --- start ---

function refresh() {
  showNotes();
  showAbstracts();
  arrange();
  applyFilters();
}

document.addEventListener('keydown', onKey);
document.addEventListener('visibilitychange', lateNotice); // a tab left open over night
window.addEventListener('storage', refresh); // another tab
window.addEventListener('pageshow', (event) => { if (event.persisted) refresh(); });
window.addEventListener('hashchange', followHash);

lateNotice();
linkDays();
startFilters();
startButtons();
refresh();
startMap();
followHash();
arrived = true;
startSearch();
})();
