import {createLog} from '@voicebridge/shared/observability/log.ts';
import {createMetrics} from '@voicebridge/shared/observability/metrics.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import {costOf} from '../../services/realtime-worker/src/cdr/prices.ts';
import type {WorkerConfig} from '../../services/realtime-worker/src/config.ts';
import type {LostCause, ModelEvent} from '../../services/realtime-worker/src/model/model-adapter.ts';
import {openModelAdapter} from '../../services/realtime-worker/src/open-model-adapter.ts';
import {broken, fine, skipped, warning, type Finding} from './finding.ts';

/** What one spoken word costs: fifty tokens of text in, a second of audio out. */
export const COST_OF_A_WORD = 'about $0.002';
/** Callers call this a pause. */
const SLOW_SESSION: Millis = 1_500;
const SLOW_AUDIO: Millis = 1_500;

const CURES: Readonly<Record<LostCause, string>> = {
  closed: 'Try again; if it stays, look at https://status.openai.com.',
  expired: 'Try again.',
  unreachable: 'The workers need a way out to the host of OPENAI_REALTIME_URL, port 443 (firewall, proxy, DNS).',
  refused: 'Correct OPENAI_API_KEY; the key must be allowed to use OPENAI_MODEL.',
  quota: 'Add credit: https://platform.openai.com/settings/organization/billing.',
  misconfigured: 'Correct OPENAI_MODEL, VOICE, TRANSCRIPTION_MODEL or OPENAI_AUDIO, whichever the message names.',
};

/**
 * Opens a session as a worker does, with the same model, voice and transcription. `speak`: also has it say one word, which
 * alone shows that there is credit, and measures the time to the first audio.
 */
export async function checkModel(
  worker: WorkerConfig | undefined,
  {speak, clock}: {readonly speak: boolean; readonly clock: Clock},
): Promise<Finding[]> {
  if (worker === undefined) return [skipped('asking it needs a valid OPENAI_API_KEY')];
  const adapter = openModelAdapter(worker, {
    clock,
    metrics: createMetrics('doctor', {ofProcess: false}),
    log: createLog('doctor', {level: 'silent'}),
  });
  const began = clock.now();
  await using session = adapter.open({
    model: worker.OPENAI_MODEL,
    voice: worker.VOICE,
    instructions: 'You test a telephone line.',
    tools: [],
    serverInterrupts: false,
    serverResponds: false,
    maxOutputTokens: worker.MAX_OUTPUT_TOKENS,
    safetyId: undefined,
  });
  const name = `${worker.OPENAI_MODEL} at ${new URL(worker.OPENAI_REALTIME_URL).host}`;
  const outcome = Promise.withResolvers<Finding[]>();
  let ready: Millis = 0;
  let asked = began;
  let firstAudio: Millis | undefined;
  session.onEvent((event: ModelEvent) => {
    if (event.type === 'lost') {
      const why = [event.note, event.detail].filter(Boolean).join(': ');
      outcome.resolve([broken(`${name}: ${why}`, CURES[event.cause])]);
    }
    if (event.type === 'ready') {
      ready = clock.now() - began;
      asked = clock.now();
      if (!speak) return outcome.resolve([...opened()]);
      session.send({do: 'respond', tag: 'doctor', instructions: 'Say only the word: hello.', speechOnly: true});
    }
    if (event.type === 'refused' && event.about?.startsWith('respond'))
      outcome.resolve([...opened(), broken(`the model refuses to answer: ${event.message}`, CURES.misconfigured)]);
    if (event.type === 'audio') firstAudio ??= clock.now() - asked;
    if (event.type === 'responseEnded') outcome.resolve([...opened(), ...spoken(event)]);
  });
  return await outcome.promise;

  function opened(): Finding[] {
    const told = `${name}: a session is ready after ${Math.round(ready)} ms`;
    return [
      ready < SLOW_SESSION
        ? fine(told)
        : warning(told, 'Callers wait for it before the greeting: move the workers nearer to the model.'),
    ];
  }

  function spoken({status, reason, message, tokens}: Extract<ModelEvent, {type: 'responseEnded'}>): Finding[] {
    if (firstAudio === undefined || status !== 'completed') {
      const isQuota = /quota|billing/.test(`${reason} ${message}`);
      const isRate = /rate_limit/.test(`${reason}`);
      const cure = isQuota ? CURES.quota : isRate ? 'Ask OpenAI for higher limits, or take fewer calls.' : CURES.closed;
      return [broken(`the model did not speak: ${message ?? reason ?? status}`, cure)];
    }
    const cost = tokens === undefined ? null : costOf(worker?.OPENAI_MODEL ?? '', tokens);
    const told = `it spoke after ${Math.round(firstAudio)} ms${cost === null ? '' : `, for $${cost.toFixed(4)}`}`;
    return [
      firstAudio < SLOW_AUDIO
        ? fine(told)
        : warning(told, 'The model is slow now, or far away; callers hear that as pauses.'),
    ];
  }
}
