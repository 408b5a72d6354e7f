import {createHash} from 'node:crypto';
import type {CallFinished, CallSummary, Tokens} from '@voicebridge/shared/cdr/call-record.ts';
import {END_REASONS, type EndReason} from '@voicebridge/shared/cdr/end-reasons.ts';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import {hex, latency, pickUneven} from './draws.ts';

const ENDS: readonly [EndReason, ...EndReason[]] = [
  'caller.hung-up',
  'assistant.hung-up',
  'assistant.transferred',
  'platform.stream-lost',
  'operator.hung-up',
  'platform.model-lost',
  'platform.drained',
];

/** The callee of every invented call, by which it is known again. No real hash is equal: those have 32 digits. */
export const SEEDED_CALLEE_HASH = '0f3c5a7799b1d2e4c6a80315';

/** What the summary must agree with: the records of the call, and who took part in it. */
interface Facts extends Pick<CallFinished, 'turns' | 'interruptions' | 'toolCalls' | 'failovers'> {
  /** Unix milliseconds. */
  readonly startedAt: number;
  readonly lengthMs: number;
  readonly assistant: string;
  readonly model: string;
  readonly worker: string;
  readonly edge: string;
  readonly timeToFirstAudioMs: number;
}

/** The summary of an invented call, drawn at random where its records do not decide it. */
export function plausibleSummary(random: Random, facts: Facts): CallSummary {
  const {startedAt, lengthMs, assistant, model, worker, edge, timeToFirstAudioMs} = facts;
  const {turns, interruptions, toolCalls, failovers} = facts;
  const endReason = random.chance(0.75) ? 'caller.hung-up' : pickUneven(random, ENDS);
  const yielded = interruptions.filter(each => !each.false);
  const spoken = turns.reduce((sum, turn) => sum + (turn.generatedMs ?? 0), 0);
  const tokens = tokensOf(turns.length, lengthMs, spoken);
  return {
    callSid: CallSid.parse(`CA${hex(random, 32)}`),
    startedAt,
    endedAt: Math.round(startedAt + lengthMs + random.between(300, 3_000)),
    direction: random.chance(0.92) ? 'inbound' : 'outbound',
    caller: {
      hash: hex(random, 24),
      lastTwo: String(Math.floor(random.between(0, 100))).padStart(2, '0'),
      number: null,
    },
    callee: {hash: SEEDED_CALLEE_HASH, lastTwo: '07', number: null},
    assistant,
    assistantVersion: versionAt(assistant, startedAt),
    model,
    voice: assistant === 'support' ? 'verse' : 'alloy',
    worker: failovers[0]?.to ?? worker,
    edge,
    epoch: 1 + failovers.length,
    endReason,
    endedBy: END_REASONS[endReason].endedBy,
    disclosure: null,
    answeredBy: null,
    timeToFirstAudioMs,
    admissionMs: latency(random, 14, 0.5),
    modelReadyMs: latency(random, 420, 0.35),
    turns: turns.length,
    bargeIns: yielded.length,
    falseInterruptions: interruptions.length - yielded.length,
    toolCalls: toolCalls.length,
    talkOverMs: yielded.reduce((sum, cut) => sum + (cut.talkOverMs ?? 0), 0),
    unheardMs: yielded.reduce((sum, cut) => sum + (cut.unheardMs ?? 0), 0),
    tokens,
    costUsd: costOf(model, tokens),
    priceTable: '2026-11',
    frames: {
      up: Math.round(lengthMs / 20),
      down: Math.round(spoken / 20),
      lostUp: random.chance(0.01) ? Math.floor(random.between(1, 20)) : 0,
      lostDown: 0,
      duplicates: 0,
      paddedMs: random.chance(0.03) ? Math.round(random.between(20, 400)) : 0,
      malformed: 0,
    },
    traceparent: null,
    recordedFromMs: null,
    ring: null,
    assistants: [],
    notes: {},
    outcome: {},
    aways: [],
  };
}

/** A new version of each assistant every other week. */
function versionAt(assistant: string, startedAt: number): string {
  const fortnight = Math.floor(startedAt / (14 * 86_400_000));
  return createHash('sha256').update(`${assistant} ${fortnight}`).digest('hex').slice(0, 16);
}

function tokensOf(turns: number, lengthMs: number, spokenMs: number): Tokens {
  const inputText = 400 + 60 * turns;
  const inputAudio = Math.round((lengthMs / 100) * (1 + turns / 6));
  const inputCachedText = Math.round(inputText * 0.7);
  const inputCachedAudio = Math.round(inputAudio * Math.min(0.8, turns / 12));
  return {
    inputText,
    inputAudio,
    inputCached: inputCachedText + inputCachedAudio,
    inputCachedText,
    inputCachedAudio,
    outputText: 22 * turns,
    outputAudio: Math.round(spokenMs / 50),
  };
}

/** Near enough to a real price; the worker has the real table. */
function costOf(model: string, tokens: Tokens): number {
  const price = model === 'gpt-realtime-2.1' ? 1 : 0.3;
  return (
    ((tokens.inputText - tokens.inputCachedText) * 4 +
      (tokens.inputAudio - tokens.inputCachedAudio) * 32 +
      tokens.inputCached * 0.4 +
      tokens.outputAudio * 64 +
      tokens.outputText * 24) *
    price *
    1e-6
  );
}
