import {get} from './api.js';
import {h} from './dom.js';
import {moment} from './format.js';
import {feed, live} from './live.js';
import {change, chooseRange, customTime, periodOf, RANGES, setsOf, shortVersion} from './url-state.js';
import {hasChoice, isUtc, wallClock, zoneName} from './zone.js';

/** @type {{assistants: string[], versions: {assistant: string, version: string, first: string}[], models: string[], workers: string[], outcomes: string[]}} */
export let known = {assistants: [], versions: [], models: [], workers: [], outcomes: [], first: null, last: null};

/** Loaded once per page. */
export async function loadFacets(signal) {
  known = await get('/api/facets', {}, signal);
  chooseRange(known);
}

const onTheWall = text => (text ? wallClock(new Date(Number(text) || text)).slice(0, 16) : '');

/** The time range on show, as two ends that can be edited. */
function exactly(state) {
  const {from, to} = periodOf(state);
  return {from: new Date(from).toISOString(), to: new Date(to).toISOString()};
}

/** Time range, assistant, model, worker, and what to compare with. */
export function filterBar(state) {
  const custom = Boolean(state.from || state.to);
  const pick = (name, label, options) =>
    h(
      'label',
      {},
      label,
      h(
        'select',
        {name, onchange: event => change(picked(name, event.target.value))},
        [
          ...options,
          ...(state[name] && !options.some(([value]) => value === state[name]) ? [[state[name], state[name]]] : []),
        ].map(([value, text]) => h('option', {value, selected: state[name] === value}, text)),
      ),
    );
  const versions = known.versions.filter(one => !state.assistant || one.assistant === state.assistant);
  const versionName = ({assistant, version, first}) =>
    `${state.assistant ? '' : `${assistant} `}${shortVersion(version)}, since ${moment(first)}`;
  const any = names => [['', 'all'], ...names.map(name => [name, name])];
  return [
    h(
      'div',
      {class: 'segments', role: 'group', 'aria-label': 'Time range'},
      Object.entries(RANGES).map(([range, {label}]) =>
        h(
          'button',
          {
            name: `range-${range}`,
            'aria-pressed': String(!custom && state.range === range),
            onclick: () => change({range, from: '', to: ''}),
          },
          label,
        ),
      ),
      h(
        'button',
        {name: 'range-custom', 'aria-pressed': String(custom), onclick: () => change(exactly(state))},
        'custom',
      ),
    ),
    ...(custom
      ? ['from', 'to'].map(name =>
          h(
            'label',
            {},
            name,
            h('input', {
              type: 'datetime-local',
              name,
              value: onTheWall(state[name]),
              title: `in ${zoneName()}`,
              onchange: event => change({[name]: customTime(event.target.value)}),
            }),
          ),
        )
      : []),
    hasChoice
      ? h(
          'label',
          {},
          'Times in',
          h(
            'select',
            {name: 'zone', onchange: event => change({zone: event.target.value})},
            h('option', {value: '', selected: !isUtc()}, 'your zone'),
            h('option', {value: 'utc', selected: isUtc()}, 'UTC'),
          ),
        )
      : '',
    pick('assistant', 'Assistant', any(known.assistants)),
    pick('version', 'Version', [['', 'all'], ...versions.map(one => [one.version, versionName(one)])]),
    pick('model', 'Model', any(known.models)),
    h('label', {}, 'Worker', workerPicker(state)),
    // A list of calls has nothing to compare.
    ...(state.view === 'calls'
      ? []
      : [
          pick('compare', 'Compare to', [
            ['', 'nothing'],
            ['previous', 'the time before'],
            ...known.assistants.map(name => [`assistant:${name}`, `assistant ${name}`]),
            ...versions.map(one => [`version:${one.version}`, `version ${versionName(one)}`]),
            ...known.models.map(name => [`model:${name}`, `model ${name}`]),
          ]),
          comparison(state),
        ]),
  ];
}

let isRunning = '';

/** The workers in two groups, once it is known which of them are running: those that have ended are in calls of the past only. */
function workersIn(select, chosen) {
  const running = new Set((feed.fleet?.workers ?? []).map(({id}) => id));
  isRunning = [...running].join();
  const all = [...new Set([...known.workers, ...(chosen ? [chosen] : [])])];
  const option = id => h('option', {value: id, selected: id === chosen}, id);
  const group = (label, ids) => (ids.length > 0 ? h('optgroup', {label}, ids.map(option)) : '');
  select.replaceChildren(
    h('option', {value: ''}, 'all'),
    ...(feed.fleet?.workers
      ? [
          group(
            'running',
            all.filter(id => running.has(id)),
          ),
          group(
            'no longer running',
            all.filter(id => !running.has(id)),
          ),
        ]
      : all.map(option)),
  );
}

function workerPicker(state) {
  const select = h('select', {name: 'worker', onchange: event => change({worker: event.target.value})});
  workersIn(select, state.worker);
  return select;
}

live.addEventListener('fleet', () => {
  const select = document.querySelector('#filters select[name=worker]');
  const isSame =
    isRunning === (feed.fleet?.workers ?? []).map(({id}) => id).join() && select?.querySelector('optgroup');
  // Not while somebody has it open.
  if (select && !isSame && select !== document.activeElement) workersIn(select, select.value);
});

/** Another assistant has other versions. */
const picked = (name, value) => ({[name]: value, ...(name === 'assistant' ? {version: ''} : {})});

/** What the small figures and the dashed or amber lines show. */
function comparison(state) {
  const {sets} = setsOf(state);
  if (!sets[1]) return '';
  const {from, to} = sets[1].filter;
  const first = Date.parse(known.first);
  const began = from < first && first < to ? `; the first call of all was on ${moment(first)}` : '';
  return h('p', {class: 'compared'}, `${sets[0].label}, compared with ${sets[1].label}${began}`);
}
