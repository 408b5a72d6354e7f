import {bytesPerMs, convertMulaw, type AudioFormat} from '../audio/audio-format.ts';
import {answerFaults, type AnswerFault} from '../knobs/answer-faults.ts';
import type {Knobs} from '../knobs/knobs.ts';
import type {Part, Reply} from './model-script.ts';
import type {Random} from '../random.ts';
import type {PlannedItem, ResponsePlan} from './response-plan.ts';

/** A tool that no session has. */
const UNKNOWN_TOOL = 'look_up';
/** The longest name of a function that the real service takes is 64 characters. */
const LONG_NAME = 'look_up_'.repeat(15);

/** Decides about the next answer: what was scripted for it, else what every answer has, else by chance. */
export function takeFault(knobs: Knobs, random: Random): AnswerFault | undefined {
  const [scripted, ...later] = knobs.answerFaults;
  if (scripted !== undefined) {
    knobs.answerFaults = later;
    return scripted === 'none' ? undefined : scripted;
  }
  if (knobs.everyAnswer !== null) return knobs.everyAnswer;
  const rates = answerFaults.filter(fault => (knobs.faultRates[fault] ?? 0) > 0);
  if (rates.length === 0) return undefined;
  let drawn = random.next();
  return rates.find(fault => (drawn -= knobs.faultRates[fault] ?? 0) < 0);
}

/** The code with which the next answer ends, if it is to end with one; a failure of the next answer is used once. */
export function takeFailure(knobs: Knobs): string | null {
  const failure = knobs.failNextResponse;
  knobs.failNextResponse = null;
  return failure ?? knobs.failResponses;
}

/** What is said in place of `reply`. */
export function faultyReply(reply: Reply, fault: AnswerFault | undefined, message?: string): Reply {
  switch (fault) {
    case 'empty':
    case 'hangs':
    case 'hangs-for-good':
      return [];
    case 'max-tokens-at-once':
      return [{incomplete: 'max_output_tokens'}];
    case 'content-filter-at-once':
      return [{incomplete: 'content_filter'}];
    case 'fails':
      return [{fail: 'server_error'}];
    case 'rate-limited':
      return [{fail: 'rate_limit_exceeded', ...(message === undefined ? {} : {message})}];
    case 'nameless-call':
      return [call(undefined)];
    case 'empty-name-call':
      return [call('')];
    case 'long-name-call':
      return [call(LONG_NAME)];
    case 'broken-arguments-call':
      return [call(UNKNOWN_TOOL, '{"day": "Sun')];
    case 'tool-call':
      return [call(UNKNOWN_TOOL)];
    default:
      return reply;
  }
}

/** A plan that goes wrong on its way, or the plan as it is. */
export function faultyPlan(
  plan: ResponsePlan,
  fault: AnswerFault | undefined,
  {random, format}: {readonly random: Random; readonly format: AudioFormat},
): ResponsePlan {
  switch (fault) {
    case 'silence':
      return {...plan, items: plan.items.map(item => quiet(item, format))};
    case 'max-tokens':
      return {...midway(plan, random), ending: {status: 'incomplete', reason: 'max_output_tokens'}};
    case 'content-filter':
      return {...midway(plan, random), ending: {status: 'incomplete', reason: 'content_filter'}};
    case 'fails-in-mid-speech':
      return {...midway(plan, random), ending: {status: 'failed', code: 'server_error'}};
    case 'stalls':
    case 'stalls-for-good':
      return {...midway(plan, random), endsAt: Infinity};
    case 'hangs':
    case 'hangs-for-good':
      return {...plan, endsAt: Infinity};
    default:
      return plan;
  }
}

/** A cancel has no effect on it. */
export const ignoresCancel = (fault: AnswerFault | undefined) => fault?.endsWith('-for-good') === true;

/** The wording of the real service, by which clients know when to come back. */
export function rateLimitMessage(ms: number): string {
  const wait = ms < 1_000 ? `${Math.ceil(ms)}ms` : `${Math.ceil(ms / 100) / 10}s`;
  return `Rate limit reached for gpt-realtime on tokens per min (TPM): Limit 40000, Used 39120, Requested 2210. Please try again in ${wait}. Visit https://platform.openai.com/account/rate-limits to learn more.`;
}

function call(name: string | undefined, args: string = '{}'): Part {
  return {call: {name, arguments: args}};
}

function quiet(item: PlannedItem, format: AudioFormat): PlannedItem {
  if (item.kind !== 'speech') return item;
  const bytesPerSample = bytesPerMs(format) / 8;
  const audio = convertMulaw(Buffer.alloc(item.audio.length / bytesPerSample, 0xff), format);
  return {...item, audio};
}

/** Only what comes until 30 to 70 % of the audio is out; what is open then stays open. */
function midway(plan: ResponsePlan, random: Random): ResponsePlan {
  const sounds = plan.steps.filter(step => step.do === 'audio');
  const share = random.between([0.3, 0.7]);
  const last = sounds[Math.max(0, Math.ceil(sounds.length * share) - 1)] ?? plan.steps[0];
  if (!last) return plan;
  return {...plan, steps: plan.steps.slice(0, plan.steps.indexOf(last) + 1), endsAt: last.at};
}
