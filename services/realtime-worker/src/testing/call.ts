import type {AwayOrder, AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import {msOfBase64, silence} from '@voicebridge/shared/protocol/audio.ts';
import type {EdgeToWorker} from '@voicebridge/shared/protocol/edge-to-worker.ts';
import {CallSid, ProcessId, StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {CallCore} from '../call/call-core.ts';
import {restoreCall} from '../journal/restore-call.ts';
import type {CallEffect, Fact} from '../events/call-effect.ts';
import type {CallEvent} from '../events/call-event.ts';
import type {Assistant} from '../assistant.ts';
import {assistantTools} from '../tools/assistant-tools.ts';
import type {FloorPolicy} from '../assistant.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';
import type {ModelCommand, ModelEvent} from '../model/model-adapter.ts';

export const began = {
  kind: 'began',
  callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
  streamSid: StreamSid.parse(`MZ${'1'.repeat(32)}`),
  edge: ProcessId.parse('edge-0001'),
} as const;

/** The first entry of its journal. */
export const opened: JournalEntry = {
  is: 'opened',
  callSid: began.callSid,
  direction: 'inbound',
  caller: {hash: null, lastTwo: null, number: null},
  callee: {hash: null, lastTwo: null, number: null},
  assistant: 'd',
  model: 'm',
  voice: 'v',
  admissionMs: 1,
  traceparent: null,
  wall: 0,
};

type CallOptions = Partial<Assistant> & {
  readonly interruption?: 'ours' | 'model';
  readonly answersTurns?: boolean;
  readonly epoch?: number;
};

/** Base64 μ-law that is audible, of whole milliseconds. */
export const sound = (ms: number): string => Buffer.alloc(Math.round(ms) * 8, 0x10).toString('base64');

/** An assistant that never ends a call and never prompts a silent caller. */
export const usualAssistant: Omit<Assistant, 'greeting' | 'floor'> = {
  name: 'd',
  model: 'm',
  instructions: 'Be brief.',
  voice: 'v',
  language: null,
  temperature: null,
  reasoningEffort: null,
  noiseReduction: null,
  turnDetection: {kind: 'server', threshold: 0.5, prefixPaddingMs: 300, silenceMs: 500},
  tools: assistantTools,
  idlePromptMs: 0,
  idleHangUp: false,
  answerWithinMs: 6_000,
  maxCallMs: 0,
  noSpeechMs: 0,
  toolRounds: 8,
  maxOutputTokens: 4_096,
  digitsInterrupt: true,
  recording: true,
  transcripts: 'off',
  voicemail: 'hang-up',
  failureSay: null,
  timeZone: 'UTC',
  after: null,
  outcome: {},
  variables: {},
  version: 'v1',
  given: {},
};

/** A call at the worker's core: the test sends the events, and all effects are kept. */
export class Call {
  readonly core: CallCore;
  readonly effects: CallEffect[] = [];
  readonly #epoch: number;
  #at = 0;
  #timestamp = 0;
  /** When Twilio will have played everything in its buffer. */
  #playsUntil = 0;

  constructor(
    floor: Partial<FloorPolicy> = {},
    greeting = 'Say hello.',
    {interruption = 'ours', answersTurns = true, epoch = 1, ...special}: CallOptions = {},
    before?: readonly JournalEntry[],
  ) {
    const usual: FloorPolicy = {
      mode: 'immediate',
      minSpeechMs: 0,
      greetingProtectedMs: 0,
      noiseMs: 350,
      uninterruptible: false,
    };
    const assistant = {...usualAssistant, greeting, floor: {...usual, ...floor}, ...special};
    const settings = {
      assistant,
      interruption,
      answersTurns,
      epoch,
      worker: 'w',
      callTime: (at: number) => at,
      streamGraceMs: 15_000,
      rotateAfterMs: 3e6,
    };
    this.#epoch = epoch;
    this.core = new CallCore(settings, 0, before && restoreCall(before, 0));
  }

  /** A call with a stream and a model session that is ready. Marks come back when the test calls `returnMarks`. */
  static connected(floor: Partial<FloorPolicy> = {}, greeting = '', special: CallOptions = {}): Call {
    const call = new Call(floor, greeting, special);
    call.model({type: 'ready'});
    call.edge(began);
    return call;
  }

  /** The same, and the caller has said something and was answered. */
  static inConversation(floor: Partial<FloorPolicy> = {}, special: CallOptions = {}): Call {
    const items = [
      {kind: 'caller', id: 'u0', text: 'I must go.'},
      {kind: 'assistant', id: 'i0', text: 'All right.'},
    ] as const;
    const call = new Call(
      floor,
      '',
      special,
      items.map(item => ({is: 'item', item, wall: 0})),
    );
    call.model({type: 'ready'});
    call.edge(began);
    return call;
  }

  at(at: number): this {
    this.#at = at;
    return this;
  }

  model(...events: ModelEvent[]): CallEffect[] {
    return events.flatMap(event => this.#keep(this.core.on({type: 'model', event}, this.#at)));
  }

  /** An operator sends the caller to a person. */
  transfer(order: AwayOrder): CallEffect[] {
    return this.#keep(this.core.on({type: 'transfer', order}, this.#at));
  }

  edge(frame: EdgeToWorker): CallEffect[] {
    if (frame.kind !== 'audio') return this.#keep(this.core.on({type: 'edge', frame, epoch: this.#epoch}, this.#at));
    return this.#keep(frameEffects(this.core, frame.timestamp, frame.payload, this.#at));
  }

  endedElsewhere(reason: 'caller.hung-up'): CallEffect[] {
    return this.#keep(this.core.on({type: 'over', reason}, this.#at));
  }

  /** A tool that the call runs in the background has a result. */
  toolFinished(callId: string, outcome: ToolOutcome, ran: {ranMs?: number} = {}): CallEffect[] {
    return this.#keep(this.core.on({type: 'toolFinished', callId, outcome, ...ran}, this.#at));
  }

  event(event: CallEvent): CallEffect[] {
    return this.#keep(this.core.on(event, this.#at));
  }

  /** The outcome of the caller's first absence is known. */
  returned(outcome: AwayOutcome): CallEffect[] {
    return this.#keep(this.core.on({type: 'returned', away: 0, outcome}, this.#at));
  }

  drain(): CallEffect[] {
    return this.#keep(this.core.on({type: 'drain'}, this.#at));
  }

  /** A caller frame of 20 ms comes, and Twilio's clock moves on. */
  callerFrame(payload = silence(20)): CallEffect[] {
    const effects = this.edge({kind: 'audio', timestamp: this.#timestamp, payload});
    this.#timestamp += 20;
    return effects;
  }

  timePasses(at: number): CallEffect[] {
    this.#at = at;
    return this.#keep(this.core.on({type: 'time'}, at));
  }

  /** Returns every mark that Twilio holds. If audio is still playing, time passes to its end. */
  returnMarks(): CallEffect[] {
    this.#at = Math.max(this.#at, this.#playsUntil);
    const names = this.effects.flatMap(effect => {
      if (effect.do !== 'edge') return [];
      if (effect.frame.kind === 'audio') return [effect.frame.mark];
      return effect.frame.kind === 'mark' ? [effect.frame.name] : [];
    });
    const back = names.filter(name => !this.#returned.has(name));
    for (const name of back) this.#returned.add(name);
    return back.flatMap(name => this.edge({kind: 'mark', name}));
  }

  reply(responseId: string, itemId: string, ms: number, tag?: string, whole = true): CallEffect[] {
    const effects = this.model(
      {type: 'responseStarted', responseId, tag},
      {type: 'audio', responseId, itemId, payload: sound(ms)},
    );
    if (!whole) return effects;
    return [...effects, ...this.model({type: 'audioEnded', itemId}, ended(responseId))];
  }

  readonly #returned = new Set<string>();

  #keep(effects: CallEffect[]): CallEffect[] {
    this.effects.push(...effects);
    for (const effect of effects) {
      if (effect.do !== 'edge') continue;
      if (effect.frame.kind === 'clear') this.#playsUntil = this.#at;
      if (effect.frame.kind === 'audio')
        this.#playsUntil = Math.max(this.#playsUntil, this.#at) + msOfBase64(effect.frame.payload);
    }
    return effects;
  }
}

/** A frame of the caller at a core; passing it on is the effect `hear`, like all other audio for the model. */
export function frameEffects(core: CallCore, timestamp: number, payload: string, at: number): CallEffect[] {
  const outcome = core.callerFrame(timestamp, Buffer.from(payload, 'latin1'), 0, payload.length, at);
  const passedOn: CallEffect = {do: 'hear', payload};
  if (outcome === 'kept') return [];
  if (outcome === 'passOn') return [passedOn];
  return outcome.map(effect => (effect.do === 'passOn' ? passedOn : effect));
}

/** 20 ms of a voice at a usual telephone level, base64 μ-law. */
export const VOICE = Buffer.from(Array.from({length: 160}, (_, at) => (at % 16 < 8 ? 0x30 : 0xb0))).toString('base64');

/** Audio like speech: μ-law syllables of random length and loudness, the same for the same seed. */
export function babble(seed: number, ms: number): Buffer {
  let state = seed;
  const next = () => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
  const bytes = Buffer.alloc(ms * 8, 0xff);
  for (let from = 0; from < bytes.length; from += 800 + Math.floor(next() * 1_600)) {
    const [loudness, length] = [0x20 + Math.floor(next() * 0x40), 400 + Math.floor(next() * 1_200)];
    for (let at = from; at < Math.min(bytes.length, from + length); at += 1)
      bytes[at] = at % 16 < 8 ? loudness : loudness | 0x80;
  }
  return bytes;
}

export const ended = (
  responseId: string,
  status: 'completed' | 'cancelled' | 'failed' | 'incomplete' = 'completed',
  reason?: string,
): Extract<ModelEvent, {type: 'responseEnded'}> => ({
  type: 'responseEnded',
  responseId,
  status,
  reason,
  tokens: {
    inputText: 1,
    inputAudio: 2,
    inputCached: 0,
    inputCachedText: 0,
    inputCachedAudio: 0,
    outputText: 3,
    outputAudio: 4,
  },
});
export const speechEvent = (itemId: string, type: 'callerSpoke' | 'callerStopped', ms = 0): ModelEvent =>
  type === 'callerSpoke' ? {type, itemId, fromMs: ms} : {type, itemId, untilMs: ms};
export const hangUp = (responseId: string): ModelEvent => ({
  type: 'toolCalled',
  responseId,
  itemId: 'tool-1',
  callId: 'call-1',
  name: 'hang_up',
  arguments: '{}',
});

export const commandsToModel = (effects: readonly CallEffect[]): ModelCommand[] =>
  effects.flatMap(effect => (effect.do === 'model' ? [effect.command] : []));
export const responseTags = (effects: readonly CallEffect[]) =>
  commandsToModel(effects).flatMap(command => (command.do === 'respond' ? [command.tag] : []));
/** The kinds of frames sent to the edge; consecutive audio frames count as one. */
export const framesToEdge = (effects: readonly CallEffect[]) =>
  effects
    .flatMap(effect => (effect.do === 'edge' ? [effect.frame.kind] : []))
    .filter((kind, at, kinds) => kind !== 'audio' || kinds[at - 1] !== 'audio');
export const journalled = <Is extends Fact['is']>(effects: readonly CallEffect[], is: Is) =>
  effects.flatMap(effect =>
    // The comparison says which it is, but TypeScript cannot follow a name to its member of a union.
    // oxlint-disable-next-line no-unsafe-type-assertion
    effect.do === 'journal' && effect.fact.is === is ? [effect.fact as Extract<Fact, {is: Is}>] : [],
  );
export const callEnding = (effects: readonly CallEffect[]) =>
  effects.find(effect => effect.do === 'leave' || effect.do === 'end');
