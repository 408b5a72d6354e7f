import {MulawToPcm, type PcmRate, PcmToMulaw} from './audio-conversion.ts';
import type {ModelAdapter, ModelCommand, ModelEvent, ModelListener, ModelSession} from './model-adapter.ts';

/**
 * Any model as the rest of the worker sees it: base64 μ-law at 8 kHz in both directions, which is what phones speak. An
 * adapter whose model speaks μ-law is returned as it is: nothing is decoded or copied.
 */
export function telephoneAudio(adapter: ModelAdapter): ModelAdapter {
  const {audio} = adapter.traits;
  if (audio.encoding === 'mulaw') return adapter;
  return {
    traits: {...adapter.traits, audio: {encoding: 'mulaw', rateHz: 8_000}},
    open: settings => new ConvertedSession(adapter.open(settings), audio.rateHz),
  };
}

/** Converts the audio of one session of a PCM model. All positions in milliseconds are the same on both sides. */
class ConvertedSession implements ModelSession {
  readonly #session: ModelSession;
  readonly #toModel: MulawToPcm;
  readonly #fromModel: PcmToMulaw;
  /** The item that the model is speaking. */
  #item: {readonly responseId: string; readonly itemId: string} | undefined;

  constructor(session: ModelSession, rateHz: PcmRate) {
    this.#session = session;
    this.#toModel = new MulawToPcm(rateHz);
    this.#fromModel = new PcmToMulaw(rateHz);
  }

  send(command: ModelCommand): void {
    this.#session.send(command);
  }

  hear(bytes: Buffer, from: number, to: number): void {
    const payload = this.#toModel.convert(bytes.toString('latin1', from, to));
    if (payload !== '') this.#session.hear(Buffer.from(payload, 'latin1'), 0, payload.length);
  }

  setPaused(isPaused: boolean): void {
    this.#session.setPaused(isPaused);
  }

  onEvent(listener: ModelListener): void {
    this.#session.onEvent((event, arrivedAt) => {
      for (const each of this.#converted(event)) listener(each, arrivedAt);
    });
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#session[Symbol.asyncDispose]();
  }

  #converted(event: ModelEvent): ModelEvent[] {
    switch (event.type) {
      case 'audio': {
        const {responseId, itemId, payload} = event;
        const before = this.#item?.itemId === itemId ? [] : this.#rest();
        this.#item = {responseId, itemId};
        return [...before, ...audioOf(this.#item, this.#fromModel.convert(payload))];
      }
      case 'audioEnded':
        return this.#item?.itemId === event.itemId ? [...this.#rest(), event] : [event];
      case 'responseEnded':
        return this.#item?.responseId === event.responseId ? [...this.#rest(), event] : [event];
      default:
        return [event];
    }
  }

  /** The last milliseconds of the item that was being spoken. */
  #rest(): ModelEvent[] {
    const item = this.#item;
    this.#item = undefined;
    return item ? audioOf(item, this.#fromModel.end()) : [];
  }
}

function audioOf(item: {readonly responseId: string; readonly itemId: string}, payload: string): ModelEvent[] {
  return payload === '' ? [] : [{type: 'audio', ...item, payload}];
}
