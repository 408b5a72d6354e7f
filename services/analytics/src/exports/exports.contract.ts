import {gunzipSync} from 'node:zlib';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import {sql} from 'kysely';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {LOCAL, signedIn} from '../auth/viewer.ts';
import type {Database} from '../database/database.ts';
import {eraseCalls} from '../ingest/erase-calls.ts';
import {storeCall} from '../ingest/store-call.ts';
import {callsFile} from '../queries/call-files.ts';
import {facets} from '../queries/facets.ts';
import {listCalls} from '../queries/list-calls.ts';
import {detailOf} from '../queries/read-call.ts';
import {remarkOn, removeRemark, tagCall} from '../queries/write-on-call.ts';
import {FIRST, finishedCall, sidOf} from '../testing/finished-call.ts';
import {exportKey} from './export-day.ts';
import {exportChanged, exportsWaiting, wantDays} from './export-rows.ts';
import {exportNext, pruneExports} from './keep-exports.ts';

const VIEWER = signedIn('s', 't');
const DAY = 86_400_000;
const dayAfter = (days: number) => new Date(FIRST + days * DAY).toISOString().slice(0, 10);

/** A store in memory. */
class MemoryStore implements RecordingStore {
  readonly objects = new Map<string, Buffer>();
  isFull = false;
  puts = 0;

  async put(key: string, body: Buffer): Promise<void> {
    if (this.isFull) throw new Error('full');
    this.puts += 1;
    this.objects.set(key, body);
  }

  async read(): Promise<undefined> {
    return undefined;
  }

  async list(prefix: string) {
    return [...this.objects].flatMap(([key, {length}]) => (key.startsWith(prefix) ? [{key, bytes: length}] : []));
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.objects.delete(key);
  }

  lines(table: Parameters<typeof exportKey>[0], day: string): Record<string, unknown>[] {
    const body = this.objects.get(exportKey(table, day));
    if (!body) throw new Error(`nothing is exported of ${table} on ${day}`);
    const text = gunzipSync(body).toString();
    return text.split('\n').flatMap(line => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>]));
  }

  sids(day: string): unknown[] {
    return this.lines('calls', day).map(({callSid}) => callSid);
  }
}

