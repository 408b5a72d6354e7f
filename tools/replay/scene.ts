import type {Catalogue} from '@voicebridge/assistant/catalogue.ts';
import type {AssistantInput} from '@voicebridge/assistant/definition.ts';
import {type AwayOutcome, outcomeFact, planOf} from '@voicebridge/shared/protocol/away.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {ProcessId} from '@voicebridge/shared/protocol/ids.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {ModelAdapter, ModelSession} from '../../services/realtime-worker/src/model/model-adapter.ts';
import {filesOf} from '../../services/realtime-worker/src/testing/standard.ts';
import type {ModelScript} from '../../simulators/openai/src/answering/model-script.ts';
import type {Knobs} from '../../simulators/openai/src/knobs/knobs.ts';
import type {Transcribe} from '../../simulators/openai/src/state/caller-words.ts';
import type {MarkKnobs} from '../../simulators/twilio/src/media/mark-returns.ts';
import {VirtualBridge, type VirtualWorkerOptions} from '../harness/virtual/virtual-bridge.ts';
import {VirtualModel} from '../harness/virtual/virtual-model.ts';
import {VIRTUAL_CALL, VirtualPhone} from '../harness/virtual/virtual-phone.ts';

/** A simulated call that is captured. */
export interface SceneOptions {
  readonly name: string;
  readonly assistant?: AssistantInput;
  /** Others, to which a call can be given. */
  readonly others?: Readonly<Record<string, AssistantInput>>;
  readonly script: ModelScript;
  readonly knobs?: Partial<Knobs>;
  /** How the carrier returns marks; as documented, if not given. */
  readonly marks?: MarkKnobs;
  /** A session of the model is replaced after so long. */
  readonly rotateAfterMs?: Millis;
  /** Only calls of assistants with `capture: true` are captured. */
  readonly assistantsDecide?: boolean;
  /** What the caller said last, as the model understands it. */
  readonly transcribe?: Transcribe;
  /** Assistants from files, and which of them answers; without them `assistant` does. */
  readonly from?: {readonly catalogue: Catalogue; readonly name: string};
  /** What the webhook knows of the call. */
  readonly facts?: Readonly<Record<string, string>>;
  /** When it begins, in Unix milliseconds. */
  readonly wall?: number;
  /** How long a message takes between two processes; by default no time. */
  readonly hop?: () => Millis;
  /** The processes that have it, in turn. */
  readonly workers?: readonly ProcessId[];
  readonly edges?: readonly ProcessId[];
  readonly runTool?: VirtualWorkerOptions['runTool'];
  readonly openRecording?: VirtualWorkerOptions['openRecording'];
  /** What comes of a transfer. */
  readonly away?: AwayOutcome;
  readonly caller: (scene: Scene) => Promise<void>;
}

/** Twilio asks for the next TwiML and opens a stream; a person is rung. */
const ASKS_MS: Millis = 300;
const RINGS_MS: Millis = 4_000;
const STEP_MS: Millis = 20;
/** An assistant that was silent for so long has finished. */
const PAUSE_MS: Millis = 900;
const PATIENCE_MS: Millis = 40_000;

/** What a caller can do, and what can happen to their call. */
export class Scene {
  readonly bridge: VirtualBridge;
  readonly model: VirtualModel;
  readonly #phone: VirtualPhone;
  readonly #options: SceneOptions;
  /** No session can be opened from the worker that had the call first. */
  refusesFirstWorker = false;
  #isOver = false;
  #streams = 0;

  constructor(options: SceneOptions, seed: number) {
    this.#options = options;
    const {
      script,
      knobs = {},
      assistant = {},
      others,
      rotateAfterMs,
      transcribe,
      from,
      runTool,
      openRecording,
      workers = [],
    } = options;
    this.bridge = new VirtualBridge(options.wall, options);
    const {clock} = this.bridge;
    this.#phone = new VirtualPhone(clock, seededRandom(seed), options.marks);
    this.#phone.onClosed = code => void this.#closed(code);
    this.model = new VirtualModel({clock, seed, script, knobs, transcribe});
    const catalogue =
      from?.catalogue ?? filesOf({reception: {prompt: 'Be brief.', answers: '*', ...assistant}, ...others});
    const assistants = this.bridge.assistantsOf(catalogue);
    const settings = rotateAfterMs === undefined ? {} : {rotateAfterMs};
    for (let index = 0; index < 3; index += 1) {
      const id = workers[index % workers.length];
      const adapter = index === 0 ? this.#refusable(this.model) : this.model;
      this.bridge.addWorker({adapter, assistants, settings, runTool, openRecording, ...(id ? {id} : {})});
    }
  }

