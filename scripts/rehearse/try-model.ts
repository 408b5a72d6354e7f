import {systemClock} from '@voicebridge/shared/time.ts';
import {WorkerEnv} from '../../services/realtime-worker/src/config.ts';
import {checkModel} from '../doctor/model.ts';

/** What the environment says of the model. */
export interface ModelEnv {
  readonly OPENAI_API_KEY?: string | undefined;
  readonly OPENAI_REALTIME_URL?: string | undefined;
}

/**
 * Opens a session with a real model as workers do. Returns what is in the way, each with its cure; empty: nothing. It
 * costs nothing: no response is asked for.
 */
export async function tryModel({OPENAI_API_KEY, OPENAI_REALTIME_URL}: ModelEnv): Promise<string[]> {
  if (!OPENAI_API_KEY)
    return [
      '--real needs a key, and .env is not read here. Run: OPENAI_API_KEY=sk-… npm run rehearse -- --real\n' +
        'Without --real the model is scripted, and no key is needed.',
    ];
  const given = {OPENAI_API_KEY, OPENAI_REALTIME_URL, REDIS_URL: 'redis://127.0.0.1'};
  const read = WorkerEnv.safeParse(given);
  if (!read.success) return read.error.issues.map(({path, message}) => `--real: ${path.join('.')} ${message}`);
  const alive = setInterval(() => {}, 60_000); // the clock's timers do not keep a process
  const findings = await checkModel(read.data, {speak: false, clock: systemClock}).finally(() => clearInterval(alive));
  return findings.flatMap(({level, what, cure}) => (level === 'broken' ? [`--real: ${what}\n${cure ?? ''}`] : []));
}
