import {mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {gunzipSync, gzipSync} from 'node:zlib';
import {captureScene, SCENES} from './corpus.ts';

/** Where the corpus is kept. */
const FOLDER = fileURLToPath(new URL('../../tests/replay/corpus', import.meta.url));
const ENDING = '.jsonl.gz';

/** The names of the calls of the corpus. */
export function corpusNames(): string[] {
  return readdirSync(FOLDER).flatMap(file => (file.endsWith(ENDING) ? [basename(file, ENDING)] : []));
}

/** Where a call of the corpus is kept. */
export const corpusFile = (name: string): string => join(FOLDER, `${name}${ENDING}`);

/** The capture of a call of the corpus. */
export function corpusText(name: string): string {
  return gunzipSync(readFileSync(corpusFile(name))).toString('utf8');
}

/**
 * Makes these calls of the corpus anew, by what the product decides now; all of them, if none is named. `tell` gets a line for each.
 */
export async function makeCorpus(names: readonly string[], tell: (line: string) => void): Promise<void> {
  const unknown = names.find(name => SCENES.every(scene => scene.name !== name));
  if (unknown !== undefined)
    throw new Error(`there is no call ${unknown} in the corpus: tools/replay/corpus/ has them`);
  if (names.length === 0) rmSync(FOLDER, {recursive: true, force: true});
  mkdirSync(FOLDER, {recursive: true});
  for (const scene of SCENES) {
    if (names.length > 0 && !names.includes(scene.name)) continue;
    const bytes = gzipSync(await captureScene(scene), {level: 9});
    writeFileSync(corpusFile(scene.name), bytes);
    tell(`${scene.name.padEnd(30)} ${(bytes.length / 1_000).toFixed(0).padStart(5)} kB`);
  }
}
