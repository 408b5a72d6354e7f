import type {Millis} from '@voicebridge/shared/time.ts';
import {bytesPerMs, convertMulaw, type AudioFormat} from '../audio/audio-format.ts';
import {type AnswerFault} from '../knobs/answer-faults.ts';
import {faultyPlan} from './answer-fault.ts';
import type {Knobs} from '../knobs/knobs.ts';
import type {Reply} from './model-script.ts';
import type {Random} from '../random.ts';
import {halves, speechOf, type Speech} from './speech.ts';
import {assistantAudioTokens, textTokens} from '../state/usage.ts';

/** One output item of a response that is about to be generated. */
export type PlannedItem =
  | {
      readonly kind: 'speech';
      readonly phase: 'commentary' | 'final_answer' | undefined;
      readonly text: string;
      /** In the output format of the session; empty for a response in text. */
      readonly audio: Buffer;
      readonly tag: number | undefined;
    }
  | {readonly kind: 'call'; readonly name: string | undefined; readonly json: string}
  | {readonly kind: 'mcp'; readonly server: string; readonly name: string; readonly json: string};

/** One thing that happens while a response is generated, `at` ms after it was created. */
export type Step =
  | {readonly at: Millis; readonly item: number; readonly do: 'open'}
  | {readonly at: Millis; readonly item: number; readonly do: 'words'; readonly text: string}
  | {readonly at: Millis; readonly item: number; readonly do: 'audio'; readonly from: number; readonly to: number}
  | {readonly at: Millis; readonly item: number; readonly do: 'arguments'; readonly text: string}
  | {readonly at: Millis; readonly item: number; readonly do: 'close'};

export type Ending =
  | {readonly status: 'completed'}
  | {readonly status: 'incomplete'; readonly reason: 'content_filter' | 'max_output_tokens'}
  | {readonly status: 'failed'; readonly code: string; readonly message?: string};

/** A whole response, laid out in time before its first event is sent. */
export interface ResponsePlan {
  readonly items: readonly PlannedItem[];
  readonly steps: readonly Step[];
  readonly ending: Ending;
  /** When `response.done` is due, in ms after the creation; infinite if it never is. */
  readonly endsAt: Millis;
}

export interface PlanSettings {
  readonly knobs: Readonly<Knobs>;
  readonly random: Random;
  readonly modality: 'audio' | 'text';
  readonly format: AudioFormat;
  readonly maxTokens: number | 'inf';
  /** Assistant items say in which phase they are (`gpt-realtime-2*`). */
  readonly phases: boolean;
  readonly nextTag: () => number;
  readonly fault?: AnswerFault | undefined;
}

/**
 * Lays a reply out in time: audio comes `speed` times faster than real time, transcripts run ahead of it, items follow
 * each other, and a function call may open while the message before it still streams.
 */
export function planResponse(reply: Reply, settings: PlanSettings): ResponsePlan {
  const {items, ending: asked} = itemsOf(reply, settings);
  const {kept, cut} = withinBudget(items, settings);
  const ending: Ending = cut ? {status: 'incomplete', reason: 'max_output_tokens'} : asked;
  const {knobs, random} = settings;
  const speed = random.between(knobs.speed);
  let cursor = random.between(knobs.firstDeltaMs);
  let endsAt = cursor;
  const steps: Step[] = [];
  for (const [index, item] of kept.entries()) {
    const own =
      item.kind === 'speech'
        ? speechSteps(item, index, cursor, speed, settings)
        : callSteps(item, index, cursor, settings);
    steps.push(...own.steps);
    // An item that was cut off stays open until the response ends, and is closed as incomplete.
    const isCutOff = index === kept.length - 1 && ending.status !== 'completed';
    if (!isCutOff) steps.push({at: own.end, item: index, do: 'close'});
    const overlaps =
      settings.phases && knobs.overlapCalls && item.kind === 'speech' && kept[index + 1]?.kind === 'call';
    endsAt = Math.max(endsAt, own.end);
    cursor = overlaps ? cursor + (own.end - cursor) * 0.4 : own.end;
  }
  steps.sort((one, other) => one.at - other.at);
  return faultyPlan({items: kept, steps, ending, endsAt}, settings.fault, settings);
}

