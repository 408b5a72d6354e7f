import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {ToolCallRecord, type TurnRecord} from '@voicebridge/shared/cdr/call-record.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Fact} from '../events/call-effect.ts';
import type {JournalEntry} from '../events/journal-entry.ts';

const WORDS = 'We are open from nine to five on all days but Sunday, and until eight on Thursdays, as you may know.';
/** A turn of which nothing was measured. */
export const NO_TURN: Omit<TurnRecord, 'turn' | 'cause'> = {
  callerStartedAt: null,
  callerEndedAt: null,
  decidedAt: null,
  firstDeltaAt: null,
  audioStartedAt: null,
  audioEndedAt: null,
  platformTurnGapMs: null,
  toolMs: null,
  endOfTurnDelayMs: null,
  modelTtfbMs: null,
  hopUpMs: null,
  hopDownMs: null,
  generatedMs: null,
  heardMs: null,
  interrupted: false,
  responseStatus: null,
  model: 'm',
  worker: 'worker-0001',
};
const TOKENS = {inputText: 90, inputAudio: 10, inputCached: 0, inputCachedText: 0, inputCachedAudio: 0};

/**
 * The journal of an invented call, with about one entry for each second of a real one: replies that come in pieces and
 * faster than they play, some of them interrupted, tools, other streams, workers and model sessions. It may end in
 * the middle of anything. The same random numbers make the same journal.
 */
export function randomJournal(random: Random, turns: number): JournalEntry[] {
  const writer = new Writer(random);
  for (let turn = 0; turn < turns; turn += 1) writer.turn(turn);
  return writer.entries;
}

class Writer {
  readonly entries: JournalEntry[] = [];
  readonly #random: Random;
  #wall = 1_764_338_400_000;
  #timestamp = 0;
  #streams = 0;
  #interruptions = 0;
  #tools = 0;
  #failovers = 0;
  #epoch = 1;

