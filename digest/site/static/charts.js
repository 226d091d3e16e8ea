// What stands at the place of a timeline that is pointed at, or touched: out of the table of the same.
(() => {
'use strict';

const cells = (row) => [...row.cells].map((cell) => cell.textContent);

function make(name, space, attributes) {
  const made = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function startPicture(picture, head, rows) {
  const plot = picture.querySelector('svg');
  const inside = plot.querySelector('svg'); // one place is one wide in there
  const band = make('rect', plot.namespaceURI, { class: 'pointed', width: 1, height: '100%' });
  const details = make('p', picture.namespaceURI, { class: 'details', hidden: '' });
  const leave = () => {
    details.hidden = true;
    band.remove();
  };
  const point = ({ clientX, clientY }) => {
    const at = new DOMPoint(clientX, clientY).matrixTransform(inside.getScreenCTM().inverse());
    const place = Math.floor(at.x);
    const row = rows.get(String(place));
    if (!row) return leave();
    const said = picture.dataset.columns.split(' ').map((n) => `${head[n]} ${row[n]}`);
    const when = head[0] === 'Week of' ? `Week of ${row[0]}` : row[0];
    details.textContent = `${when}: ${said.join(', ')}`;
    details.hidden = false;
    band.setAttribute('x', place);
    inside.append(band);
  };
  picture.append(details);
  plot.addEventListener('pointermove', point);
  plot.addEventListener('pointerdown', point); // a finger does not move before
  plot.addEventListener('pointerleave', ({ pointerType }) => {
    if (pointerType === 'mouse') leave();
  });
}

for (const figure of document.querySelectorAll('.statistic')) {
  const table = figure.querySelector('table');
  const body = table.tBodies[0];
  const places = body.dataset.places?.split(' ') ?? [];
  const rows = new Map(places.map((place, index) => [place, cells(body.rows[index])]));
  for (const picture of figure.querySelectorAll('[data-columns]')) {
    startPicture(picture, cells(table.tHead.rows[0]), rows);
  }
}
})();
