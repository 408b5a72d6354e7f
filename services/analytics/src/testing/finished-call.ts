import {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';

type Input = Parameters<typeof CallFinished.parse>[0];

/** The CallSid of the call with this number in a test. */
export const sidOf = (number: number) => `CA${number.toString(16).padStart(32, '0')}`;

/** When the first call of a test starts. */
export const FIRST = Date.UTC(2026, 10, 2, 9);

export interface CallOfTest {
  readonly number?: number;
  readonly startedAt?: number;
  readonly summary?: object;
  readonly turns?: readonly object[];
  readonly part?: number;
  readonly parts?: number;
  readonly rest?: object;
}

/** An ordinary turn. */
export function turnOfTest(turn: number, changes: object = {}) {
  return {
    turn,
    cause: turn === 0 ? 'greeting' : 'caller',
    callerStartedAt: turn === 0 ? null : turn * 5_000,
    callerEndedAt: turn === 0 ? null : turn * 5_000 + 1_000,
    decidedAt: turn === 0 ? null : turn * 5_000 + 1_500,
    firstDeltaAt: turn * 5_000 + 1_800,
    audioStartedAt: turn * 5_000 + 1_810,
    audioEndedAt: turn * 5_000 + 3_810,
    platformTurnGapMs: turn === 0 ? null : 800 + turn,
    endOfTurnDelayMs: turn === 0 ? null : 500,
    modelTtfbMs: turn === 0 ? null : 300,
    hopUpMs: 0.4,
    hopDownMs: 0.5,
    generatedMs: 2_000,
    heardMs: 2_000,
    interrupted: false,
    responseStatus: 'completed',
    model: 'gpt-realtime-2.1',
    worker: 'worker-0001',
    ...changes,
  };
}

/** A finished call that is valid in every field; a test gives only the fields that matter to it. */
export function finishedCall(call: CallOfTest = {}): CallFinished {
  const {number = 1, startedAt = FIRST + number * 60_000, part = 0, parts = 1} = call;
  const turns = call.turns ?? [turnOfTest(0), turnOfTest(1)];
  const input: Input = {
    version: 1,
    part,
    parts,
    summary: {
      callSid: sidOf(number),
      startedAt,
      endedAt: startedAt + 30_000,
      direction: 'inbound',
      caller: {hash: 'abc123', lastTwo: '42', number: null},
      callee: {hash: null, lastTwo: null, number: null},
      assistant: 'default',
      model: 'gpt-realtime-2.1',
      voice: 'alloy',
      worker: 'worker-0001',
      edge: 'edge-0001',
      epoch: 1,
      endReason: 'caller.hung-up',
      endedBy: 'caller',
      timeToFirstAudioMs: 250,
      admissionMs: 12,
      modelReadyMs: 400,
      turns: turns.length,
      bargeIns: 0,
      falseInterruptions: 0,
      toolCalls: 0,
      talkOverMs: 0,
      unheardMs: 0,
      tokens: {
        inputText: 100,
        inputAudio: 900,
        inputCached: 300,
        inputCachedText: 64,
        inputCachedAudio: 236,
        outputText: 40,
        outputAudio: 400,
      },
      costUsd: 0.05,
      priceTable: '2026-11',
      frames: {up: 1_500, down: 900, lostUp: 0, lostDown: 0, duplicates: 0, paddedMs: 0, malformed: 0},
      traceparent: null,
      ...call.summary,
    },
    turns,
    interruptions: [],
    toolCalls: [],
    failovers: [],
    transcript: [],
    ...call.rest,
  };
  return CallFinished.parse(input);
}