  /** Plays the call, and returns its capture. */
  async play(): Promise<string> {
    const {from, facts} = this.#options;
    await this.bridge.begin(VIRTUAL_CALL, from?.name ?? 'reception', {direction: 'inbound', ...facts});
    await this.waits(400);
    this.bridge.openStream(this.#phone.open(), this.#edge);
    await this.#options.caller(this);
    await this.waits(3_000);
    return this.bridge.captures.text;
  }

  /** The edge of the next stream. */
  get #edge(): ProcessId | undefined {
    const {edges = []} = this.#options;
    return edges[this.#streams++ % edges.length];
  }

  /** Whether the call is over, by whom ever. */
  get isOver(): boolean {
    return this.#isOver || this.bridge.records.length > 0;
  }

  async waits(ms: Millis): Promise<void> {
    await this.bridge.clock.leap(ms);
  }

  /** Until the assistant speaks. */
  async hears(): Promise<void> {
    await this.#until(() => this.#phone.isSpokenTo);
  }

  /** Until the assistant has said what it wanted to say. */
  async isTold(): Promise<void> {
    await this.hears();
    let quiet = 0;
    await this.#until(() => {
      quiet = this.#phone.isSpokenTo ? 0 : quiet + STEP_MS;
      return quiet > PAUSE_MS;
    });
  }

  async says(ms: Millis): Promise<void> {
    this.#phone.talk(ms);
    await this.waits(ms);
  }

  async presses(keys: string): Promise<void> {
    for (const key of keys) {
      this.#phone.press(key);
      await this.waits(350);
    }
  }

  hangsUp(): void {
    this.#isOver = true;
    this.#phone.hangUp();
  }

  /** The stream breaks, and no other one follows. */
  losesStreamForGood(): void {
    this.#isOver = true;
    this.#phone.lose();
  }

  losesStream(): void {
    this.#phone.lose();
  }

  /** A model that cannot be reached while `refusesFirstWorker` is set. */
  #refusable(model: ModelAdapter): ModelAdapter {
    const {clock} = this.bridge;
    const lost = {type: 'lost', cause: 'unreachable', detail: 'it does not answer'} as const;
    const refused: ModelSession = {
      send() {},
      hear() {},
      setPaused() {},
      onEvent: listener => void clock.after(10, () => listener(lost)),
      async [Symbol.asyncDispose]() {},
    };
    return {
      traits: model.traits,
      open: settings => (this.refusesFirstWorker ? refused : model.open(settings)),
    };
  }

  async #until(isSo: () => boolean): Promise<void> {
    for (let waited = 0; waited < PATIENCE_MS && !isSo(); waited += STEP_MS) await this.waits(STEP_MS);
  }

  /** The stream was closed: the carrier asks the webhook. */
  async #closed(code: number): Promise<void> {
    const {clock, directory, session} = this.bridge;
    const call = await directory.read(VIRTUAL_CALL);
    if (this.#isOver || !call || call.state === 'ended') return;
    const plan = planOf(call);
    const {away = 'no-answer'} = this.#options;
    const open = (facts = {}) =>
      void this.bridge.openNextStream(VIRTUAL_CALL, () => this.#phone.open(), facts, this.#edge);
    if (plan && away === 'accepted') {
      this.#isOver = true;
      clock.after(RINGS_MS, () => session?.end('assistant.transferred', 'accepted'));
    } else if (plan) clock.after(RINGS_MS, () => open(outcomeFact({away: plan.away, outcome: away})));
    else if (call.intent === 'migrate' || code === 1_006) clock.after(ASKS_MS, open);
  }
}
