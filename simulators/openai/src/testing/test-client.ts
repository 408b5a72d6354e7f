import {FakeClock} from '@voicebridge/shared/testing/fake-clock.ts';
import type {RemoteServers} from '../answering/hosted-mcp.ts';
import {protocolSchema} from '../wire/client-events.ts';
import type {Transcribe} from '../state/caller-words.ts';
import {defaultScript} from '../answering/default-script.ts';
import {FakeSession} from '../session/fake-session.ts';
import {SchemaChecker} from '../json/json-schema.ts';
import {defaultKnobs, type Knobs} from '../knobs/knobs.ts';
import type {ModelScript} from '../answering/model-script.ts';

const checker = new SchemaChecker(protocolSchema, {closed: false});

export interface Frame {
  readonly type: string;
  readonly event_id: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- tests look anywhere into what came over the wire
  readonly [field: string]: any;
}

export interface TestClientOptions {
  readonly model?: string;
  readonly seed?: number;
  readonly knobs?: Partial<Knobs>;
  readonly script?: ModelScript;
  readonly transcribe?: Transcribe;
  readonly mcpServers?: RemoteServers;
  /** The knobs spoil what comes: it is not held against the schema. */
  readonly spoilt?: boolean;
}

/** Loud enough for any threshold: a μ-law square wave. */
export const speech = (ms: number) =>
  Buffer.from(Array.from({length: ms * 8}, (_, at) => (Math.floor(at / 8) % 2 ? 0x10 : 0x90)));

export const silence = (ms: number) => Buffer.alloc(ms * 8, 0xff);

/** One session without a network, on a clock that the test moves; every frame it gets is held against the schema. */
export class TestClient {
  readonly clock = new FakeClock();
  readonly knobs: Knobs;
  readonly session: FakeSession;
  readonly frames: Frame[] = [];
  closed: {code: number; reason: string} | undefined;
  wasReset = false;
  readonly #isSpoilt: boolean;
  script: ModelScript;
  #tags = 0;

  constructor({
    model = 'gpt-realtime-2.1',
    seed = 1,
    knobs,
    script = defaultScript,
    transcribe,
    mcpServers,
    spoilt = false,
  }: TestClientOptions = {}) {
    this.knobs = {...defaultKnobs, ...knobs};
    this.script = script;
    this.#isSpoilt = spoilt;
    this.session = new FakeSession({
      model,
      headers: {},
      query: {model},
      clock: this.clock,
      seed,
      knobs: () => this.knobs,
      script: () => this.script,
      transcribe,
      mcpServers,
      nextTag: () => (this.#tags += 1),
      wire: {
        send: text => this.#receive(text),
        close: (code, reason) => (this.closed = {code, reason}),
        reset: () => (this.wasReset = true),
        freeze: () => {},
        thaw: () => {},
      },
    });
    this.session.begin();
  }

  /** A session that speaks μ-law in both directions, as a phone bridge configures it. */
  static onThePhone(options: TestClientOptions = {}, turnDetection: object | null = {type: 'server_vad'}): TestClient {
    const client = new TestClient(options);
    const format = {type: 'audio/pcmu'};
    client.say('session.update', {
      session: {type: 'realtime', audio: {input: {format, turn_detection: turnDetection}, output: {format}}},
    });
    client.frames.length = 0;
    return client;
  }

  say(type: string, fields: object = {}): Frame[] {
    const before = this.frames.length;
    this.session.receive(JSON.stringify({type, ...fields}));
    return this.frames.slice(before);
  }

  /** Appends caller audio in frames of 20 ms, and lets as much time pass. */
  hear(audio: Buffer): Frame[] {
    const before = this.frames.length;
    for (let from = 0; from < audio.length; from += 160) {
      this.clock.advance(20);
      this.say('input_audio_buffer.append', {audio: audio.subarray(from, from + 160).toString('base64')});
    }
    return this.frames.slice(before);
  }

  wait(ms: number): Frame[] {
    const before = this.frames.length;
    this.clock.advance(ms);
    return this.frames.slice(before);
  }

  /** Lets time pass until an event comes; fails after a minute of it. */
  until(type: string): Frame {
    const before = this.frames.length;
    for (let waited = 0; waited < 60_000; waited += 1) {
      const found = this.frames.slice(before).find(frame => frame.type === type);
      if (found) return found;
      this.clock.advance(1);
    }
    throw new Error(`no ${type} within a minute`);
  }

  all(type: string): Frame[] {
    return this.frames.filter(frame => frame.type === type);
  }

  one(type: string): Frame {
    const [frame, ...more] = this.all(type);
    if (!frame || more.length > 0) throw new Error(`${this.all(type).length} frames of ${type}`);
    return frame;
  }

  /** The names of events in the order they came; a run of the same name counts once. */
  static types(frames: readonly Frame[]): string[] {
    return frames.map(({type}) => type).filter((type, at, types) => type !== types[at - 1]);
  }

  #receive(text: string): void {
    const frame = JSON.parse(text);
    const problem = this.#isSpoilt ? undefined : checker.problem(checker.definition('RealtimeServerEvent'), frame);
    if (problem && !frame.type.includes('next_year')) throw new Error(`${frame.type}: ${problem.message}`);
    this.frames.push(frame);
  }
}
