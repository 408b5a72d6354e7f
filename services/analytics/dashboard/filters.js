import {get} from './api.js';
import {h} from './dom.js';
import {moment} from './format.js';
import {change, periodOf, RANGES, setsOf, shortVersion} from './url-state.js';

/** @type {{assistants: string[], versions: {assistant: string, version: string, first: string}[], models: string[], workers: string[], outcomes: string[]}} */
export let known = {assistants: [], versions: [], models: [], workers: [], outcomes: []};

/** Loaded once per page. */
export async function loadFacets(signal) {
  known = await get('/api/facets', {}, signal);
}

const day = text => (text ? new Date(Number(text) || text).toISOString().slice(0, 16) : '');

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
            'aria-pressed': String(!custom && state.range === range),
            onclick: () => change({range, from: '', to: ''}),
          },
          label,
        ),
      ),
      h('button', {'aria-pressed': String(custom), onclick: () => change(exactly(state))}, 'custom'),
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
              value: day(state[name]),
              onchange: event => change({[name]: event.target.value && `${event.target.value}Z`}),
            }),
          ),
        )
      : []),
    pick('assistant', 'Assistant', any(known.assistants)),
    pick('version', 'Version', [['', 'all'], ...versions.map(one => [one.version, versionName(one)])]),
    pick('model', 'Model', any(known.models)),
    pick('worker', 'Worker', any(known.workers)),
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

/** Another assistant has other versions. */
const picked = (name, value) => ({[name]: value, ...(name === 'assistant' ? {version: ''} : {})});

/** What the small figures and the dashed or amber lines show. */
function comparison(state) {
  const {sets} = setsOf(state);
  return sets[1] ? h('p', {class: 'compared'}, `${sets[0].label}, compared with ${sets[1].label}`) : '';
}
