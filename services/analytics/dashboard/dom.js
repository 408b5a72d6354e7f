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

/**
 * A card that shows its content once it is loaded, or what went wrong. `csv`: the address of its figures as CSV, or
 * several by their names.
 */
export function card({title, about, width, csv}, load) {
  const body = h('div', {class: 'chart', 'aria-busy': 'true'});
  const element = h(
    'section',
    {class: `card ${width ?? ''}`, 'aria-label': title},
    h(
      'header',
      {},
      h('h2', {}, title),
      h('span', {class: 'quiet'}, about ?? ''),
      csv && typeof csv === 'object'
        ? [
            h('span', {class: 'several'}, 'CSV:'),
            ...Object.entries(csv).map(([what, href]) =>
              h('a', {href, download: '', 'aria-label': `${what}, CSV`}, what),
            ),
          ]
        : csv && h('a', {href: csv, download: ''}, 'CSV'),
    ),
    body,
  );
  Promise.resolve()
    .then(() => load(body))
    .then(content => content && body.replaceChildren(...[content].flat()))
    .catch(problem => {
      if (problem.name === 'AbortError') return;
      body.replaceChildren(h('p', {class: 'problem'}, problem.message, problem.cure ? ` — ${problem.cure}.` : ''));
    })
    .finally(() => body.removeAttribute('aria-busy'));
  return element;
}

export const empty = (text = 'Nothing in this time range.') => h('p', {class: 'empty'}, text);
