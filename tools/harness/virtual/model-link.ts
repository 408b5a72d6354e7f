import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {ModelEvent, SessionSettings} from '../../../services/realtime-worker/src/model/model-adapter.ts';
import {sessionUpdate} from '../../../services/realtime-worker/src/model/openai/client-events.ts';
import {OpenAIReader} from '../../../services/realtime-worker/src/model/openai/server-events.ts';
import type {ModelScript} from '../../../simulators/openai/src/answering/model-script.ts';
import type {Knobs} from '../../../simulators/openai/src/knobs/knobs.ts';
import {FakeSession} from '../../../simulators/openai/src/session/fake-session.ts';
import type {Transcribe} from '../../../simulators/openai/src/state/caller-words.ts';
import {Line, type Network} from './network.ts';

type LostEvent = Extract<ModelEvent, {type: 'lost'}>;
type Problem = NonNullable<ReturnType<OpenAIReader['read']>['problem']>;

const CLOSED: LostEvent = {type: 'lost', cause: 'closed', detail: 'closed by the model'};

interface ModelLinkOptions {
  readonly clock: Clock;
  /** Between worker and model, each way. */
  readonly network: Network;
  readonly random: () => number;
  readonly seed: number;
  readonly model: string;
  readonly knobs: Knobs;
  readonly script: ModelScript;
  readonly transcribe?: Transcribe | undefined;
  /** The number that the audio of its next item carries. */
  readonly nextTag: () => number;
  /** How the network, or a server that is not strict, changes a message of the model; undefined: it is lost. */
  readonly garble?: ((text: string) => string | undefined) | undefined;
  readonly onEvent: (event: ModelEvent) => void;
  readonly onProblem?: (problem: Problem) => void;
}

/** One session of the simulated model, the network to it, and the real translation of its protocol. */
export class ModelLink {
  readonly session: FakeSession;
  readonly #options: ModelLinkOptions;
  readonly #reader = new OpenAIReader();
  readonly #toModel: Line<string>;
  readonly #fromModel: Line<string | undefined>;
  #isReady = false;
  #isOver = false;

  constructor(options: ModelLinkOptions) {
    this.#options = options;
    const {clock, network, random, seed, model, knobs, script, transcribe, nextTag} = options;
    // What was sent before the close arrives before it.
    this.#fromModel = new Line<string | undefined>(clock, network, random, text =>
      text === undefined ? this.lose() : this.#read(text),
    );
    const hangUp = () => this.#fromModel.send(undefined);
    const send = (text: string) => this.#fromModel.send(text);
    this.session = new FakeSession({
      model,
      headers: {},
      query: {},
      clock,
      seed,
      knobs: () => knobs,
      script: () => script,
      transcribe,
      nextTag,
      wire: {send, close: hangUp, reset: hangUp, freeze: () => {}, thaw: () => {}},
    });
    this.#toModel = new Line<string>(clock, network, random, text => this.session.receive(text));
  }

  /** The session is configured. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** `configuredWithin`: a session that is not ready by then is lost. */
  begin(settings: () => SessionSettings, configuredWithin?: Millis): void {
    this.session.begin();
    this.tell(JSON.stringify(sessionUpdate(settings(), 'gpt-realtime-whisper')));
    if (configuredWithin !== undefined) this.#options.clock.after(configuredWithin, () => this.#isReady || this.lose());
  }

  tell(text: string): void {
    this.#toModel.send(text);
  }

  /** The worker closes it. */
  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#toModel.cut();
    this.#fromModel.cut();
    this.session.ended(1_006);
  }

  /** Its connection breaks. */
  lose(event: LostEvent = CLOSED): void {
    if (this.#isOver) return;
    this.cut();
    this.#options.onEvent(event);
  }

  #read(text: string): void {
    if (this.#isOver) return;
    const {garble, onEvent, onProblem} = this.#options;
    const garbled = garble ? garble(text) : text;
    if (garbled === undefined) return;
    const {events, problem} = this.#reader.read(garbled);
    if (problem) onProblem?.(problem);
    for (const event of events) {
      if (event.type === 'lost') return this.lose(event);
      if (event.type === 'ready' && this.#isReady) continue;
      if (event.type === 'ready') this.#isReady = true;
      onEvent(event);
    }
  }
}