  constructor(random: Random) {
    this.#random = random;
    const party = {hash: 'a1b2', lastTwo: '17', number: null};
    this.#write({
      is: 'opened',
      callSid: CallSid.parse(`CA${'1'.repeat(32)}`),
      direction: 'inbound',
      caller: party,
      callee: party,
      assistant: 'default',
      model: 'gpt-realtime-2.1',
      voice: 'alloy',
      admissionMs: 120,
      traceparent: null,
    });
    this.#write({is: 'owner', worker: 'worker-0001', epoch: 1, cause: 'new'});
    this.#write({is: 'modelReady', ms: 300});
    this.#stream();
    this.#write({is: 'greeted'});
  }

  turn(turn: number): void {
    const random = this.#random;
    this.#pass(random.between(300, 2_500));
    if (turn > 0) this.#callerSpoke(turn);
    const record: TurnRecord = {...NO_TURN, turn, cause: turn === 0 ? 'greeting' : 'caller'};
    this.#write({is: 'turn', open: true, turn: record});
    const id = `item-${turn}`;
    this.#write({is: 'item', item: {kind: 'assistant', id, text: ''}});
    const saidMs = this.#reply(id, turn, record);
    if (random.chance(0.2)) this.#tool(turn);
    if (random.chance(0.9)) this.#pass(random.between(0, saidMs + 500)); // otherwise the next reply comes before the end
    this.#write({is: 'tokens', tokens: {...TOKENS, outputText: turn, outputAudio: 7}});
    if (random.chance(0.95)) this.#write({is: 'turn', turn: {...record, heardMs: saidMs, responseStatus: 'completed'}});
    if (random.chance(0.05)) this.#moved();
    if (random.chance(0.03)) this.#write({is: 'held', ms: 5_000});
  }

  /** Returns how much of it was said, in milliseconds. */
  #reply(id: string, turn: number, record: TurnRecord): Millis {
    const random = this.#random;
    const total = random.between(500, 12_000);
    let said = 0;
    while (said < total) {
      const ms = Math.round(random.between(60, 400));
      this.#write({is: 'said', id, from: said, ms: said + ms});
      if (said === 0) this.#write({is: 'turn', open: true, turn: {...record, audioStartedAt: 1}});
      if (said === 0 && turn === 0) this.#write({is: 'firstAudio', ms: 700});
      said += ms;
      this.#pass(random.chance(0.02) ? random.between(500, 2_000) : random.between(5, 60));
      if (random.chance(0.01)) return this.#interrupted(id, said, turn);
      if (random.chance(0.01)) return said; // the model was lost
    }
    if (random.chance(0.95)) this.#write({is: 'words', id, text: WORDS.slice(0, random.whole(10, WORDS.length))});
    this.#write({is: 'complete', id});
    if (turn % 9 === 4) this.#write({is: 'brokenOff', id});
    return random.chance(0.2) ? this.#interrupted(id, said, turn) : said;
  }

  #interrupted(id: string, said: Millis, turn: number): Millis {
    const random = this.#random;
    this.#write({is: 'hushed'});
    this.#pass(random.between(20, 400));
    const heardMs = Math.round(random.between(0, said));
    if (random.chance(0.2)) {
      this.#write({is: 'said', id, from: heardMs, ms: said}); // it was a noise
      return said;
    }
    if (random.chance(0.9)) this.#write({is: 'cut', id, heardMs, totalMs: said});
    if (random.chance(0.1)) this.#write({is: 'cutRefused', id});
    this.#interruptions += 1;
    const none = {reactionMs: 3, tStopMs: 200, talkOverMs: 100, unheardMs: said - heardMs, truncatedAtMs: heardMs};
    const numbers = {interruption: this.#interruptions - 1, turn, at: 0, uncertaintyMs: 5};
    this.#write({is: 'interruption', interruption: {...none, ...numbers, refused: false, false: random.chance(0.1)}});
    return heardMs;
  }

  #callerSpoke(turn: number): void {
    const id = `caller-${turn}`;
    this.#timestamp += 3_000;
    this.#write({is: 'item', item: {kind: 'caller', id, text: ''}});
    this.#write({is: 'settled', streamSid: `MZ${this.#streams}`, timestamp: this.#timestamp});
    if (this.#random.chance(0.9)) this.#write({is: 'words', id, text: `question ${turn}?`});
  }

  #tool(turn: number): void {
    const call = this.#tools;
    this.#tools += 1;
    const callId = `call-${call}`;
    this.#write({is: 'item', item: {kind: 'toolCall', id: `tool-${call}`, callId, name: 'look_up', arguments: '{}'}});
    const tool = ToolCallRecord.parse({call, turn, name: 'look_up', at: 0, durationMs: null, ok: false});
    this.#write({is: 'tool', tool});
    if (this.#random.chance(0.1)) return; // the worker died
    this.#pass(this.#random.between(10, 900));
    this.#write({is: 'item', item: {kind: 'toolResult', id: `result-${call}`, callId, output: '{"open":true}'}});
    this.#write({is: 'tool', tool: {...tool, durationMs: 400, ok: true}});
  }

  /** Another stream, or another worker. */
  #moved(): void {
    this.#epoch += 1;
    if (this.#random.chance(0.5)) return this.#stream();
    const [from, to] = [`worker-000${this.#epoch - 1}`, `worker-000${this.#epoch}`];
    this.#write({is: 'owner', worker: to, epoch: this.#epoch, cause: 'worker-lost'});
    const failover = {failover: this.#failovers, kind: 'worker-lost', at: 5, gapMs: 100, from, to} as const;
    if (this.#random.chance(0.8)) this.#write({is: 'failover', failover});
    this.#failovers += 1;
  }

  #stream(): void {
    this.#streams += 1;
    this.#timestamp = 0;
    this.#write({is: 'stream', streamSid: `MZ${this.#streams}`, edge: 'edge-0001', epoch: this.#epoch});
  }

  #pass(ms: Millis): void {
    this.#wall += Math.round(ms);
  }

  #write(fact: Fact): void {
    this.entries.push({...fact, wall: this.#wall});
  }
}