function itemsOf(reply: Reply, settings: PlanSettings): {items: PlannedItem[]; ending: Ending} {
  const items: PlannedItem[] = [];
  const leadsToCall = reply.some(part => 'call' in part || 'mcp' in part);
  for (const part of reply) {
    if ('fail' in part) {
      const {fail: code, ...message} = part;
      return {items, ending: {status: 'failed', code, ...message}};
    }
    if ('incomplete' in part) return {items, ending: {status: 'incomplete', reason: part.incomplete}};
    if ('call' in part) {
      items.push({kind: 'call', name: part.call.name, json: argumentsText(part.call.arguments, settings.knobs)});
      continue;
    }
    if ('mcp' in part) {
      const {server, name, arguments: given} = part.mcp;
      items.push({kind: 'mcp', server, name, json: argumentsText(given, settings.knobs)});
      continue;
    }
    const {tagged, multiItem} = settings.knobs;
    const isTagged = tagged || ('say' in part && typeof part.say !== 'string');
    const whole = speechOf(part, tagged, settings.nextTag);
    const pieces = multiItem ? halves(whole, isTagged, settings.nextTag) : [whole];
    items.push(...pieces.map(piece => spoken(piece, leadsToCall, settings)));
  }
  return {items, ending: {status: 'completed'}};
}

function spoken(
  {text, mulaw, tag}: Speech,
  leadsToCall: boolean,
  {phases, modality, format}: PlanSettings,
): PlannedItem {
  const phase = leadsToCall ? 'commentary' : 'final_answer';
  const audio = modality === 'audio' ? convertMulaw(mulaw, format) : Buffer.alloc(0);
  return {kind: 'speech', phase: phases ? phase : undefined, text, audio, tag};
}

/** Real arguments are loosely written JSON, with spaces and newlines. */
function argumentsText(given: string | Readonly<Record<string, unknown>>, {invalidArguments}: Readonly<Knobs>): string {
  const text = typeof given === 'string' ? given : JSON.stringify(given, null, 1);
  return invalidArguments ? `${text.slice(0, -1)},` : text;
}

/** Cuts the plan where `max_output_tokens` runs out: tokens are spent evenly along an item. */
function withinBudget(
  items: readonly PlannedItem[],
  {maxTokens, format}: PlanSettings,
): {kept: PlannedItem[]; cut: boolean} {
  const kept: PlannedItem[] = [];
  let left = maxTokens === 'inf' ? Infinity : maxTokens;
  for (const item of items) {
    const cost = costOf(item, format);
    if (cost <= left) {
      kept.push(item);
      left -= cost;
      continue;
    }
    const share = left / cost;
    if (item.kind !== 'speech') kept.push({...item, json: item.json.slice(0, Math.floor(item.json.length * share))});
    else {
      const words = item.text.split(' ');
      const bytes = Math.floor((item.audio.length * share) / bytesPerMs(format)) * bytesPerMs(format);
      const text = words.slice(0, Math.floor(words.length * share)).join(' ');
      kept.push({...item, text, audio: item.audio.subarray(0, bytes)});
    }
    return {kept, cut: true};
  }
  return {kept, cut: false};
}

function costOf(item: PlannedItem, format: AudioFormat): number {
  if (item.kind !== 'speech') return textTokens(item.json);
  return textTokens(item.text) + assistantAudioTokens(item.audio.length / bytesPerMs(format));
}

type SpokenItem = Extract<PlannedItem, {kind: 'speech'}>;
type CallItem = Extract<PlannedItem, {kind: 'call' | 'mcp'}>;

interface Track {
  readonly steps: readonly Step[];
  readonly end: Millis;
}

function speechSteps(
  {text, audio}: SpokenItem,
  item: number,
  start: Millis,
  speed: number,
  settings: PlanSettings,
): Track {
  const {knobs, random, format} = settings;
  const perMs = bytesPerMs(format);
  const sound: Step[] = [];
  for (let from = 0; from < audio.length;) {
    const to = Math.min(audio.length, from + Math.round(random.between(knobs.deltaMs)) * perMs);
    sound.push({at: start + from / perMs / speed, item, do: 'audio', from, to});
    from = to;
  }
  // A text without sound is written at about 50 characters a second of speech.
  const lasts = audio.length > 0 ? audio.length / perMs : text.length * 20;
  const end = start + lasts / speed;
  // The transcript is finished at about two thirds of the audio, and its first words come before any sound.
  const opens = item === 0 ? start * 0.7 : start;
  const pairs = text.match(/\S+\s*\S*\s*/g) ?? [];
  const words = pairs.map((pair, index): Step => {
    return {at: opens + ((end - opens) * 0.65 * index) / pairs.length, item, do: 'words', text: pair};
  });
  return {steps: [{at: opens, item, do: 'open'}, ...words, ...sound], end};
}

function callSteps({json}: CallItem, item: number, start: Millis, {random}: PlanSettings): Track {
  const steps: Step[] = [{at: start, item, do: 'open'}];
  let at = start;
  for (let from = 0; from < json.length;) {
    const text = json.slice(from, from + random.whole([1, 9]));
    at += random.between([5, 25]);
    steps.push({at, item, do: 'arguments', text});
    from += text.length;
  }
  return {steps, end: at};
}
