import type {EventFields} from './event-fields.ts';
import type {Explained, ModelAudio} from '../model-adapter.ts';

/** How audio travels between a worker and a model's server, in both directions. */
export type SessionAudio = 'pcmu' | 'pcm';

/** The only rate that the protocol has for linear audio. */
const PCM_RATE = 24_000;

/** As the protocol names it. */
export function formatOf(audio: SessionAudio) {
  return audio === 'pcm' ? ({type: 'audio/pcm', rate: PCM_RATE} as const) : ({type: 'audio/pcmu'} as const);
}

/** As the worker names it. */
export function modelAudioOf(audio: SessionAudio = 'pcmu'): ModelAudio {
  return audio === 'pcm' ? {encoding: 'pcm16', rateHz: PCM_RATE} : {encoding: 'mulaw', rateHz: 8_000};
}

/** What is wrong with the audio of a configured session, if the server says what it is. */
export function audioProblem(session: EventFields, audio: SessionAudio): Explained | undefined {
  const {type: wanted, ...more} = formatOf(audio);
  const said = session.fieldsIfAny('audio');
  for (const side of ['input', 'output']) {
    const format = said.fieldsIfAny(side).fieldsIfAny('format');
    const [type, rate] = [format.raw('type'), format.raw('rate')];
    if (typeof type === 'string' && type !== wanted)
      return {note: `the model answers in another format than ${wanted}`, detail: type};
    if (typeof rate === 'number' && 'rate' in more && rate !== more.rate)
      return {note: `the model answers at another rate than ${more.rate} Hz`, detail: String(rate)};
  }
  return undefined;
}
