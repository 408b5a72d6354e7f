import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {CannotStart, messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {Placed} from './place-calls.ts';
import type {System} from './start-system.ts';

/** Pieces that a worker stores late are waited for by analytics, too. */
const RECORDED_WITHIN: Millis = 50_000;

/** Makes the folder before anything else is started, so that a wrong one is known at once. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, {recursive: true});
  } catch (thrown) {
    throw new CannotStart(`--wav needs a folder that can be written to (${messageOf(thrown)})`, {cause: thrown});
  }
}

/** Writes the recording of each call, as the product has made it, under the name of its caller. */
export async function saveCalls(
  placed: readonly Placed[],
  folder: string,
  {analytics, listener}: Pick<System, 'analytics' | 'listener'>,
): Promise<void> {
  for (const {who, report} of placed) {
    const path = join(folder, `${who.name.toLowerCase()}.wav`);
    await writeFile(path, await recordingOf(report.callSid, analytics.url, listener, who.name));
  }
}

/** Workers store the last piece when a call ends, and analytics joins the pieces every two seconds. */
async function recordingOf(callSid: string, origin: string, token: string, name: string): Promise<Buffer> {
  const end = performance.now() + RECORDED_WITHIN;
  for (;;) {
    const headers = {authorization: `Bearer ${token}`};
    const answer = await fetch(`${origin}/api/calls/${callSid}/recording.wav`, {headers});
    if (answer.ok) return Buffer.from(await answer.arrayBuffer());
    if (performance.now() > end)
      throw new CannotStart(`the recording of ${name}'s call did not come within ${RECORDED_WITHIN / 1_000} s`);
    await sleep(100);
  }
}
