import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll} from 'vitest';
import {openEmbedded} from './database.ts';
import {describeStore} from './store.contract.ts';

const folder = await mkdtemp(join(tmpdir(), 'voicebridge-store-'));
afterAll(() => rm(folder, {recursive: true, force: true}));

describeStore('the embedded database', () => openEmbedded(folder));
