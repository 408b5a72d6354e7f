import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {CannotStart, messageOf} from '@voicebridge/shared/errors.ts';
import {callWav} from '../../simulators/twilio/src/report/call-wav.ts';
import type {Placed} from './place-calls.ts';

/** Makes the folder before anything else is started, so that a wrong one is known at once. */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, {recursive: true});
  } catch (thrown) {
    throw new CannotStart(`--wav needs a folder that can be written to (${messageOf(thrown)})`, {cause: thrown});
  }
}

/** Writes one WAV file for each caller. */
export async function saveCalls(placed: readonly Placed[], folder: string): Promise<void> {
  for (const {who, report} of placed) await writeFile(join(folder, `${who.name.toLowerCase()}.wav`), callWav(report));
}
