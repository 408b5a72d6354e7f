import {answerFaults, type AnswerFault} from '../../simulators/openai/src/knobs/answer-faults.ts';
import type {Knobs} from '../../simulators/openai/src/knobs/knobs.ts';
import type {Mutation} from '../../simulators/openai/src/knobs/mutation.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

/** The misbehaviour that one caller meets: in the first session, and in the later ones. */
export interface OddModel {
  readonly first: Partial<Knobs>;
  readonly later: Partial<Knobs>;
  /** A short description for the reader of one call. */
  readonly ways: readonly string[];
}

type Way = readonly [name: string, knobs: Partial<Knobs>];

const CLOSE_CODES = [1000, 1001, 1005, 1006, 1011, 4000, 4001, 4321, 4999];
const EVENTS = [
  'session.updated',
  'error',
  'input_audio_buffer.speech_started',
  'input_audio_buffer.speech_stopped',
  'input_audio_buffer.committed',
  'conversation.item.added',
  'conversation.item.done',
  'response.created',
  'response.output_item.added',
  'response.output_item.done',
  'response.content_part.*',
  'response.output_audio.delta',
  'response.output_audio.done',
  'response.output_audio_transcript.*',
  'response.function_call_arguments.*',
  'response.done',
  'rate_limits.updated',
];

/** Draws several faults at once from all knobs of the simulated model. */
export function oddModel(random: Random): OddModel {
  const ways = [...answering(random), ...protocol(random), ...timing(random)];
  const knobs = (of: readonly Way[]): Partial<Knobs> => Object.assign({}, ...of.map(([, each]) => each));
  // Later sessions have the same faults, none, or others.
  const next = random.whole(0, 2);
  const first = knobs(ways);
  const others = next === 2 ? [...answering(random), ...protocol(random)] : [];
  return {
    first,
    later: next === 0 ? first : knobs(others),
    ways: [
      ...ways.map(([name]) => name),
      ...(next === 1 ? ['then well'] : []),
      ...(next === 2 ? [`then ${others.map(([name]) => name).join(', ') || 'well'}`] : []),
    ],
  };
}

function answering(random: Random): Way[] {
  const kind = random.between(0, 1);
  if (kind < 0.15) {
    const fault = pick(answerFaults, random);
    return [[`every answer ${fault}`, {everyAnswer: fault}]];
  }
  if (kind < 0.4) {
    const faults = Array.from({length: random.whole(1, 6)}, () =>
      random.between(0, 1) < 0.35 ? 'none' : pick(answerFaults, random),
    );
    return [[`answers ${faults.join(' ')}`, {answerFaults: faults}]];
  }
  if (kind < 0.85) {
    const faultRates: Partial<Record<AnswerFault, number>> = {};
    for (let some = random.whole(1, 4); some > 0; some -= 1) {
      faultRates[pick(answerFaults, random)] = Number(random.between(0.05, 0.3).toFixed(2));
    }
    return [[`rates ${JSON.stringify(faultRates)}`, {faultRates}]];
  }
  if (kind > 0.97) {
    const code = pick(['insufficient_quota', 'model_not_found'], random);
    return [[`every answer fails with ${code}`, {failResponses: code}]];
  }
  return [];
}

function protocol(random: Random): Way[] {
  const ways: Way[] = [];
  const sometimes = (share: number, ...way: Way) => {
    if (random.between(0, 1) < share) ways.push(way);
  };
  const metadata = pick(['absent', 'null', 'complained', 'refused'] as const, random);
  sometimes(0.3, `metadata ${metadata}`, {metadata});
  const usage = pick(['null', 'fractional'] as const, random);
  sometimes(0.2, `usage ${usage}`, {usage});
  sometimes(0.2, 'errors name nothing', {errorsNameNothing: true});
  sometimes(0.02, 'beta names', {betaNames: true});
  sometimes(0.1, 'no transcription', {transcription: 'absent'});
  sometimes(0.1, 'transcription fails', {failTranscription: 'DeploymentNotFound'});
  sometimes(0.1, 'strange fields', {strange: true});
  sometimes(0.1, 'done twice', {duplicateDone: true});
  sometimes(0.1, 'cancelled done late', {lateCancelledDone: true});
  sometimes(0.1, 'two items', {multiItem: true});
  sometimes(0.1, 'no rate limits', {rateLimits: pick(['omitted', 'late'], random)});
  sometimes(0.1, 'counts 85 ms less', {heldShortMs: 85});
  const rate = Number(random.between(0.01, 0.2).toFixed(2));
  sometimes(0.25, `any field at ${rate}`, {mutations: [{event: '*', path: '*', how: 'any', rate}]});
  const mutation: Mutation = {event: pick(EVENTS, random), path: random.whole(0, 4) === 0 ? '' : '*', how: 'any'};
  sometimes(0.2, `${mutation.event} ${mutation.path || 'lost'}`, {mutations: [mutation]});
  return ways;
}

function timing(random: Random): Way[] {
  const ways: Way[] = [];
  if (random.between(0, 1) < 0.2) {
    const ms = Math.round(random.between(500, 25_000));
    const code = pick(CLOSE_CODES, random);
    ways.push([`closes with ${code} after ${ms} ms`, {closeAfter: {ms: [ms, ms], code, reason: 'try again'}}]);
  }
  if (random.between(0, 1) < 0.2) ways.push(['slow', {firstDeltaMs: [800, 2_500]}]);
  if (random.between(0, 1) < 0.2) {
    const ms = Math.round(random.between(300, 8_000));
    ways.push([`rate limits of ${ms} ms`, {rateLimitMs: [ms, ms]}]);
  }
  return ways;
}

function pick<Value>(values: readonly Value[], random: Random): Value {
  const value = values[random.whole(0, values.length - 1)];
  if (value === undefined) throw new Error('nothing to pick from');
  return value;
}
