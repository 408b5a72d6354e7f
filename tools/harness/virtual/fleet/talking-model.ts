import {every} from '@voicebridge/shared/ticker.ts';
import type {Clock} from '@voicebridge/shared/time.ts';
import type {
  ModelAdapter,
  ModelEvent,
  ModelSession,
} from '../../../../services/realtime-worker/src/model/model-adapter.ts';
import {taggedAudio} from '../../../../simulators/openai/src/audio/tagged-audio.ts';

const READY_AFTER_MS = 40;
const DELTA_MS = 100;
const LONGEST_MS = 120_000;

/** What one session got and sent. Sessions are numbered from 1 in the order of opening. */
export interface TalkingSession {
  readonly number: number;
  readonly owner: object;
  readonly heard: Buffer[];
  closed: boolean;
}

/** A model that talks all the time; its audio carries the number of its session. It records everything that it gets. */
export class TalkingModel {
  readonly sessions: TalkingSession[] = [];

  /** The sessions of one process: they end with it. */
  adapter(clock: Clock, owner: object): ModelAdapter {
    const audio = {encoding: 'mulaw', rateHz: 8_000} as const;
    return {
      traits: {interruption: 'ours', answersTurns: true, hostsMcp: false, audio},
      open: () => this.#open(clock, owner),
    };
  }

  /** A process has died, and its sockets with it. */
  end(owner: object): void {
    for (const session of this.sessions) if (session.owner === owner) session.closed = true;
  }

  #open(clock: Clock, owner: object): ModelSession {
    const session: TalkingSession = {number: this.sessions.length + 1, owner, heard: [], closed: false};
    this.sessions.push(session);
    const voice = taggedAudio(session.number, LONGEST_MS);
    const waiting: ModelEvent[] = [];
    let listener: ((event: ModelEvent) => void) | undefined;
    const say = (event: ModelEvent) => (listener ? listener(event) : waiting.push(event));
    const [responseId, itemId] = [`response-${session.number}`, `item-${session.number}`];
    let said = 0;
    const begin = () => {
      if (session.closed) return;
      say({type: 'ready'});
      say({type: 'responseStarted', responseId, tag: undefined});
      stop = every(clock, DELTA_MS, () => {
        const payload = voice.subarray(said * 8, (said + DELTA_MS) * 8).toString('base64');
        said += DELTA_MS;
        say({type: 'audio', responseId, itemId, payload});
      });
    };
    let stop = clock.after(READY_AFTER_MS, begin);
    return {
      send() {},
      hear(bytes: Buffer, from: number, to: number) {
        session.heard.push(Buffer.from(bytes.toString('latin1', from, to), 'base64'));
      },
      setPaused() {},
      onEvent(next) {
        listener = next;
        for (const event of waiting.splice(0)) next(event);
      },
      async [Symbol.asyncDispose]() {
        session.closed = true;
        stop();
      },
    };
  }
}
