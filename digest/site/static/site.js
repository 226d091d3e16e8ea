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

const DAY = { day: 'numeric' };
const YEAR = { year: 'numeric' };

/** A date in words, 30 January 2026: its month, and the `parts` asked for. */
function inWords(date, parts) {
  const format = { ...parts, month: 'long', timeZone: 'UTC' };
  return new Date(date).toLocaleDateString('en-GB', format);
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

const look = document.documentElement.dataset; // theme.js has set it
const main = $('main');
const { root, date, months: allMonths } = main.dataset;
const form = $('form.filters');
const list = $('nav.contents ol');

// One of these for each paper; `order` is how the page shows them now.
const papers = $$('.papers .paper').map((article, i) => ({
  ...article.dataset,
  topic: $('.topic', article)?.textContent ?? 'none',
  relevance: $('.mark.r', article).textContent.slice(1), // R10
  novelty: $('.mark.n', article)?.textContent.slice(1),
  rank: i + 1,
  article,
  entry: list.children[i], // of the contents
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
  if (notice) notice.hidden = todayEastern() <= notice.dataset.expected;
}

const pageOf = (day) => `${root}${day.slice(0, 4)}/${day}.html`;

/** A day's page says nothing of its neighbours, so that it never has to be written again. */
function linkDays() {
  const nav = $('nav.days');
  const days = window.digestDays ?? [];
  const link = (rel, day, before, after, title) =>
    element('a', { rel, href: pageOf(day), title }, before + inWords(day, DAY) + after);
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

const SEARCHED = '.title, .marks > :not(.spoken), .authors, .comment, .abstract > :not(summary)';

/** What the text filter looks at, folded when first asked for. */
function textOf(paper) {
  const parts = () => $$(SEARCHED, paper.article).map((part) => tidy(part.textContent));
  return (paper.text ??= fold(parts().join('\n')));
}

function passes(paper, terms, { topic, category, r, n, unread, starred }) {
  return (
    (!topic || paper.topic === topic) &&
    (!category || paper.categories.split(' ').includes(category)) &&
    (!r || Number(paper.relevance) >= r) &&
    (!n || Number(paper.novelty) >= n) &&
    (!unread || !paper.article.matches('.read')) &&
    (!starred || paper.article.matches('.starred')) &&
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
  $('.shown .number', form).textContent = `${shown} of ${papers.length}`;
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
let arranged = false; // by topic, as the page stands

/** Moves papers and contents into the order chosen: topics in the order of their best papers. */
function arrange() {
  look.arranged = ''; // the stylesheet may show it
  const isWanted = look.group === 'topic';
  if (!form || isWanted === arranged) return;
  arranged = isWanted;
  $('.group', form).setAttribute('aria-pressed', arranged);
  const topics = new Map();
  for (const paper of papers) {
    const topic = arranged ? paper.topic : '';
    topics.set(topic, [...(topics.get(topic) ?? []), paper]);
  }
  for (const heading of groups()) heading.remove();
  $('.papers > .spoken').hidden = arranged;
  order = [...topics.values()].flat();
  for (const [topic, members] of topics) {
    if (arranged) {
      const group = { class: 'group', dir: 'auto', 'data-topic': topic };
      const count = element('span', { class: 'count' });
      members[0].article.parentNode.append(element('h2', group, nameOf(topic), ' ', count));
      list.append(element('li', group, nameOf(topic)));
    }
    for (const { article, entry, rank } of members) {
      article.parentNode.append(article);
      entry.value = rank; // the number of the one list, in either order
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
  look.group = arranged ? 'list' : 'topic';
  remember('digest.group', look.group);
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

const wide = matchMedia('(min-width: 72rem)'); // where it shows the contents at the side
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

// Two digests under one host share its storage, but no notes.
const keyOf = (name) => `digest.${name}:${new URL(root || '.', location).pathname}`;

/** The papers 'read' or 'starred': a Map of their ids to the day of each. The first version's key,
    without a path, is read until there is one of our own. */
function noted(name) {
  try {
    const notes = recall(keyOf(name)) ?? recall(`digest.${name}`);
    const entries = Object.entries(JSON.parse(notes) ?? {});
    return new Map(entries.filter(([, day]) => isDate(day)));
  } catch {
    return new Map(); // not ours, or broken
  }
}

function showNotes() {
  for (const name of ['read', 'starred']) {
    const notes = noted(name);
    for (const { article, entry, id } of papers) {
      const isNoted = notes.has(id);
      article.classList.toggle(name, isNoted);
      entry.classList.toggle(name, isNoted);
      $(name === 'read' ? '.read' : '.star', article).setAttribute('aria-pressed', isNoted);
    }
  }
  offerVotes();
}

/** Notes or forgets a paper. Reads first what another tab may have written meanwhile. */
function toggleNote(name, paper) {
  if (!paper) return;
  const notes = noted(name);
  if (!notes.delete(paper.id)) notes.set(paper.id, date);
  remember(keyOf(name), JSON.stringify(Object.fromEntries(notes)));
  const next = neighbour(paper, 1) ?? neighbour(paper, -1);
  const hadFocus = paper.article.contains(document.activeElement);
  showNotes();
  applyFilters();
  if (paper.article.hidden && hadFocus) go(next);
}

function exportNotes() {
  const lines = (name) => [...noted(name)].map(([id, day]) => ({ id, date: day }));
  const exported = new Date().toISOString();
  const notes = { exported, starred: lines('starred'), read: lines('read') };
  save(`stars-${exported.slice(0, 10)}.json`, JSON.stringify(notes, null, 2) + '\n');
}

function save(download, text) {
  const href = URL.createObjectURL(new Blob([text]));
  element('a', { href, download }).click();
  setTimeout(() => URL.revokeObjectURL(href), 60000); // the download reads it later
}

// --- stars as votes ---

const LONGEST_ADDRESS = 6000; // GitHub refuses one that is much longer

/** The stars of all days, the newest first. */
const stars = () => [...noted('starred')].sort(([, one], [, other]) => other.localeCompare(one));

/** As the archive's votes.jsonl has them. */
function exportVotes() {
  const line = ([id, day]) => JSON.stringify({ id, vote: 1, date: day }) + '\n';
  save(`votes-${todayEastern()}.jsonl`, stars().map(line).join(''));
}

/** The repository behind a site on GitHub Pages. */
function repository() {
  const page = $('meta[property="og:url"]')?.content ?? location.href;
  const [, owner, name] = new URL(root || '.', page).href
    .match(/^https:\/\/([a-z\d-]+)\.github\.io\/(?:([\w.-]+)\/)?$/i) ?? [];
  return owner && `https://github.com/${owner}/${name ?? `${owner}.github.io`}`;
}

/** Buttons beside that of the stars; one of them is a link to an issue which is written already. */
function startVotes() {
  const box = $('.export')?.parentNode;
  if (!box) return;
  const votes = element('div', { class: 'box' });
  votes.append(element('button', { type: 'button', class: 'votes' }, 'Export votes'));
  if (repository()) {
    const title = 'An issue on GitHub, as public as the repository. '
      + 'Only votes of people with write access count.';
    votes.append(element('a', { class: 'send', target: '_blank', rel: 'noopener', title }));
  }
  box.after(votes);
}

function offerVotes() {
  const link = $('.send');
  if (!link) return;
  const all = stars();
  let sent = 0;
  let href = `${repository()}/issues/new?title=Digest%20votes%20${todayEastern()}&body=`;
  for (const [id] of all) {
    const line = encodeURIComponent(`+1 ${id}\n`);
    if (href.length + line.length > LONGEST_ADDRESS) break;
    href += line;
    sent += 1;
  }
  link.href = href;
  link.hidden = !sent;
  const votes = counted(all.length, 'vote');
  link.textContent = sent < all.length ? `Send the newest ${sent} of ${votes}` : `Send ${votes}`;
}

// --- BibTeX ---

/** Who opens an entry most likely wants to paste it. */
async function copyBibtex(details) {
  const [summary, entry] = details.children;
  let isCopied = true;
  details.open = true;
  try {
    await navigator.clipboard.writeText(entry.textContent);
  } catch { // pages that may not use it: plain HTTP, some files
    getSelection().selectAllChildren(entry);
    isCopied = document.execCommand('copy');
  }
  summary.textContent = isCopied ? 'BibTeX: copied' : 'BibTeX: could not copy';
  setTimeout(() => { summary.textContent = 'BibTeX'; }, 2000);
}

// --- buttons ---

// What a button of the page does, by its class.
const ACTS = {
  abstracts: toggleAbstracts,
  clear: clearFilters,
  export: exportNotes,
  group: toggleGroups,
  help: toggleHelp,
  read: (button) => toggleNote('read', paperOf(button)),
  star: (button) => toggleNote('starred', paperOf(button)),
  votes: exportVotes,
};

function startPapers() {
  for (const { article } of papers) {
    article.tabIndex = -1;
    article.ariaLabel = $('.title', article).textContent;
  }
}

function startButtons() {
  for (const button of $$('.paper button')) button.hidden = false;
  main.addEventListener('click', (event) => {
    const button = event.target.closest('button');
    ACTS[button?.className]?.(button);
    const details = event.target.closest('.links summary')?.parentNode;
    if (!details || details.open) return;
    event.preventDefault();
    copyBibtex(details);
  });
}

// --- moving about ---

function isInView(node) {
  const { top, bottom } = node.getBoundingClientRect();
  return !node.hidden && bottom > 0 && top < window.innerHeight;
}

/** The paper shown `by` places after this one. */
function neighbour(paper, by) {
  const there = order.filter((other) => other === paper || !other.article.hidden);
  return there[there.indexOf(paper) + by];
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

// What the keys do; which of them a page has, its own list says.
const KEYS = {
  j: () => step(1),
  k: () => step(-1),
  o: () => openAtArxiv(focused()),
  a: toggleAbstracts,
  m: () => toggleNote('read', focused()),
  s: () => toggleNote('starred', focused()),
  u: () => form.elements.unread.click(),
  g: toggleGroups,
  '[': () => $('.days [rel="prev"]')?.click(),
  ']': () => $('.days [rel="next"]')?.click(),
  '/': focusSearch,
  '?': toggleHelp,
};
const help = $('dialog.keys');
const offered = $$('kbd', help ?? main).map((key) => key.textContent);
const areOn = () => recall('digest.keys') !== 'off';

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
  const key = event.key.toLowerCase(); // Caps Lock may be on
  if (!areOn() || !offered.includes(key) || !KEYS[key]) return;
  if (help.open && key !== '?') return;
  if (event.repeat && !'jk'.includes(key)) return; // the key is held down
  event.preventDefault(); // Firefox would search for what follows a /
  KEYS[key]();
}

function toggleHelp() {
  $('.use', help).checked = areOn();
  if (help.open) help.close();
  else help.showModal();
}

/** Who speaks to the machine may set off single letters without meaning to. */
function startKeys() {
  document.addEventListener('keydown', onKey);
  help?.addEventListener('change', ({ target: use }) => {
    remember('digest.keys', use.checked ? 'on' : 'off');
  });
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
  wide.addEventListener('change', openContents);
  openContents();
}

/** Beside the papers the contents are always open: nothing there to fold. */
function openContents() {
  const fold = $('.contents details');
  if (!fold) return;
  fold.open = wide.matches;
  $('summary', fold).tabIndex = wide.matches ? -1 : 0;
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

const months = (allMonths ?? '').split(' ');
const shards = new Map(); // month to the promise of its papers, newest first

const broken = new Set(); // months that could not be read: asked for anew, past the browser's cache

function shard(month) {
  if (!shards.has(month)) {
    const loading = load(month, broken.has(month) ? 'reload' : 'default');
    loading.catch(() => {
      broken.add(month);
      shards.delete(month);
    });
    shards.set(month, loading);
  }
  return shards.get(month);
}

async function load(month, cache) {
  const response = await fetch(`${root}search/${month}.json`, { cache });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  const days = await response.json();
  const newestFirst = Object.keys(days).sort().reverse();
  return newestFirst.flatMap((day) => days[day].map((line) => paperFrom(day, line)));
}

function paperFrom(day, [id, title, authors, topic, comment, relevance, novelty]) {
  const isText = (word) => typeof word === 'string';
  const isPaper = isDate(day) && [id, title, topic, comment, ...authors].every(isText);
  if (!isPaper) throw new TypeError(day);
  return { day, id, title, authors, topic, comment, relevance, novelty };
}

function isHit(paper, terms) {
  const { id, title, authors, topic, comment } = paper;
  paper.text ??= fold([title, ...authors, topic, comment, id].join('\n'));
  return hasAll(terms, paper.text);
}

function markLine({ day, topic, relevance, novelty }, terms) {
  const line = element('p', { class: 'marks' });
  const add = (name, ...content) =>
    line.append(element('span', { class: name, dir: 'auto' }, ...content), ' ');
  const score = (word, value) => {
    add('spoken', word);
    add('mark', word[0] + value);
  };
  score('Relevance', relevance);
  if (novelty !== null) score('Novelty', novelty);
  if (topic !== NO_TOPIC) add('topic', ...marked(topic, terms));
  line.append(element('time', { datetime: day }, inWords(day, { ...DAY, ...YEAR })));
  return line;
}

/** The first authors, those that were searched for, and how many more there are. */
function authorLine(authors, terms) {
  const isSought = (author) => terms.some((term) => placeOf(term, fold(author)) >= 0);
  const isShown = (author, i) => i < FIRST_AUTHORS || isSought(author);
  const shown = authors.filter(isShown).slice(0, MOST_AUTHORS);
  const rest = authors.length - shown.length;
  const words = [...marked(shown.join(', '), terms), rest ? ` and ${rest} more` : ''];
  return element('p', { class: 'authors', dir: 'auto' }, ...words);
}

function resultOf(paper, terms) {
  const { day, id, title, authors, comment } = paper;
  const href = `${pageOf(day)}#${encodeURIComponent(id.replace(/\//g, '-'))}`;
  const link = element('a', { class: 'title', dir: 'auto', href }, ...marked(title, terms));
  const result = element('li', { class: 'result' }, element('h2', {}, link));
  result.append(markLine(paper, terms), authorLine(authors, terms));
  const said = { class: 'comment', dir: 'auto' };
  if (comment) result.append(element('p', said, ...marked(comment, terms)));
  return result;
}

/** Looks through month after month, newest first, and shows what it finds as it finds it; where
    there are `stars` (from `noted`), among those alone. */
function searcher(results, said, more, complain) {
  let latest; // the search now running: a newer one ends the older

  return async function search(query, stars) {
    const own = {};
    latest = own;
    const terms = termsOf(query);
    const starred = [...(stars?.values() ?? [])];
    const within = months.filter((month) => !stars || starred.some((day) => day.startsWith(month)));
    const unread = [];
    const met = new Set();
    const fresh = document.createDocumentFragment();
    let [found, searched] = [0, 0];
    let working = performance.now();

    const say = (text, isBusy) => {
      const all = counted(within.length, 'month');
      const far = more.hidden ? `searched ${searched} of ${all}` : 'there are more';
      said.textContent = within.length ? `${text}; ${far}.` : `${text}.`;
      said.setAttribute('aria-busy', String(isBusy)); // read out when it has come to rest
    };
    const show = () => {
      results.append(fresh);
      say(found ? `${counted(found, 'paper')} so far` : 'Searching', true);
    };
    const breathe = () => new Promise((resolve) => { setTimeout(resolve); });
    const moreWanted = () => new Promise((resolve) => {
      show();
      more.hidden = false;
      say(`The newest ${counted(found, 'paper')}`, false);
      more.onclick = resolve;
    });

    results.replaceChildren();
    said.textContent = '';
    more.hidden = true;
    complain();
    if (!stars && terms.join('').length < 2) return; // a letter would find everything
    show();
    for (const [i, month] of within.entries()) {
      for (const ahead of within.slice(i, i + 1 + AHEAD)) shard(ahead).catch(() => {});
      let lines = [];
      try {
        lines = await shard(month);
      } catch {
        unread.push(month);
      }
      if (own !== latest) return;
      for (const paper of lines) {
        met.add(paper.id);
        if ((!stars || stars.has(paper.id)) && isHit(paper, terms)) {
          if (found && found % AT_ONCE === 0) {
            await moreWanted(); // for ever, if the next thing wanted is another search
            $('a', results.lastElementChild).focus({ preventScroll: true });
            more.hidden = true;
          }
          fresh.append(resultOf(paper, terms));
          found += 1;
        }
        if (performance.now() - working > SLICE_MS) {
          show();
          await breathe();
          if (own !== latest) return;
          working = performance.now();
        }
      }
      if (!unread.includes(month)) searched += 1;
      show();
    }
    const none = terms.length ? 'No paper has all of these words' : 'No paper is starred';
    say(found ? counted(found, 'paper') : none, false);
    const named = unread.map((month) => inWords(month, YEAR)).join(', ');
    const isGone = ([id, day]) => !met.has(id) && !unread.includes(day.slice(0, 7));
    const gone = [...(stars ?? [])].filter(isGone).map(([id]) => id);
    const those = `${counted(gone.length, 'starred paper')} ${gone.length > 1 ? 'are' : 'is'}`;
    complain(
      named && `Not searched, for it could not be read: ${named}. `,
      gone.length && `${those} no longer here: ${gone.join(', ')}.`,
    );
  };
}

function startSearch() {
  const asked = $('form[role="search"]');
  if (!asked) return;
  const { q: field, starred } = asked.elements;
  const results = $('.results');
  const said = $('.count', main);
  const problem = $('.problem', main);
  const complain = (...sentences) => {
    problem.replaceChildren(...sentences.filter(Boolean));
    problem.hidden = !problem.textContent;
  };
  asked.hidden = false;
  if (location.protocol === 'file:') {
    field.disabled = true;
    $('.from-file').hidden = false; // it may not read other files
    return;
  }
  const search = searcher(results, said, $('.more', main), complain);
  let timer = 0;
  const changed = () => {
    clearTimeout(timer);
    writeQuery({ q: field.value.trim(), starred: starred.checked && 1 }, '');
    search(field.value, starred.checked ? noted('starred') : null);
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

document.addEventListener('visibilitychange', lateNotice); // a tab left open over night
window.addEventListener('storage', refresh); // another tab
window.addEventListener('pageshow', (event) => { if (event.persisted) refresh(); });
window.addEventListener('hashchange', followHash);

lateNotice();
linkDays();
startFilters();
startVotes();
startButtons();
startPapers();
startKeys();
refresh();
startMap();
followHash();
arrived = true;
startSearch();
})();
