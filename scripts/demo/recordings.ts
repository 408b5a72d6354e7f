import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {CannotStart, messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {CallDetail} from '../../services/analytics/src/queries/call-shapes.ts';
import type {Person} from './cast.ts';
import type {Placed} from './place-calls.ts';
import type {System} from './start-system.ts';

/** Pieces that a worker stores late are waited for by analytics, too. */
const RECORDED_WITHIN: Millis = 50_000;

/** The recording of a call, as the product has made it. */
export interface Recording {
  readonly who: Person;
  readonly wav: Buffer;
  readonly lastsMs: Millis;
  /** How much of it is silence because it was lost. */
  readonly missingMs: Millis;
}

/** Makes the folder before anything else is started, so that a wrong one is known at once. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, {recursive: true});
  } catch (thrown) {
    throw new CannotStart(`--wav needs a folder that can be written to (${messageOf(thrown)})`, {cause: thrown});
  }
}

export async function fetchRecordings(
  placed: readonly Placed[],
  {analytics, listener}: Pick<System, 'analytics' | 'listener'>,
): Promise<Recording[]> {
  const recordings: Recording[] = [];
  for (const {who, report} of placed) {
    const call = `${analytics.url}/api/calls/${report.callSid}`;
    const headers = {authorization: `Bearer ${listener}`};
    const wav = await recordingOf(call, headers, who.name);
    const {recording} = CallDetail.parse(await (await fetch(call, {headers})).json());
    const {fromMs = 0, untilMs = 0, missingMs = 0} = recording ?? {};
    recordings.push({who, wav, lastsMs: untilMs - fromMs, missingMs});
  }
  return recordings;
}

/** Writes each recording under the name of its caller. */
export async function saveRecordings(recordings: readonly Recording[], folder: string): Promise<void> {
  for (const {who, wav} of recordings) await writeFile(join(folder, `${who.name.toLowerCase()}.wav`), wav);
}

/** Why a recording has a hole. */
export function missingIn({who, missingMs}: Pick<Recording, 'who' | 'missingMs'>): string {
  return (
    `${(missingMs / 1_000).toFixed(1)} s of ${who.name}’s recording are silence: the killed worker had not stored them yet. ` +
    'A worker stores ten seconds at a time.'
  );
}

/** Workers store the last piece when a call ends, and analytics joins the pieces every two seconds. */
async function recordingOf(call: string, headers: Readonly<Record<string, string>>, name: string): Promise<Buffer> {
  const end = performance.now() + RECORDED_WITHIN;
  for (;;) {
    const answer = await fetch(`${call}/recording.wav`, {headers});
    if (answer.ok) return Buffer.from(await answer.arrayBuffer());
    if (performance.now() > end)
      throw new CannotStart(`the recording of ${name}'s call did not come within ${RECORDED_WITHIN / 1_000} s`);
    await sleep(100);
  }
}
