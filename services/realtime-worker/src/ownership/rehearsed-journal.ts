import type {TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import {CallSid, type ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {Fact} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {snapshotOf} from '../journal/restore-call.ts';

const TURNS = 8;
const CALL_SID = CallSid.parse(`CA${'0'.repeat(32)}`);
const NOBODY = {hash: null, lastTwo: null, number: null};
const TOKENS = {inputText: 90, inputAudio: 50, inputCached: 64, inputCachedText: 64, inputCachedAudio: 0};

/**
 * The journal of an invented call, for a worker that rehearses: it has what calls in conversation have. The schema of each
 * kind of entry is compiled when the first entry of that kind is read, which takes milliseconds: if a kind is not in here,
 * the first callers of a dead worker wait for it.
 */
export function rehearsedJournal(options: {
  readonly streamSid: string;
  readonly owner: ProcessId;
  readonly edge: ProcessId;
  /** The time of day of the last entry, in Unix milliseconds. */
  readonly wall: number;
  /** Whether a snapshot stands for the first half, as in a call that is some minutes old. */
  readonly isCompacted: boolean;
}): JournalEntry[] {
  const {streamSid, owner, edge, wall, isCompacted} = options;
  const facts: Fact[] = [
    {
      is: 'opened',
      callSid: CALL_SID,
      direction: 'inbound',
      caller: NOBODY,
      callee: NOBODY,
      assistant: 'rehearsal',
      version: 'v1',
      variables: {},
      model: 'none',
      voice: 'none',
      admissionMs: 100,
      traceparent: null,
    },
    {is: 'owner', worker: owner, epoch: 1, cause: 'new'},
    {is: 'stream', streamSid, edge, epoch: 1, digits: 0},
    {is: 'modelReady', ms: 300},
    {is: 'greeted'},
    {is: 'firstAudio', ms: 600},
    ...Array.from({length: TURNS}, (_, number) => turnOf(number, streamSid, owner)).flat(),
    {is: 'item', item: {kind: 'caller', id: 'last', text: 'And on holidays?'}}, // an answer is owed
  ];
  const entries = facts.map((fact, place): JournalEntry => ({...fact, wall: wall - (facts.length - place) * 100}));
  if (!isCompacted) return entries;
  const half = Math.floor(entries.length / 2);
  return [{is: 'snapshot', wall, call: snapshotOf(entries.slice(0, half))}, ...entries.slice(half)];
}

/** The caller asks, a tool looks it up, and the assistant answers; every fourth answer is interrupted. */
function turnOf(number: number, streamSid: string, worker: ProcessId): Fact[] {
  const [id, asked, callId] = [`item-${number}`, `asked-${number}`, `call-${number}`];
  const at = number * 5_000;
  const tool = {call: number, turn: number, name: 'look_up', at, ok: true, arguments: '{}', toldToWait: false};
  const facts: Fact[] = [
    {is: 'turn', open: true, turn: recordOf(number, worker)},
    {is: 'item', item: {kind: 'caller', id: asked, text: ''}},
    {is: 'settled', streamSid, timestamp: at},
    {is: 'words', id: asked, text: 'And on Sundays?'},
    {is: 'item', item: {kind: 'toolCall', id: callId, callId, name: 'look_up', arguments: '{}'}},
    {is: 'tool', callId, tool: {...tool, durationMs: null, waitMs: null, outcome: null, result: null}},
    {is: 'tool', callId, tool: {...tool, durationMs: 40, waitMs: 0, outcome: 'ok', result: 'closed'}},
    {is: 'item', item: {kind: 'toolResult', id: `result-${number}`, callId, output: 'closed'}},
    {is: 'item', item: {kind: 'assistant', id, text: ''}},
    {is: 'said', id, from: 0, ms: 400},
    {is: 'said', id, from: 400, ms: 2_000},
    {is: 'words', id, text: 'We are closed on Sundays.'},
    {is: 'complete', id},
    ...(number % 5 === 0 ? [{is: 'brokenOff' as const, id}] : []),
    {is: 'tokens', tokens: {...TOKENS, outputText: 20, outputAudio: 100}},
  ];
  if (number % 4 === 0) facts.push(...interruptionOf(number, id));
  facts.push({is: 'turn', turn: {...recordOf(number, worker), audioEndedAt: at + 2_600}});
  return facts;
}

function interruptionOf(number: number, id: string): Fact[] {
  const measured = {at: number * 5_000, reactionMs: 3, tStopMs: 150, talkOverMs: 150, unheardMs: 1_100};
  return [
    {is: 'hushed'},
    {is: 'cut', id, heardMs: 900, totalMs: 2_000},
    {
      is: 'interruption',
      interruption: {
        interruption: number,
        turn: number,
        ...measured,
        truncatedAtMs: 900,
        uncertaintyMs: 20,
        refused: false,
        false: false,
      },
    },
  ];
}

function recordOf(turn: number, worker: ProcessId): TurnRecord {
  const at = turn * 5_000;
  return {
    turn,
    cause: 'caller',
    callerStartedAt: at,
    callerEndedAt: at + 900,
    decidedAt: at + 1_400,
    firstDeltaAt: at + 1_800,
    audioStartedAt: at + 1_810,
    audioEndedAt: null,
    platformTurnGapMs: 910,
    endOfTurnDelayMs: 500,
    modelTtfbMs: 400,
    toolMs: 40,
    hopUpMs: 2,
    hopDownMs: 2,
    generatedMs: 2_000,
    heardMs: 2_000,
    interrupted: false,
    responseStatus: 'completed',
    model: 'none',
    worker,
  };
}
