import {mkdir, mkdtemp, rm, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {bufferMegabytes} from './buffer-size.ts';

let folder: string;
beforeEach(async () => (folder = await mkdtemp(join(tmpdir(), 'voicebridge-buffers-'))));
afterEach(() => rm(folder, {recursive: true}));

/** Files that look large and take no space. */
async function fill(megabytes: number): Promise<void> {
  await mkdir(join(folder, '5'), {recursive: true});
  const file = join(folder, '5', String(megabytes));
  await writeFile(file, '');
  await truncate(file, megabytes * 2 ** 20);
}

test('a new deployment takes little memory, also before the folder exists', async () => {
  expect(await bufferMegabytes(folder)).toBe(48);
  expect(await bufferMegabytes(join(folder, 'none'))).toBe(48);
});

test('the cache grows with the data, up to 384 MB', async () => {
  await fill(60);
  await fill(40);
  expect(await bufferMegabytes(folder)).toBe(100);
  await fill(1_000);
  expect(await bufferMegabytes(folder)).toBe(384);
});
