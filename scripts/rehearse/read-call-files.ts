import {existsSync} from 'node:fs';
import {readdir, readFile} from 'node:fs/promises';
import {join, resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {parse} from 'yaml';
import {readRehearsal, type Rehearsal} from './call-file.ts';

/** `reception.call.yaml`, or `reception.at-night.call.yaml` where an assistant has several. */
const CALL_FILE = /^(?<name>[A-Za-z0-9][\w-]*)(?:\.[\w-]+)?\.call\.(?:ts|ya?ml)$/;

/** A rehearsal and the assistant that it is for, both by the name of the file. */
export interface NamedRehearsal {
  readonly file: string;
  readonly assistant: string;
  readonly rehearsal: Rehearsal;
}

/** All rehearsals in a folder, in the order of their names, and what is wrong with the others. */
export async function readCallFiles(
  folder: string,
): Promise<{readonly rehearsals: readonly NamedRehearsal[]; readonly problems: readonly string[]}> {
  const rehearsals: NamedRehearsal[] = [];
  const problems: string[] = [];
  const files = existsSync(folder) ? await readdir(folder) : [];
  for (const file of files.toSorted()) {
    const assistant = CALL_FILE.exec(file)?.groups?.['name'];
    if (assistant === undefined) continue;
    try {
      const read = readRehearsal(await contentOf(join(folder, file)));
      if (read.ok) rehearsals.push({file, assistant, rehearsal: read.rehearsal});
      else problems.push(...read.problems.map(problem => `${file} ${problem}`));
    } catch (thrown) {
      problems.push(`${file} cannot be read: ${messageOf(thrown).split('\n')[0] ?? ''}`);
    }
  }
  return {rehearsals, problems};
}

async function contentOf(path: string): Promise<unknown> {
  if (!path.endsWith('.ts')) return parse(await readFile(path, 'utf8')) as unknown;
  const module = (await import(pathToFileURL(resolve(path)).href)) as {readonly default?: unknown};
  return module.default;
}