/** What any database must do for whoever takes the calls of each day home. */
export function describeExports(name: string, open: (() => Promise<Database>) | undefined): void {
  describe.skipIf(open === undefined)(`exports on ${name}`, () => {
    let database: Database;
    let store: MemoryStore;
    beforeAll(async () => {
      database = await open!();
      await database.prepare();
    }, 60_000);
    afterAll(() => database[Symbol.asyncDispose]());
    beforeEach(async () => {
      store = new MemoryStore();
      await sql`TRUNCATE calls, remarks, outcome_fills, turns, interruptions, tool_calls, failovers, transcripts, erased_calls, forgotten_numbers, audit, exports`.execute(
        database.kysely,
      );
    });
    const db = () => database.kysely;
    const work = async (): Promise<number> => {
      let days = 0;
      while (await exportNext(db(), store)) days += 1;
      return days;
    };
    /** What a night does. */
    const night = async (days = 1): Promise<number> => {
      await wantDays(db(), dayAfter(days));
      return await work();
    };

    test('an analyst finds the calls of each day in the store, with all that hangs on them, and without words and numbers', async () => {
      const tool = {
        call: 0,
        turn: 1,
        name: 'book',
        at: 5,
        durationMs: 5,
        ok: true,
        arguments: '{"secret":1}',
        result: 'yes',
      };
      const transcript = [{line: 0, turn: 1, role: 'caller', at: 1, text: 'the words', cut: false}];
      const caller = {hash: 'abc123', lastTwo: '42', number: '+4790807060'};
      const summary = {outcome: {booked: true}, notes: {name: 'Kari'}, caller, toolCalls: 1};
      await storeCall(db(), finishedCall({summary, rest: {toolCalls: [tool], transcript}}));
      await storeCall(db(), finishedCall({number: 2, startedAt: FIRST + DAY}));
      expect(await night()).toBe(1);
      const day = dayAfter(0);
      expect(store.lines('calls', day)).toMatchObject([
        {callSid: sidOf(1), outcome: {booked: true}, callerLastTwo: '42'},
      ]);
      expect(store.lines('turns', day)).toMatchObject([
        {callSid: sidOf(1), turn: 0},
        {turn: 1, platformTurnGapMs: 801},
      ]);
      expect(store.lines('tool_calls', day)).toMatchObject([{callSid: sidOf(1), name: 'book', ok: true}]);
      expect(store.lines('failovers', day)).toEqual([]);
      const everything = [...store.objects.values()].map(body => gunzipSync(body).toString()).join('');
      for (const secret of ['the words', 'secret', '+479', 'Kari']) expect(everything).not.toContain(secret);
      expect(await night(2)).toBe(1);
      expect(store.sids(dayAfter(1))).toEqual([sidOf(2)]);
    });

    test('a day is written once, and written again it is the same', async () => {
      for (const number of [3, 1, 2]) await storeCall(db(), finishedCall({number}));
      await night();
      const before = new Map(store.objects);
      expect(await night()).toBe(0);
      await sql`UPDATE exports SET wanted = wanted + 1`.execute(db());
      expect(await work()).toBe(1);
      for (const [key, body] of before) expect(store.objects.get(key)?.equals(body), key).toBe(true);
      expect(store.sids(dayAfter(0))).toEqual([sidOf(1), sidOf(2), sidOf(3)]);
    });

    test('a record that comes after its night is in the next one', async () => {
      await storeCall(db(), finishedCall());
      await night();
      await storeCall(db(), finishedCall({number: 2}));
      expect(await night()).toBe(1);
      expect(store.sids(dayAfter(0))).toEqual([sidOf(1), sidOf(2)]);
    });

    test('several processes write each day once, and a day that one was killed over is written by another', async () => {
      for (const number of [1, 2, 3]) await storeCall(db(), finishedCall({number, startedAt: FIRST + number * DAY}));
      await Promise.all([wantDays(db(), dayAfter(9)), wantDays(db(), dayAfter(9))]);
      await Promise.all([work(), work(), work()]);
      expect(store.puts).toBe(3 * 5);
      await sql`UPDATE exports SET wanted = wanted + 1, look_at = now() + interval '10 minutes'`.execute(db());
      expect(await work()).toBe(0);
      await sql`UPDATE exports SET look_at = now() - interval '1 second'`.execute(db());
      expect(await work()).toBe(3);
    });

    test('an erased call and a forgotten number disappear from what was exported, also while their day is written', async () => {
      await storeCall(db(), finishedCall());
      await storeCall(db(), finishedCall({number: 2, summary: {caller: {hash: 'cafe', lastTwo: '07', number: null}}}));
      await storeCall(db(), finishedCall({number: 3}));
      await night();
      await eraseCalls(db(), {callSid: CallSid.parse(sidOf(1))}, VIEWER);
      await eraseCalls(db(), {numberHash: 'cafe'}, VIEWER);
      expect(await work()).toBe(1);
      expect(store.sids(dayAfter(0))).toEqual([sidOf(3)]);
      expect(store.lines('turns', dayAfter(0)).map(({callSid}) => callSid)).toEqual([sidOf(3), sidOf(3)]);
      await sql`UPDATE exports SET wanted = wanted + 1`.execute(db());
      const put = store.put.bind(store);
      store.put = async (key, body) => {
        await put(key, body);
        await eraseCalls(db(), {callSid: CallSid.parse(sidOf(3))}, VIEWER);
      };
      expect(await exportNext(db(), store)).toBe(true);
      store.put = put;
      await work();
      expect(store.sids(dayAfter(0))).toEqual([]);
    });

    test('an analyst tags a call, finds it by that, and takes the tags away with it; remarks are words', async () => {
      await storeCall(db(), finishedCall());
      await storeCall(db(), finishedCall({number: 2}));
      await night();
      const writer = {who: 'session a', address: undefined};
      const tag = async (nth: number, name: string, isOn = true) =>
        await tagCall(db(), {callSid: sidOf(nth), tag: name, isOn}, writer);
      expect(await tag(1, 'to-follow-up')).toMatchObject({tags: ['to-follow-up'], isNew: true});
      expect(await tag(1, 'complaint')).toMatchObject({tags: ['complaint', 'to-follow-up']});
      expect(await tag(1, 'complaint')).toMatchObject({isNew: false});
      expect(await tag(9, 'complaint')).toBeUndefined();
      const found = async (name: string) =>
        (await listCalls(db(), {limit: 9, tag: name})).calls.map(({callSid}) => callSid);
      expect([await found('complaint'), await found('nothing')]).toEqual([[sidOf(1)], []]);
      expect((await facets(db())).tags).toEqual(['complaint', 'to-follow-up']);
      // A fuller record of the call takes nothing of it away.
      await storeCall(db(), finishedCall({summary: {epoch: 2}}));
      expect(await tag(1, 'complaint', false)).toMatchObject({tags: ['to-follow-up'], isNew: true});
      const file: string[] = [];
      for await (const line of callsFile(db(), {tag: 'to-follow-up'})) file.push(line);
      expect(file).toHaveLength(2);
      expect(file.join('')).toContain('to-follow-up');
      await exportChanged(db(), [new Date(FIRST)]);
      await work();
      expect(store.lines('calls', dayAfter(0))).toMatchObject([{tags: ['to-follow-up']}, {tags: []}]);
      const id = await remarkOn(db(), {callSid: sidOf(1), text: 'Kari calls back'}, writer);
      expect(await remarkOn(db(), {callSid: sidOf(9), text: 'nobody'}, writer)).toBeUndefined();
      expect((await detailOf(db(), sidOf(1), VIEWER))?.remarks).toMatchObject([
        {id, who: 'session a', text: 'Kari calls back'},
      ]);
      expect((await detailOf(db(), sidOf(1), LOCAL))?.remarks).toEqual([]);
      expect(await removeRemark(db(), {callSid: sidOf(2), id: id ?? ''}, writer)).toBe(false);
      expect(await removeRemark(db(), {callSid: sidOf(1), id: id ?? ''}, writer)).toBe(true);
      await remarkOn(db(), {callSid: sidOf(1), text: 'again'}, writer);
      await eraseCalls(db(), {callSid: CallSid.parse(sidOf(1))}, VIEWER);
      const {rows} = await sql`SELECT * FROM remarks`.execute(db());
      expect(rows).toEqual([]);
      const {rows: written} = await sql<{action: string}>`SELECT DISTINCT action FROM audit ORDER BY 1`.execute(db());
      expect(written.map(({action}) => action)).toEqual([
        'call.erased',
        'call.remarked',
        'call.tagged',
        'call.untagged',
        'remark.removed',
      ]);
    });

    test('a store that is full is tried again later, and what waits is measured', async () => {
      await storeCall(db(), finishedCall());
      store.isFull = true;
      await expect(night()).rejects.toThrow('full');
      expect(await work()).toBe(0);
      expect(await exportsWaiting(db())).toMatchObject({days: 1});
      store.isFull = false;
      await sql`UPDATE exports SET look_at = now() - interval '1 second', wanted_at = now() - interval '7 hours'`.execute(
        db(),
      );
      expect((await exportsWaiting(db())).seconds).toBeGreaterThan(25_000);
      expect(await work()).toBe(1);
      expect(await exportsWaiting(db())).toEqual({days: 0, seconds: 0});
    });

    test('what was exported is kept as long as the rows that it was made of', async () => {
      await storeCall(db(), finishedCall());
      await night();
      await store.put('exports/notes.txt', Buffer.alloc(1));
      expect(await pruneExports(db(), store, {calls: 365, turns: 90}, FIRST + 80 * DAY)).toBe(0);
      expect(await pruneExports(db(), store, {calls: 365, turns: 90}, FIRST + 92 * DAY)).toBe(4);
      expect([...store.objects.keys()].toSorted()).toEqual([exportKey('calls', dayAfter(0)), 'exports/notes.txt']);
      expect(await pruneExports(db(), store, {calls: 0, turns: 0}, FIRST + 900 * DAY)).toBe(0);
      expect(await pruneExports(db(), store, {calls: 365, turns: 90}, FIRST + 367 * DAY)).toBe(1);
    });
  });
}
