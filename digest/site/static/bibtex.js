// Copies a paper as an entry for a bibliography.
(() => {
'use strict';

/** For pages that may not use the clipboard: plain HTTP, some files. */
function copyByHand(text) {
  const before = document.activeElement;
  const area = document.createElement('textarea');
  area.value = text;
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

/** As the page shows the paper; what would need an escape comes with the button. */
function bibtexOf(article) {
  const { id, categories } = article.dataset;
  const names = article.querySelector('.authors').cloneNode(true);
  names.querySelector('summary')?.remove();
  const [year] = /\d\d(?=\d\d\.|\d{5})/.exec(id);
  return `@misc{${id},
  title={${article.querySelector('.title').textContent}},
  author={${names.textContent.replace(/\s+/g, ' ').trim().replaceAll(', ', ' and ')}},
  year={${year > 90 ? 19 : 20}${year}},
  eprint={${id}},
  archivePrefix={arXiv},
  primaryClass={${categories.split(' ')[0]}},
  url={https://arxiv.org/abs/${id}}
}`;
}

async function copyBibtex(button) {
  const entry = button.dataset.bibtex || bibtexOf(button.closest('.paper'));
  button.textContent = (await copy(entry)) ? 'Copied' : 'Could not copy';
  setTimeout(() => { button.textContent = 'Copy BibTeX'; }, 2000);
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('button.bibtex');
  if (button) copyBibtex(button);
});
})();
