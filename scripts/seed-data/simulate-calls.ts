import {LiveCatalogue} from '@voicebridge/assistant/load/live-catalogue.ts';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {loadConfig} from '@voicebridge/shared/config/config.ts';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {systemClock} from '@voicebridge/shared/time.ts';
import {fileURLToPath} from 'node:url';
import {standardAssistant, WorkerEnv} from '../../services/realtime-worker/src/config.ts';
import {drawCall} from './callers.ts';
import {withoutInternet} from './outside.ts';
import {playCall} from './play-call.ts';

/** Where they are. */
const EXAMPLES = fileURLToPath(new URL('../../assistants/examples', import.meta.url));

interface SimulateOptions {
  readonly calls: number;
  /** The same seed gives the same calls. */
  readonly seed: number;
  /** When they begin, in Unix milliseconds. */
  readonly wall: number;
  readonly progress?: (calls: number) => void;
}

/** The records of so many simulated calls, one after the other; a long call has several parts. */
export async function simulateCalls({
  calls,
  seed,
  wall,
  progress,
}: SimulateOptions): Promise<readonly (readonly CallFinished[])[]> {
  using assistants = await openExamples();
  using _offline = withoutInternet();
  const catalogue = assistants.current;
  const records: (readonly CallFinished[])[] = [];
  while (records.length < calls) {
    const random = seededRandom(seed * 100_003 + records.length);
    const call = drawCall(random, wall, records.length);
    const parts = await playCall(call, {catalogue, random, wall});
    if (parts.length === 0) throw new Error(`a simulated call of ${call.assistant} left no record`);
    records.push(parts);
    progress?.(records.length);
  }
  return records;
}

/** The assistants that answer: those of `assistants/examples`, as a worker reads them. */
export async function openExamples(): Promise<LiveCatalogue> {
  const env = {OPENAI_API_KEY: 'simulated', REDIS_URL: 'redis://simulated', TRANSCRIPTS: 'heard'};
  const base = standardAssistant(loadConfig(WorkerEnv, env));
  const log = createLog('simulated', {level: 'silent'});
  return await LiveCatalogue.open({folder: EXAMPLES, base, clock: systemClock, log});
}
