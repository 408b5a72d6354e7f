import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {type ModelEvidence, modelEvidence, type TrueResponse} from './model-evidence.ts';
import {phoneEvidence, type PhoneEvidence, type Utterance} from './phone-evidence.ts';
import {eventsIn, nearest, turnsIn} from './last-moments.ts';
import {recordingEvidence} from './recording-evidence.ts';
import type {MeasuredCall} from './run-calls.ts';

/** One figure of the record and the ground truth. Both in milliseconds. */
export interface Pair {
  readonly metric: Metric;
  readonly callSid: string;
  readonly recorded: Millis;
  readonly truth: Millis;
  readonly note: string;
}

/** The figure if the model's own report were used. Not judged, because it is not recorded. */
export const GRID = 'end-of-turn delay, by the model alone';
/** What a session is told: so much silence ends a turn, and is in the model's word about where it ended. */
const SILENCE_MS = 500;

export const metrics = [
  'time to first audio',
  'platform turn gap',
  'end-of-turn delay',
  GRID,
  'model TTFB',
  't_stop',
  'talk-over',
  'unheard audio',
  'truncation position',
  'heard audio of a turn',
  'failover gap, stream lost',
  'recording, caller',
  'recording, assistant',
  'recording, heard of an item',
] as const;
export type Metric = (typeof metrics)[number];

/** What a worker that hung and woke may have read late, it does not record. */
const READ_LATE: ReadonlySet<Metric> = new Set(['end-of-turn delay', 'model TTFB']);

export interface Counted {
  readonly what: string;
  readonly callSid: string;
  readonly kind: string;
  readonly recorded: number | string;
  readonly truth: number | string;
}

const FRAME_MS = 20;
/** As long as the jitter of the network and the way through the edge. */
const LAST_MOMENTS_MS = 8;
/** A figure is only compared with an answer of the model that began at the same time, to within so much. */
const SAME_RESPONSE_MS = 400;

export function compareCall(call: MeasuredCall, delay: Millis): {pairs: Pair[]; counts: Counted[]} {
  const phone = phoneEvidence(call.report);
  const model = modelEvidence(call.sessions);
  return {
    pairs: [
      ...firstAudio(call, delay),
      ...turnsOf(call, phone, model, delay),
      ...interruptionsOf(call, phone),
      ...gapsOf(call, delay),
      ...recordingOf(call, phone, delay).pairs,
    ],
    counts: [...countsOf(call, phone, model), ...recordingOf(call, phone, delay).counts],
  };
}

function pair(
  metric: Metric,
  {report, anOwnerHung}: MeasuredCall,
  recorded: Millis | null,
  truth: Millis | undefined,
  note = '',
): Pair[] {
  if (truth === undefined) return [];
  if (recorded === null && anOwnerHung && READ_LATE.has(metric)) return [];
  return [{metric, callSid: report.callSid, recorded: recorded ?? Number.NaN, truth, note}];
}

/** The platform's clock starts when `start` arrives and stops when the audio leaves: one way each is not its own. */
function firstAudio(call: MeasuredCall, delay: Millis): Pair[] {
  const {firstAudioMs} = call.report;
  return pair(
    'time to first audio',
    call,
    call.record.call.timeToFirstAudioMs,
    firstAudioMs === undefined ? undefined : firstAudioMs - 2 * delay,
  );
}

function turnsOf(call: MeasuredCall, phone: PhoneEvidence, model: ModelEvidence, delay: Millis): Pair[] {
  const {report, record} = call;
  const start = Date.parse(record.call.startedAt);
  return record.turns.flatMap(turn => {
    const at = turn.firstDeltaAtMs;
    const response = at === null ? undefined : responseAt(model, start + at);
    if (!response) return [];
    const note = `turn ${turn.turn} ${turn.cause}`;
    const heard = response.tags.flatMap(tag => phone.items.get(tag) ?? []);
    const heardMs = heard.reduce((sum, {toMs}) => sum + toMs, 0);
    const pairs = pair(
      'heard audio of a turn',
      call,
      turn.heardMs,
      heardMs,
      `${note} of ${turn.generatedMs} ${turn.interrupted ? 'interrupted' : ''} ${turn.responseStatus}`,
    );
    if (turn.cause !== 'caller' || !response.turn) return pairs;
    const stoppedAt = response.turn.stoppedAt;
    const wall = (moment: Millis) => moment + report.clockOrigin;
    const said = phone.utterances.findLast(({onsetAt}) => wall(onsetAt) < stoppedAt);
    if (!said) return pairs;
    pairs.push(...pair('model TTFB', call, turn.modelTtfbMs, (response.firstDeltaAt ?? Number.NaN) - stoppedAt, note));
    pairs.push(
      ...pair('end-of-turn delay', call, turn.endOfTurnDelayMs, stoppedAt - (wall(said.lastAt) + delay), note),
    );
    pairs.push(...pair(GRID, call, SILENCE_MS, stoppedAt - (wall(said.lastAt) + delay), note));
    const audibleAt = heard[0]?.firstAt;
    const gap = audibleAt === undefined ? undefined : audibleAt - said.lastAt - 2 * delay;
    return [...pairs, ...pair('platform turn gap', call, turn.platformTurnGapMs, gap, note)];
  });
}

