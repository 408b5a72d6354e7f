import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {CallReport} from './call-report.ts';
import {callWav} from './call-wav.ts';

/** Writes the call to a folder: the sound as WAV, everything else as JSON. */
export async function saveCall(report: CallReport, folder: string): Promise<void> {
  await mkdir(folder, {recursive: true});
  await writeFile(join(folder, `${report.callSid}.wav`), callWav(report));
  const withoutAudio = (key: string, value: unknown) => (key === 'sentAudio' || key === 'played' ? undefined : value);
  await writeFile(join(folder, `${report.callSid}.json`), JSON.stringify(report, withoutAudio, 2));
}
