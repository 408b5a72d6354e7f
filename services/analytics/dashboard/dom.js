/**
 * Creates elements. Text is only ever set as text, never parsed as HTML, so nothing that a caller said can run.
 */
const SVG = 'http://www.w3.org/2000/svg';

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...children.flat(3).filter(child => child !== undefined && child !== null && child !== false));
  return element;
}

/** An HTML element: `h('p', {class: 'quiet'}, 'text', child)`. */
export const h = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);

/** An SVG element. */
export const s = (tag, attributes, ...children) => fill(document.createElementNS(SVG, tag), attributes, children);

/** A colour of the style sheet, for what is drawn on a canvas. */
export const colour = name => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

/** The whole of a problem as a sentence. */
export const sentence = ({message, cure}) => `${message}${cure ? ` — ${cure}` : ''}.`;

/** What stands where something could not be loaded. Why analytics is away is said once, at the top of the page. */
function notLoaded(problem, again) {
  if (problem.isAway) return h('p', {class: 'empty'}, 'Not loaded.');
  return h(
    'p',
    {class: 'problem', role: 'alert'},
    sentence(problem),
    ' ',
    h('button', {onclick: again, 'aria-label': 'Try again'}, 'Try again'),
  );
}

/**
 * A card that shows its content once it is loaded, or what went wrong. `csv`: the address of its figures as CSV, or
 * several by their names. `load` gets the place for its content, and a function that takes sentences about all of it, which stand
 * above it, each once.
 */
export function card({title, about, width, csv}, load) {
  const body = h('div', {class: 'chart'});
  const said = h('p', {class: 'quiet note said', hidden: true});
  const tell = text => {
    if (said.textContent.includes(text)) return;
    said.textContent = `${said.textContent} ${text}`.trim();
    said.hidden = false;
  };
  const element = h(
    'section',
    {class: `card ${width ?? ''}`, 'aria-label': title},
    h(
      'header',
      {},
      h('h2', {}, title),
      h('span', {class: 'quiet'}, about ?? ''),
      csv && typeof csv === 'object'
        ? h(
            'span',
            {class: 'several'},
            'Files:',
            Object.entries(csv).map(([what, href]) =>
              h(
                'a',
                {href, download: '', 'aria-label': `${what}, ${href.includes('.jsonl') ? 'JSON lines' : 'CSV'}`},
                what,
              ),
            ),
          )
        : csv && h('a', {href: csv, download: '', 'aria-label': `CSV, ${title}`}, 'CSV'),
    ),
    said,
    body,
  );
  const fill = () => {
    said.textContent = '';
    said.hidden = true;
    body.setAttribute('aria-busy', 'true');
    body.replaceChildren(h('p', {class: 'empty loading'}, 'Loading…'));
    Promise.resolve()
      .then(() => load(body, tell))
      .then(content => content && body.replaceChildren(...[content].flat()))
      .catch(problem => {
        if (problem.name !== 'AbortError') body.replaceChildren(notLoaded(problem, fill));
      })
      .finally(() => body.removeAttribute('aria-busy'));
  };
  fill();
  return element;
}

export const empty = (text = 'There are no figures for this time.') => h('p', {class: 'empty'}, text);

/** The rows of a table. `columns`: [name, class, cell of a row]. */
export const tableRows = (columns, rows, attributes = () => ({})) =>
  rows.map(row =>
    h(
      'tr',
      attributes(row),
      columns.map(([, kind, cell]) => h('td', {class: kind}, cell(row))),
    ),
  );

/** Rows under named columns, in a box that keys can scroll too. */
export const table = (label, columns, rows, {tall = false, attributes} = {}) =>
  h(
    'div',
    {class: `scroll ${tall ? 'tall' : ''}`, role: 'group', 'aria-label': label, tabindex: 0},
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          columns.map(([name, kind]) => h('th', {class: kind, scope: 'col'}, name)),
        ),
      ),
      h('tbody', {}, tableRows(columns, rows, attributes)),
    ),
  );

/** What a picture shows, as a table behind a key. `draw` is called when somebody wants it. */
export function asTable(draw) {
  const details = h('details', {class: 'as-table'}, h('summary', {}, 'As a table'));
  details.addEventListener('toggle', () => details.open && details.children.length === 1 && details.append(draw()), {
    once: true,
  });
  return details;
}
