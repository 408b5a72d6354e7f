import {existsSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {beforeAll, describe, expect, test} from 'vitest';
import {type Database, openEmbedded} from '../../services/analytics/src/database/database.ts';
import {demoMark} from '../../services/analytics/src/database/demo-mark.ts';
import {storeCall} from '../../services/analytics/src/ingest/store-call.ts';
import {dropFolder} from '../../services/analytics/scripts/drop-demo-data.ts';
import {drawCall} from './callers.ts';
import {playCall} from './play-call.ts';
import {storeAgain} from './seed-database.ts';
import {openExamples, simulateCalls} from './simulate-calls.ts';

const UNTIL = Date.UTC(2026, 10, 20);
const SEED = {turns: 40, days: 5, until: UNTIL, seed: 3, words: true};

describe('a simulated call of the demo data', () => {
  let records: readonly CallFinished[];
  beforeAll(async () => {
    records = (await simulateCalls({calls: 10, seed: 11, wall: UNTIL})).flat();
  }, 120_000);

  test('has every field that a real record has, and no other', () => {
    for (const record of records) {
      const fields = CallFinished.strict().extend({summary: CallFinished.shape.summary.strict()});
      expect(fields.parse(record)).toEqual(record);
    }
  });

  test('is answered by an assistant of the examples, and uses only tools that its file has', async () => {
    using examples = await openExamples();
    for (const {summary, toolCalls} of records) {
      const assistant = examples.current.named(summary.assistant)?.stored;
      expect(assistant?.assistant.name).toBe(summary.assistant);
      const tools = JSON.stringify(assistant);
      for (const {name} of toolCalls) if (name !== 'hang_up') expect(tools).toContain(name);
    }
    expect(new Set(records.map(({summary}) => summary.assistant))).toEqual(new Set(['reception', 'survey', 'weather']));
  });

  test('has what the code measured: costs of tokens, words of both, and turn gaps where a caller has spoken', () => {
    const answered = records.filter(({turns}) => turns.length > 2);
    expect(answered.length).toBeGreaterThan(5);
    for (const {summary, turns} of answered) {
      expect(summary.costUsd).toBeGreaterThan(0);
      expect(turns.flatMap(({cause, platformTurnGapMs}) => (platformTurnGapMs === null ? [] : [cause]))).not.toContain(
        'greeting',
      );
    }
    const heard = answered.filter(({transcript}) => transcript.some(({role}) => role === 'caller'));
    expect(heard.length).toBeGreaterThan(answered.length / 2);
  });
});

test('some callers of the demo data press a key, and the assistant goes on from it', async () => {
  using examples = await openExamples();
  const drawn = Array.from({length: 200}, (_, index) => drawCall(seededRandom(index), UNTIL, index));
  const [call, ...others] = drawn.filter(({caller, mishap}) => !mishap && caller.some(step => 'presses' in step));
  if (!call) throw new Error('nobody presses a key');
  expect(others.length).toBeGreaterThan(2);
  const [record] = await playCall(call, {catalogue: examples.current, random: seededRandom(1), wall: UNTIL});
  const turns = record?.turns ?? [];
  const pressed = turns.findIndex(({cause}) => cause === 'digits');
  expect(pressed).toBeGreaterThan(0);
  expect(turns.slice(pressed).some(({heardMs}) => (heardMs ?? 0) > 1_000)).toBe(true);
  expect(record?.toolCalls.map(({name}) => name)).toContain('write_down');
}, 60_000);

test('a seeded call is stored as a real one: only when it was, who called and its SID are not those of its record', async () => {
  const parent = await mkdtemp(join(tmpdir(), 'seed-test-'));
  const [demo, own] = [join(parent, 'demo'), join(parent, 'own')];
  const [record] = (await simulateCalls({calls: 1, seed: 3, wall: UNTIL})).flat();
  if (!record) throw new Error('no record');
  let seeded: readonly Row[];
  {
    await using database = await openEmbedded(demo);
    await storeAgain(database, [record], SEED);
    expect(await demoMark(database.kysely)).toEqual({simulated: 1, calls: expect.any(Number)});
    await expect(storeAgain(database, [record], SEED)).rejects.toThrow(/--drop/);
    seeded = await rowsOf(database);
  }
  let real: readonly Row[];
  {
    await using database = await openEmbedded(own);
    await database.prepare();
    await storeCall(database.kysely, record);
    expect(await demoMark(database.kysely)).toBeUndefined();
    real = await rowsOf(database);
  }
  const differ = [
    'callSid',
    'startedAt',
    'endedAt',
    'recordedAt',
    'callerHash',
    'callerLastTwo',
    'calleeHash',
    'calleeLastTwo',
  ];
  const rest = (row: Row = {}) => Object.fromEntries(Object.entries(row).filter(([name]) => !differ.includes(name)));
  expect(seeded.length).toBeGreaterThan(2);
  for (const row of seeded) expect(rest(row)).toEqual(rest(real[0]));

  // An operator who drops demo data loses that and nothing else.
  await expect(dropFolder(own)).rejects.toThrow(/nothing was dropped/);
  expect(await dropFolder(demo)).toBe(seeded.length);
  await expect(dropFolder(demo)).rejects.toThrow(/no demo data/);
  expect(existsSync(own)).toBe(true);
  await rm(parent, {recursive: true, force: true});
}, 120_000);

type Row = Readonly<object>;

async function rowsOf({kysely}: Database): Promise<readonly Row[]> {
  return await kysely.selectFrom('calls').selectAll().orderBy('startedAt').execute();
}
