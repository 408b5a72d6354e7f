import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {
  ModelAdapter,
  ModelEvent,
  ModelListener,
  ModelSession,
} from '../../../services/realtime-worker/src/model/model-adapter.ts';
import {appendMessage, clientEvent} from '../../../services/realtime-worker/src/model/openai/client-events.ts';
import type {ModelScript} from '../../../simulators/openai/src/answering/model-script.ts';
import {defaultKnobs, type Knobs} from '../../../simulators/openai/src/knobs/knobs.ts';
import type {FakeSession} from '../../../simulators/openai/src/session/fake-session.ts';
import type {Transcribe} from '../../../simulators/openai/src/state/caller-words.ts';
import {ModelLink} from './model-link.ts';

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

/** The simulated model on a virtual clock, as an adapter. Its voice is one tone, which takes no room in a capture. */
export class VirtualModel implements ModelAdapter {
  readonly traits = {
    interruption: 'ours',
    answersTurns: true,
    hostsMcp: false,
    audio: {encoding: 'mulaw', rateHz: 8_000},
  } as const;
  readonly sessions: FakeSession[] = [];
  readonly #options: VirtualModelOptions;
  readonly #links: ModelLink[] = [];

  constructor(options: VirtualModelOptions) {
    this.#options = options;
  }

  /** The connection of the newest session breaks. `why`: what its adapter reports. */
  breakSession(why?: Extract<ModelEvent, {type: 'lost'}>): void {
    this.#links.at(-1)?.lose(why);
  }

  open(settings: Parameters<ModelAdapter['open']>[0]): ModelSession {
    const {clock, script, knobs, transcribe} = this.#options;
    const seed = this.#options.seed + this.#links.length;
    const random = seededRandom(seed);
    let listener: ModelListener | undefined;
    const waiting: ModelEvent[] = [];
    const link = new ModelLink({
      clock,
      network: NETWORK,
      random: () => random.between(0, 1),
      seed,
      model: settings.model,
      knobs: {...defaultKnobs, tagged: true, keepHeard: false, ...knobs},
      script,
      transcribe,
      nextTag: () => 1,
      onEvent(event) {
        const heard = event.type === 'audio' ? {...event, payload: asTone(event.payload)} : event;
        if (listener) listener(heard);
        else waiting.push(heard);
      },
    });
    this.#links.push(link);
    this.sessions.push(link.session);
    link.begin(() => settings);
    return {
      send: command => link.isReady && link.tell(JSON.stringify(clientEvent(command))),
      hear: (bytes, from, to) => link.isReady && link.tell(appendMessage(bytes, from, to).toString()),
      setPaused() {},
      onEvent(next) {
        listener = next;
        for (const event of waiting.splice(0)) next(event);
      },
      async [Symbol.asyncDispose]() {
        link.cut();
      },
    };
  }
}

function asTone(payload: string): string {
  const bytes = Buffer.from(payload, 'base64');
  return Buffer.alloc(bytes.length, bytes.every(byte => byte === SILENCE) ? SILENCE : TONE).toString('base64');
}
