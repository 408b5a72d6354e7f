import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll} from 'vitest';
import {openEmbedded} from '../database/database.ts';
import {newDatabase} from '../testing/new-database.ts';
import {describeExports} from './exports.contract.ts';

const folder = await mkdtemp(join(tmpdir(), 'voicebridge-exports-'));
afterAll(() => rm(folder, {recursive: true, force: true}));

describeExports('the embedded database', async () => {
  await newDatabase(folder);
  return openEmbedded(folder);
});
