import {h} from './dom.js';
import {count, ms, usd} from './format.js';
import {shortVersion} from './url-state.js';

/** What Twilio says that answered, for a person. */
const ANSWERED = {
  human: 'a person',
  machine_start: 'a machine',
  machine_end_beep: 'a machine, with a beep',
  machine_end_silence: 'a machine, without a beep',
  machine_end_other: 'a machine',
  fax: 'a fax',
};

/** Everything about a call as a whole. */
export function callFacts(detail) {
  const {call: one, callerNumber, notes, assistants} = detail;
  const pairs = [
    ...whoFacts(detail),
    ['Length', ms(one.durationMs)],
    ['Time to first audio', ms(one.timeToFirstAudioMs)],
    ...((one.hungUpWaitingMs ?? null) === null ? [] : [['Hung up waiting', `after ${ms(one.hungUpWaitingMs)}`]]),
    ['Turns', count(one.turns)],
    ['Interruptions', count(one.bargeIns) + (one.falseInterruptions ? ` and ${one.falseInterruptions} false` : '')],
    ['Talk-over', ms(one.talkOverMs)],
    ['Unheard', ms(one.unheardMs)],
    ['Cost', usd(one.costUsd)],
    ['Assistant', one.assistant],
    ['Version', one.assistantVersion === null ? '–' : shortVersion(one.assistantVersion)],
    ...(one.ringOutcome === null ? [] : [['Asked while it rang', `${one.ringOutcome} after ${ms(one.ringMs)}`]]),
    ['Model', one.model],
    ['Worker', idOf(one.worker), 'wide'],
    ['Edge', one.edge === null ? '–' : idOf(one.edge), 'wide'],
    ['Phone', one.via],
    ['Caller', callerNumber ?? (one.callerLastTwo ? `…${one.callerLastTwo}` : '–')],
    ['Admission', ms(one.admissionMs)],
    ['Model ready', ms(one.modelReadyMs)],
    ['Frames lost', count(one.framesLostUp + one.framesLostDown)],
    ['Padded', ms(one.framesPaddedMs)],
    ...Object.entries(one.outcome).map(([name, value]) => [`Outcome: ${name}`, byWhom(one, name, value)]),
    ...assistants.map(({name, version, at}) => [`Assistant from ${ms(at)}`, `${name} ${version ?? ''}`]),
    ...Object.entries(notes).map(([name, value]) => [`Noted: ${name}`, byWhom(one, name, value)]),
  ];
  return h(
    'dl',
    {class: 'facts'},
    pairs.map(([name, value, kind]) =>
      h('div', {class: kind ?? roomFor(value)}, h('dt', {}, name), h('dd', {}, value)),
    ),
  );
}

/** What an assistant notes can be long. */
const roomFor = value => (String(value).length > 60 ? 'whole' : String(value).length > 24 ? 'wide' : undefined);

/** On one line: its first letters tell it from others, and the whole of it is told on hovering. */
const idOf = text => h('span', {class: 'id', title: text}, text);

/** Who called whom, what answered a call that we made, and whether the caller heard that a machine speaks. */
function whoFacts({call: {direction}, disclosure, answeredBy}) {
  const isOut = direction === 'outbound';
  return [
    ['Direction', isOut ? 'outbound' : 'inbound'],
    ...(isOut ? [['Answered by', ANSWERED[answeredBy] ?? 'unknown']] : []),
    ...(isOut || disclosure ? [['Disclosure', heard(disclosure)]] : []),
  ];
}

/** Whether what had to be said first was heard, when, and how that is known. */
function heard(disclosure) {
  if (!disclosure) return 'none';
  if (disclosure.heardAt === null) return 'not heard to its end';
  const known = disclosure.by === 'clock' ? ', by the clock' : '';
  const words = disclosure.verbatim === false ? ', not word for word' : '';
  return `heard after ${ms(disclosure.heardAt)}${known}${words}`;
}

/** What is known of the outcome, and whether the assistant noted it or a model read it out of what was said. */
const byWhom = ({outcomeFilled = []}, name, value) =>
  outcomeFilled.includes(name) ? `${value} (filled in by a model)` : String(value);