function responseAt({responses}: ModelEvidence, at: Millis): TrueResponse | undefined {
  const near = responses.filter(
    ({firstDeltaAt}) => firstDeltaAt !== undefined && Math.abs(firstDeltaAt - at) < SAME_RESPONSE_MS,
  );
  return near.toSorted((a, b) => Math.abs((a.firstDeltaAt ?? 0) - at) - Math.abs((b.firstDeltaAt ?? 0) - at))[0];
}

function interruptionsOf(call: MeasuredCall, {cuts}: PhoneEvidence): Pair[] {
  const {record} = call;
  const interruptions = record.interruptions.filter(each => !each.falseInterruption);
  if (interruptions.length !== cuts.length) return []; // the counts differ, so nothing can be paired
  return interruptions.flatMap((each, index) => {
    const cut = cuts[index];
    if (!cut?.utterance) return [];
    const {at, utterance, audibleSince} = cut;
    // A frame lasts 20 ms: the two voices overlap until the last one that could be heard ends, or the clear does it.
    const until = Math.min(at, (utterance.audibleAt.findLast(moment => moment < at) ?? at) + 20);
    const note = `interruption ${index} of ${cuts.length} heard ${cut.item?.heardMs}`;
    return [
      ...pair('t_stop', call, each.tStopMs, at - utterance.onsetAt, note),
      ...pair('talk-over', call, each.talkOverMs, Math.max(0, until - Math.max(utterance.onsetAt, audibleSince)), note),
      ...pair('unheard audio', call, each.unheardMs, cut.unheardMs, note),
      ...(each.truncatedAtMs === null && cut.unheardMs <= 110
        ? []
        : pair('truncation position', call, each.truncatedAtMs, cut.item?.heardMs, note)),
    ];
  });
}

function gapsOf(call: MeasuredCall, delay: Millis): Pair[] {
  const lost = call.record.failovers.filter(({kind}) => kind.startsWith('edge'));
  const {streams} = call.report;
  return lost.flatMap(({gapMs}, index) => {
    const [before, after] = [streams[index], streams[index + 1]];
    if (before?.openedAt === undefined || before.closedAt === undefined || after?.openedAt === undefined) return [];
    // What was on its way when the line broke is lost with it: the last frame that got through left so early.
    const arriving = before.closedAt - delay - before.openedAt;
    const gapAfter = (frames: number) => after.openedAt! - before.openedAt! - frames * 20;
    const frames = Math.floor(arriving / 20);
    // Whether an edge passed on what reached it in its last moments cannot be seen from outside; both would be right.
    const [truth, orElse] = [gapAfter(frames), gapAfter(frames - 1)];
    const isLate = arriving % 20 < LAST_MOMENTS_MS && Math.abs((gapMs ?? 0) - orElse) < Math.abs((gapMs ?? 0) - truth);
    return pair('failover gap, stream lost', call, gapMs, isLate ? orElse : truth);
  });
}

