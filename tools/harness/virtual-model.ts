import type {Clock} from '@voicebridge/shared/time.ts';
import type {
  ModelAdapter,
  ModelEvent,
  ModelListener,
  ModelSession,
} from '../../services/realtime-worker/src/model/model-adapter.ts';
import {
  appendMessage,
  clientEvent,
  sessionUpdate,
} from '../../services/realtime-worker/src/model/openai/client-events.ts';
import {OpenAIReader} from '../../services/realtime-worker/src/model/openai/server-events.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {ModelScript} from '../../simulators/openai/src/answering/model-script.ts';
import {defaultKnobs, type Knobs} from '../../simulators/openai/src/knobs/knobs.ts';
import type {Transcribe} from '../../simulators/openai/src/state/caller-words.ts';
import {FakeSession} from '../../simulators/openai/src/session/fake-session.ts';
import {Line} from '../../tests/heard/lines.ts';

const NETWORK = {delay: 15, jitter: 5};
const [TONE, SILENCE] = [0x10, 0xff];

interface VirtualModelOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly script: ModelScript;
  readonly knobs?: Partial<Knobs>;
  /** The words of a caller who is loud; by default how long that was. */
  readonly transcribe?: Transcribe | undefined;
}

/** The simulated model on a virtual clock, behind the real translation of its protocol. Its voice is one tone, which takes no room in a capture. */
export class VirtualModel implements ModelAdapter {
  readonly traits = {
    interruption: 'ours',
    answersTurns: true,
    hostsMcp: false,
    audio: {encoding: 'mulaw', rateHz: 8_000},
  } as const;
  readonly sessions: FakeSession[] = [];
  readonly #options: VirtualModelOptions;
  readonly #links: (() => void)[] = [];

  constructor(options: VirtualModelOptions) {
    this.#options = options;
  }

  /** The connection of the newest session breaks. */
  breakSession(): void {
    this.#links.at(-1)?.();
  }

  open(settings: Parameters<ModelAdapter['open']>[0]): ModelSession {
    const {clock, seed, script, knobs, transcribe} = this.#options;
    const random = seededRandom(seed + this.sessions.length);
    const reader = new OpenAIReader();
    let [isReady, isOver] = [false, false];
    let listener: ModelListener | undefined;
    const waiting: ModelEvent[] = [];
    const tell = (event: ModelEvent) => void (listener ? listener(event) : waiting.push(event));
    const lost = () => {
      if (isOver) return;
      end();
      tell({type: 'lost', cause: 'closed', detail: 'closed by the model'});
    };
    const heard = (text: string) => {
      if (isOver) return;
      for (const event of reader.read(text).events) {
        if (event.type === 'ready' && isReady) continue;
        if (event.type === 'ready') isReady = true;
        tell(event.type === 'audio' ? {...event, payload: asTone(event.payload)} : event);
      }
    };
    const between = () => random.between(0, 1);
    const fromModel = new Line<string>(clock, NETWORK, between, heard);
    const session = new FakeSession({
      model: settings.model,
      headers: {},
      query: {},
      clock,
      seed: seed + this.sessions.length,
      knobs: () => ({...defaultKnobs, tagged: true, keepHeard: false, ...knobs}),
      script: () => script,
      transcribe,
      nextTag: () => 1,
      wire: {send: text => fromModel.send(text), close: lost, reset: lost, freeze: () => {}, thaw: () => {}},
    });
    const toModel = new Line<string>(clock, NETWORK, between, text => session.receive(text));
    const end = () => {
      isOver = true;
      toModel.cut();
      fromModel.cut();
      session.ended(1_006);
    };
    this.sessions.push(session);
    this.#links.push(lost);
    session.begin();
    toModel.send(JSON.stringify(sessionUpdate(settings, 'gpt-realtime-whisper')));
    return {
      send: command => isReady && toModel.send(JSON.stringify(clientEvent(command))),
      hear: (bytes, from, to) => isReady && toModel.send(appendMessage(bytes, from, to).toString()),
      setPaused() {},
      onEvent(next) {
        listener = next;
        for (const event of waiting.splice(0)) next(event);
      },
      async [Symbol.asyncDispose]() {
        if (!isOver) end();
      },
    };
  }
}

function asTone(payload: string): string {
  const bytes = Buffer.from(payload, 'base64');
  return Buffer.alloc(bytes.length, bytes.every(byte => byte === SILENCE) ? SILENCE : TONE).toString('base64');
}
