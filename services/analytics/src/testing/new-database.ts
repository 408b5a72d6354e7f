import {execFile} from 'node:child_process';
import {mkdir, mkdtemp, readFile, rename, rm, stat} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {z} from 'zod';
import {openEmbedded} from '../database/database.ts';

const CACHE = fileURLToPath(new URL('../../../../node_modules/.cache/embedded-database', import.meta.url));

let template: Promise<string> | undefined;

/**
 * Puts an embedded database without tables into a folder for analytics, unless it has one: a copy of one that was made
 * once. To make one takes a processor five seconds, as the first start of analytics does; to copy it, a tenth of one.
 */
export async function newDatabase(folder: string): Promise<void> {
  const files = join(folder, 'pg');
  if (await exists(files)) return;
  const made = await (template ??= findOrMake());
  await mkdir(folder, {recursive: true});
  await promisify(execFile)('cp', ['-R', made, files]);
}

/** The one that this or another process made, for this version of the database. */
async function findOrMake(): Promise<string> {
  const version = await versionOfDatabase();
  const kept = join(CACHE, version);
  if (await exists(kept)) return kept;
  await mkdir(CACHE, {recursive: true});
  const made = await mkdtemp(join(CACHE, 'made-'));
  await using _ = {[Symbol.asyncDispose]: () => rm(made, {recursive: true, force: true})};
  const database = await openEmbedded(made);
  await database[Symbol.asyncDispose]();
  // Of several that make one at the same time, the first one's is kept.
  await rename(join(made, 'pg'), kept).catch(async (thrown: unknown) => {
    if (!(await exists(kept))) throw thrown;
  });
  return kept;
}

async function versionOfDatabase(): Promise<string> {
  const entry = fileURLToPath(import.meta.resolve('@electric-sql/pglite'));
  const manifest: unknown = JSON.parse(await readFile(join(dirname(entry), '../package.json'), 'utf8'));
  return z.object({version: z.string()}).parse(manifest).version;
}

const exists = (path: string) =>
  stat(path).then(
    () => true,
    () => false,
  );