/** A recording that says it is whole must hold everything, each sound at the moment at which the phone had it. */
function recordingOf(call: MeasuredCall, phone: PhoneEvidence, delay: Millis): {pairs: Pair[]; counts: Counted[]} {
  const {record, recording, report, kind, lastOwnerDied} = call;
  const known = record.recording;
  if (!known || !recording) {
    // A worker that dies takes the last ten seconds with it: all of a short call.
    const truth = lastOwnerDied ? 'lost' : 'yes';
    const recorded = known?.state ?? 'no';
    return {pairs: [], counts: [{what: 'recorded', callSid: report.callSid, kind, recorded, truth}]};
  }
  const evidence = recordingEvidence(recording);
  const begins = Date.parse(record.call.startedAt) + known.fromMs - report.clockOrigin;
  const pairs: Pair[] = [];
  let absent = 0;
  for (const utterance of phone.utterances) {
    if (!isSent(utterance, report, delay)) continue;
    const truth = utterance.onsetAt - begins;
    const at = evidence.find(utterance, truth);
    if (at === undefined) absent += 1;
    else pairs.push(...pair('recording, caller', call, at, truth));
  }
  for (const [item, {firstAt, toMs}] of phone.items) {
    const heard = evidence.items.get(item);
    if (!heard) absent += 1;
    else {
      const note = `item ${item}, ${known.state}`;
      pairs.push(...pair('recording, assistant', call, heard.at, firstAt - begins, note));
      if (known.state === 'kept') pairs.push(...pair('recording, heard of an item', call, heard.toMs, toMs, note));
    }
  }
  const counted = (what: string, recorded: number | string, truth: number | string) => ({
    what,
    callSid: report.callSid,
    kind,
    recorded,
    truth,
  });
  return {
    pairs,
    counts: [
      counted('recorded', 'yes', 'yes'),
      counted('not in a whole recording', known.state === 'kept' ? absent : 0, 0),
    ],
  };
}

/** Whether the first audible frame of an utterance left the phone on a stream, and arrived before that was lost. */
function isSent({onsetAt}: Utterance, {streams}: CallReport, delay: Millis): boolean {
  return streams.some(
    ({openedAt = Number.POSITIVE_INFINITY, closedAt = Number.POSITIVE_INFINITY}) =>
      openedAt <= onsetAt && onsetAt + FRAME_MS + delay + LAST_MOMENTS_MS < closedAt,
  );
}

function countsOf(
  {kind, report, waited, record, owners, modelCuts, sessions}: MeasuredCall,
  {cuts, items}: PhoneEvidence,
  model: ModelEvidence,
): Counted[] {
  const {callSid} = report;
  const {call, turns, interruptions, toolCalls, failovers} = record;
  const streams = report.streams.filter(({openedAt}) => openedAt !== undefined).length;
  const real = (kind: string) => failovers.filter(each => each.kind.startsWith(kind)).length;
  const said = turnsIn(model.responses, items);
  const wall = ({at}: {readonly at: Millis}) => at + report.clockOrigin;
  const workersLost = failovers.filter(each => each.kind === 'worker-lost');
  const lostAt = workersLost.map(({atMs}) => Date.parse(call.startedAt) + atMs);
  const cut = eventsIn(cuts.map(wall), lostAt);
  const heardBy = sessions.filter(({heard}) => heard.bytes > 0).length;
  const modelsLost = eventsIn(modelCuts, [...lostAt, wall({at: report.endedAt})]);
  const rows: [string, number | string, number | string][] = [
    ['turns', turns.length, nearest(turns.length, said)],
    ['turns, in the summary', call.turns, nearest(call.turns, said)],
    ['barge-ins', call.bargeIns, nearest(call.bargeIns, cut)],
    ['interruptions', interruptions.length, nearest(interruptions.length, cut)],
    ['tool calls', toolCalls.length, model.toolCalls],
    ['failovers of workers', real('worker'), owners - 1],
    ['failovers of streams', real('edge'), streams - 1],
    ['failovers of the model', real('model-lost'), nearest(real('model-lost'), modelsLost)],
    // Of the sessions that heard the caller, one is the first of each owner, and one follows each loss. An owner that took
    // the call as it ended may have none.
    ['replaced sessions of the model', real('model-rotated'), Math.max(0, heardBy - owners - real('model-lost'))],
    ['who ended it', call.endReason, report.endedBy === 'caller' ? 'caller.hung-up' : 'assistant.hung-up'],
    ['callers who waited in vain', waited ? 1 : 0, 0],
    ['frames lost on the way', call.framesLostUp + call.framesLostDown, 0],
    ['messages nobody could use', call.framesMalformed, 0],
  ];
  return rows.map(([what, recorded, truth]) => ({what, callSid, kind, recorded, truth}));
}
