import {readdir} from 'node:fs/promises';
import {afterAll, beforeAll, beforeEach, describe, expect, test} from 'vitest';
import {sql} from 'kysely';
import {CallSid} from '@voicebridge/shared/protocol/ids.ts';
import {captureKey} from '@voicebridge/shared/recordings/capture-key.ts';
import {chunkKey} from '@voicebridge/shared/recordings/chunk-key.ts';
import type {RecordingStore} from '@voicebridge/shared/recordings/recording-store.ts';
import {callsFile, callsLines} from '../queries/call-files.ts';
import {callsByHour} from '../queries/calls-by-hour.ts';
import {concurrency} from '../queries/concurrency.ts';
import type {Database} from './database.ts';
import {eraseCalls} from '../ingest/erase-calls.ts';
import {countCalls} from '../queries/count-calls.ts';
import {difference} from '../queries/difference.ts';
import {facets} from '../queries/facets.ts';
import {histogram} from '../queries/histogram.ts';
import {finishNext} from '../recordings/finish-recordings.ts';
import {listCalls, neighboursOf} from '../queries/list-calls.ts';
import {longestWaits} from '../queries/longest-waits.ts';
import {measure} from '../queries/measure.ts';
import {readCall} from '../queries/read-call.ts';
import {turnParts} from '../queries/turn-parts.ts';
import {storeCall} from '../ingest/store-call.ts';
import {sweepCaptures} from '../recordings/keep-captures.ts';
import {sweep} from '../ingest/retention.ts';
import {LOCAL, signedIn} from '../auth/viewer.ts';
import {Sessions} from '../auth/sessions.ts';
import {FIRST, finishedCall, sidOf, turnOfTest} from '../testing/finished-call.ts';

const VIEWER = signedIn('s', 't');
const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** What any database must do, for whoever asks it questions. */
export function describeStore(name: string, open: (() => Promise<Database>) | undefined): void {
  describe.skipIf(open === undefined)(`records and questions on ${name}`, () => {
    let database: Database;
    beforeAll(async () => {
      database = await open!();
      await database.prepare();
    }, 60_000);
    afterAll(() => database[Symbol.asyncDispose]());
    beforeEach(async () => {
      await sql`TRUNCATE calls, remarks, outcome_fills, turns, interruptions, tool_calls, failovers, transcripts, erased_calls, forgotten_numbers, sessions, audit, recordings, deliveries, exports, deleted_before`.execute(
        database.kysely,
      );
    });
    const db = () => database.kysely;
    const all = (query: object = {}) => listCalls(db(), {limit: 100, ...query});
    const call = (number: number) => readCall(db(), sidOf(number), VIEWER);

    test('an analyst sees a call once, however often its record arrives', async () => {
      for (let times = 0; times < 3; times += 1) await storeCall(db(), finishedCall());
      expect((await all()).calls).toMatchObject([{callSid: sidOf(1), turns: 2, whole: true}]);
      expect((await call(1))?.turns).toHaveLength(2);
    });

    test('an analyst sees how calls came out, finds those that came out so, and takes them away as CSV', async () => {
      const outcomes = [{booked: true, why_not: 'time', guests: 4}, {booked: false}, {}];
      for (const [index, outcome] of outcomes.entries())
        await storeCall(db(), finishedCall({number: index + 1, summary: {outcome}}));
      const found = async (field: string, value: string) =>
        (await all({outcome: {field, value}})).calls.map(({callSid}) => callSid);
      expect(await found('booked', 'true')).toEqual([sidOf(1)]);
      expect(await found('guests', '4')).toEqual([sidOf(1)]);
      expect(await found('reason', "'; DROP TABLE calls; --")).toEqual([]);
      expect((await facets(db())).outcomes).toEqual(['booked:false', 'booked:true', 'why_not:time']);
      const lines: string[] = [];
      for await (const each of callsFile(db(), {})) lines.push(each);
      expect(lines.join('')).toContain('"{""booked"":false}"');
      // Under the names that the assistant gives them.
      expect(lines.join('')).toContain('""why_not"":""time""');
    });

    test('two copies of a record that arrive at the same moment are one call', async () => {
      const outcomes = await Promise.all([1, 2, 3, 4].map(() => storeCall(db(), finishedCall())));
      expect(outcomes).toEqual(['recorded', 'recorded', 'recorded', 'recorded']);
      expect((await call(1))?.turns).toHaveLength(2);
    });

    test('a long call is whole in whatever order its parts arrive', async () => {
      const part = (part: number) =>
        finishedCall({part, parts: 3, turns: [turnOfTest(part * 2), turnOfTest(part * 2 + 1)], summary: {turns: 6}});
      await storeCall(db(), part(2));
      await storeCall(db(), part(0));
      expect((await all()).calls).toMatchObject([{whole: false}]);
      await storeCall(db(), part(2));
      await storeCall(db(), part(1));
      expect((await all()).calls).toMatchObject([{whole: true, turns: 6}]);
      expect((await call(1))?.turns.map(turn => turn.turn)).toEqual([0, 1, 2, 3, 4, 5]);
    });

    test('an older record that arrives late changes nothing', async () => {
      const fuller = finishedCall({turns: [0, 1, 2].map(turn => turnOfTest(turn)), summary: {epoch: 2}});
      await storeCall(db(), fuller);
      expect(await storeCall(db(), finishedCall({summary: {endReason: 'platform.worker-lost'}}))).toBe('superseded');
      expect((await all()).calls).toMatchObject([{epoch: 2, endReason: 'caller.hung-up', turns: 3}]);
      expect((await call(1))?.turns).toHaveLength(3);
    });

    test('a fuller record of a later worker replaces the earlier record with all of its turns and failovers', async () => {
      const guess = {failover: 0, kind: 'worker-lost', at: 5, gapMs: 90, from: 'worker-1', to: null};
      await storeCall(db(), finishedCall({rest: {failovers: [guess]}, turns: [0, 1, 2].map(turn => turnOfTest(turn))}));
      expect((await all()).calls).toMatchObject([{failovers: 1}]);
      await storeCall(db(), finishedCall({summary: {epoch: 2}}));
      expect((await all()).calls).toMatchObject([{failovers: 0, turns: 2}]);
      expect(await call(1)).toMatchObject({failovers: [], turns: [{turn: 0}, {turn: 1}]});
    });

    test('the page of a call has its interruptions, tool calls, failovers and transcript', async () => {
      await storeCall(
        db(),
        finishedCall({
          rest: {
            interruptions: [
              {
                interruption: 0,
                turn: 1,
                at: 9_000,
                reactionMs: 4,
                tStopMs: 180,
                talkOverMs: 180,
                unheardMs: 700,
                truncatedAtMs: 1_300,
                uncertaintyMs: 8,
                refused: false,
                false: true,
              },
            ],
            toolCalls: [{call: 0, turn: 1, name: 'free_slots', at: 7_000, durationMs: 210, ok: true}],
            failovers: [{failover: 0, kind: 'worker-lost', at: 8_000, gapMs: 120, from: 'worker-1', to: 'worker-2'}],
            transcript: [{line: 0, turn: 0, role: 'assistant', at: 250, text: 'Hello', cut: false}],
          },
        }),
      );
      expect(await call(1)).toMatchObject({
        interruptions: [{atMs: 9_000, tStopMs: 180, falseInterruption: true}],
        toolCalls: [{name: 'free_slots', durationMs: 210}],
        failovers: [{kind: 'worker-lost', gapMs: 120, toProcess: 'worker-2'}],
        transcript: [{text: 'Hello'}],
        transcriptState: 'shown',
      });
      expect((await all({failoverKind: 'worker-lost'})).calls).toHaveLength(1);
      expect((await all({failoverKind: 'model-lost'})).calls).toEqual([]);
    });

    test('a viewer who has not signed in sees no transcript, and each viewing of one is recorded in the audit', async () => {
      const transcript = [{line: 0, turn: 0, role: 'caller', at: 1, text: 'my secret', cut: false}];
      await storeCall(
        db(),
        finishedCall({rest: {transcript}, summary: {caller: {hash: 'ab', lastTwo: '42', number: '+15550100'}}}),
      );
      const open = await readCall(db(), sidOf(1), LOCAL);
      expect(open).toMatchObject({transcript: [], transcriptState: 'no-password', callerNumber: null});
      expect(JSON.stringify([open, await all()])).not.toMatch(/secret|5550100/);
      expect(await call(1)).toMatchObject({transcript: [{text: 'my secret'}], callerNumber: '+15550100'});
      expect(await db().selectFrom('audit').select(['action', 'subject', 'who']).execute()).toEqual([
        {action: 'transcript.read', subject: sidOf(1), who: 'session s'},
      ]);
    });

    test('what tools were asked and answered is shown to those who may see words, and kept as long as those', async () => {
      const tool = {call: 0, turn: 1, name: 'look_up', at: 7_000, durationMs: 2_500, ok: false};
      const words = {arguments: '{"name":"my secret"}', result: 'no order of my secret \0'};
      const rest = {
        toolCalls: [
          {...tool, ...words, waitMs: 40, outcome: 'late', toldToWait: true},
          {...tool, call: 1},
        ],
      };
      await storeCall(db(), finishedCall({rest}));
      const facts = {name: 'look_up', waitMs: 40, outcome: 'late', toldToWait: true};
      const before = {name: 'look_up', waitMs: null, outcome: null, toldToWait: false, arguments: null, result: null};
      const open = await readCall(db(), sidOf(1), LOCAL);
      expect(open?.toolCalls).toMatchObject([{...facts, arguments: null, result: null}, before]);
      const shown = {...words, result: 'no order of my secret \uFFFD'};
      expect((await call(1))?.toolCalls).toMatchObject([{...facts, ...shown}, before]);
      expect(await db().selectFrom('audit').select('action').execute()).toEqual([{action: 'transcript.read'}]);
      await sweep(db(), {calls: 0, turns: 0, transcripts: 7, recordings: 0}, FIRST + 8 * DAY);
      expect((await call(1))?.toolCalls).toMatchObject([{...facts, arguments: null, result: null}, before]);
    });

    test('what an assistant noted is shown to those who may see words, and kept as long as those', async () => {
      const notes = {name: 'Kari \0 \uD800', guests: 4, vegetarian: true};
      await storeCall(db(), finishedCall({number: 1, summary: {notes}}));
      await storeCall(db(), finishedCall({number: 2}));
      const open = await readCall(db(), sidOf(1), LOCAL);
      expect([open?.notes, open?.transcriptState]).toEqual([{}, 'no-password']);
      expect((await call(2))?.transcriptState).toBe('not-kept');
      expect(JSON.stringify(await all())).not.toContain('Kari');
      const shown = {...notes, name: 'Kari \uFFFD \uFFFD'};
      expect([(await call(1))?.notes, (await call(2))?.notes]).toEqual([shown, {}]);
      expect(await db().selectFrom('audit').select('subject').execute()).toEqual([{subject: sidOf(1)}]);
      await sweep(db(), {calls: 0, turns: 0, transcripts: 7, recordings: 0}, FIRST + 8 * DAY);
      expect(await call(1)).toMatchObject({notes: {}, transcriptState: 'not-kept'});
    });

    test('when a caller was away is shown with the outcome, and not who was called', async () => {
      const away = {
        away: 0,
        at: 4_000,
        awayMs: 21_500,
        tool: 'to_desk',
        kind: 'number',
        lastTwo: '55',
        outcome: 'busy',
      };
      await storeCall(db(), finishedCall({number: 1, summary: {aways: [away]}}));
      const {at, ...others} = away;
      expect((await readCall(db(), sidOf(1), LOCAL))?.aways).toEqual([{...others, atMs: at}]);
    });

    test('when a person had heard that a machine speaks is kept, and what answered a call of ours', async () => {
      const disclosure = {heardAt: 2_300, by: 'mark', verbatim: true} as const;
      await storeCall(db(), finishedCall({number: 1, summary: {disclosure, answeredBy: 'human'}}));
      await storeCall(db(), finishedCall({number: 2}));
      expect(await readCall(db(), sidOf(1), LOCAL)).toMatchObject({disclosure, answeredBy: 'human'});
      expect(await readCall(db(), sidOf(2), LOCAL)).toMatchObject({disclosure: null, answeredBy: null});
    });

    test('hostile text is stored and shown as text', async () => {
      const text = `'); DROP TABLE calls; -- <script>alert(1)</script> \0 \u{1F600} \uD800`;
      await storeCall(
        db(),
        finishedCall({
          summary: {assistant: `<img onerror=x> \0`},
          rest: {transcript: [{line: 0, turn: 0, role: 'caller', at: 1, text, cut: false}]},
        }),
      );
      expect((await call(1))?.transcript[0]?.text).toBe(text.replace('\0', '\uFFFD').toWellFormed());
      expect((await all()).calls[0]?.assistant).toBe('<img onerror=x> \uFFFD');
    });

    test('an analyst finds the calls that went wrong, those behind a figure, and those in which something was said', async () => {
      const said = (text: string) => ({transcript: [{line: 0, turn: 0, role: 'caller', at: 1, text, cut: false}]});
      const slow = [turnOfTest(0), turnOfTest(1, {platformTurnGapMs: 2_400})];
      const wrong = {endReason: 'platform.model-lost', endedBy: 'platform'};
      await storeCall(db(), finishedCall({number: 1, summary: wrong, rest: said('My 100% wool coat')}));
      await storeCall(db(), finishedCall({number: 2, turns: slow, rest: said('a wooden box')}));
      await storeCall(db(), finishedCall({number: 3}));
      const found = async (query: object) => (await all(query)).calls.map(({callSid}) => callSid);
      expect(await found({failed: true})).toEqual([sidOf(1)]);
      expect(await found({failed: false})).toEqual([sidOf(3), sidOf(2)]);
      expect(await found({has: {metric: 'platform_turn_gap', from: 2_400, to: undefined}})).toEqual([sidOf(2)]);
      expect(await found({has: {metric: 'platform_turn_gap', from: 0, to: 2_400}})).toEqual([sidOf(3), sidOf(1)]);
      expect(await found({has: {metric: 'cost', from: 0.05, to: 0.06}, to: new Date(FIRST)})).toEqual([]);
      expect(await found({words: 'WOOL'})).toEqual([sidOf(1)]);
      expect(await found({words: '0% w'})).toEqual([sidOf(1)]);
      expect(await found({words: 'w_o'})).toEqual([]);
      expect(await neighboursOf(db(), sidOf(2), {})).toEqual({newer: sidOf(3), older: sidOf(1)});
      expect(await neighboursOf(db(), sidOf(2), {failed: true})).toEqual({newer: null, older: sidOf(1)});
      const lines: unknown[] = [];
      for await (const line of callsLines(db(), {failed: true})) lines.push(JSON.parse(line));
      expect(lines).toMatchObject([{call: {callSid: sidOf(1)}, transcript: []}]);
    });

    test('an analyst is told about a difference only where there is one, and where enough was measured', async () => {
      for (let number = 1; number <= 60; number += 1) {
        const isNew = number > 30;
        const turns = Array.from({length: 9}, (_, turn) =>
          turnOfTest(turn, {
            platformTurnGapMs: 800 + ((number * 37 + turn * 101) % 200) + (isNew ? 100 : 0),
            modelTtfbMs: 300 + ((number * 37 + turn * 101) % 200),
          }),
        );
        await storeCall(db(), finishedCall({number, turns, summary: {assistant: isNew ? 'new' : 'old'}}));
      }
      const ask = (metric: 'platform_turn_gap' | 'model_ttfb', figure: 'p50' | 'p95' | 'p99' | 'mean') =>
        difference(db(), {metric, figure, assistant: 'new', 'against.assistant': 'old'});
      for (const figure of ['p50', 'p95', 'mean'] as const) {
        const slower = await ask('platform_turn_gap', figure);
        expect(slower.difference).toBeGreaterThan(80);
        expect(slower.interval?.low).toBeGreaterThan(60);
        expect(slower.interval?.high).toBeLessThan(140);
        const same = await ask('model_ttfb', figure);
        expect(same.interval?.low).toBeLessThan(0);
        expect(same.interval?.high).toBeGreaterThan(0);
      }
      expect(await ask('platform_turn_gap', 'p99')).toMatchObject({counts: [270, 270], interval: null});
      const nothing = await difference(db(), {metric: 't_stop', figure: 'p95', 'against.assistant': 'old'});
      expect(nothing).toMatchObject({difference: null, interval: null});
    });

    test('a day of an analyst begins at their midnight', async () => {
      await storeCall(db(), finishedCall({number: 1, startedAt: Date.UTC(2026, 10, 2, 22, 30)}));
      await storeCall(db(), finishedCall({number: 2, startedAt: Date.UTC(2026, 10, 2, 23, 30)}));
      const days = async (offset: number) =>
        (await measure(db(), {metric: 'calls', bucket: 'day', offset})).groups.map(({at, count}) => [at, count]);
      expect(await days(0)).toEqual([['2026-11-02T00:00:00.000Z', 2]]);
      expect(await days(60)).toEqual([
        ['2026-11-01T23:00:00.000Z', 1],
        ['2026-11-02T23:00:00.000Z', 1],
      ]);
    });

    test('a call whose clock jumped back is listed without a length', async () => {
      await storeCall(db(), finishedCall({startedAt: FIRST, summary: {endedAt: FIRST - 5_000}}));
      expect((await all()).calls).toMatchObject([{durationMs: null}]);
      expect(await concurrency(db(), {bucket: 'hour'})).toEqual({bucket: 'hour', missingBefore: null, buckets: []});
    });

    test('a call that was erased does not come back with a late copy of its record', async () => {
      await storeCall(db(), finishedCall({number: 1}));
      await storeCall(db(), finishedCall({number: 2}));
      expect(await eraseCalls(db(), {callSid: sidOf(1)}, {who: null})).toBe(1);
      expect(await storeCall(db(), finishedCall({number: 1}))).toBe('erased');
      expect((await all()).calls.map(call => call.callSid)).toEqual([sidOf(2)]);
      expect(await db().selectFrom('turns').select('callSid').distinct().execute()).toEqual([{callSid: sidOf(2)}]);
    });

    test('a caller who wants to be forgotten is deleted from every call from or to their number', async () => {
      await storeCall(db(), finishedCall({number: 1}));
      await storeCall(db(), finishedCall({number: 2, summary: {caller: {hash: 'other', lastTwo: '11', number: null}}}));
      await storeCall(
        db(),
        finishedCall({
          number: 3,
          summary: {
            caller: {hash: 'x', lastTwo: null, number: null},
            callee: {hash: 'abc123', lastTwo: null, number: null},
          },
        }),
      );
      expect(await eraseCalls(db(), {numberHash: 'abc123'}, VIEWER)).toBe(2);
      expect(await storeCall(db(), finishedCall({number: 3}))).toBe('erased');
      expect((await all()).calls.map(call => call.callSid)).toEqual([sidOf(2)]);
    });

    test('a record of a forgotten number that was still on its way is not stored, and a later call of it is', async () => {
      expect(await eraseCalls(db(), {numberHash: 'abc123'}, VIEWER)).toBe(0);
      expect(await storeCall(db(), finishedCall({number: 1}))).toBe('erased');
      const later = finishedCall({number: 2, startedAt: Date.now() + MINUTE});
      expect(await storeCall(db(), later)).toBe('recorded');
      expect((await all()).calls.map(call => call.callSid)).toEqual([sidOf(2)]);
      await sweep(db(), {calls: 0, turns: 0, transcripts: 0, recordings: 0}, Date.now() + 31 * DAY);
      expect(await db().selectFrom('forgottenNumbers').selectAll().execute()).toEqual([]);
    });

    test('pages of a list do not move while new calls arrive', async () => {
      for (let number = 1; number <= 7; number += 1) await storeCall(db(), finishedCall({number}));
      const first = await all({limit: 3});
      await storeCall(db(), finishedCall({number: 8}));
      const [, at = '', callSid = ''] = /^(\d+)-(.*)$/.exec(first.next ?? '') ?? [];
      const second = await all({limit: 3, after: {at: new Date(Number(at)), callSid}});
      expect([...first.calls, ...second.calls].map(call => call.callSid)).toEqual([7, 6, 5, 4, 3, 2].map(sidOf));
    });

    test('an analyst filters the list of calls by how they went', async () => {
      const booking = {assistant: 'booking', assistantVersion: '0123456789abcdef'};
      await storeCall(db(), finishedCall({number: 1, summary: booking}));
      await storeCall(db(), finishedCall({number: 2, summary: {bargeIns: 2}}));
      await storeCall(
        db(),
        finishedCall({number: 3, summary: {endReason: 'platform.model-lost', endedBy: 'platform'}}),
      );
      const found = async (query: object) => (await all(query)).calls.map(call => Number(`0x${call.callSid.slice(2)}`));
      expect(await found({assistant: 'booking'})).toEqual([1]);
      expect(await found({version: booking.assistantVersion})).toEqual([1]);
      expect(await found({interrupted: true})).toEqual([2]);
      expect(await found({endReason: 'platform.model-lost'})).toEqual([3]);
      expect(await found({from: new Date(FIRST + 2 * MINUTE), to: new Date(FIRST + 3 * MINUTE)})).toEqual([2]);
      expect(await found({search: sidOf(3)})).toEqual([3]);
      expect(await found({search: '0'.repeat(31)})).toEqual([3, 2, 1]);
    });

    test('an analyst finds the call of a client that is not Twilio by its own id', async () => {
      for (const [place, callSid] of ['test_call', 'testXcall', '1764350000000'].entries())
        await storeCall(db(), finishedCall({number: place + 1, summary: {callSid}}));
      const found = async (search: string) => (await all({search})).calls.map(({callSid}) => callSid);
      expect(await found('test_c')).toEqual(['test_call']);
      expect(await found('test')).toEqual(['testXcall', 'test_call']);
      expect(await found('17643')).toEqual(['1764350000000']);
    });

    test('percentiles are exact, and values that were not seen are left out', async () => {
      const values = Array.from({length: 101}, (_, index) => (index * 37) % 101);
      const turns = values.map((value, turn) => turnOfTest(turn, {platformTurnGapMs: value}));
      for (let part = 0; part < 3; part += 1)
        await storeCall(
          db(),
          finishedCall({part, parts: 3, turns: turns.slice(part * 50, part * 50 + 50), summary: {turns: 101}}),
        );
      await storeCall(db(), finishedCall({number: 2, turns: [turnOfTest(0, {platformTurnGapMs: null})]}));
      const {groups} = await measure(db(), {metric: 'platform_turn_gap'});
      expect(groups).toMatchObject([
        {count: 101, mean: 50, min: 0, max: 100, sum: 5_050, p50: 50, p90: 90, p95: 95, p99: 99},
      ]);
    });

    test('an analyst splits figures by time and by assistant', async () => {
      await storeCall(db(), finishedCall({number: 1}));
      await storeCall(db(), finishedCall({number: 2, summary: {assistant: 'booking', costUsd: 0.2}}));
      await storeCall(db(), finishedCall({number: 3, startedAt: FIRST + DAY}));
      const cost = await measure(db(), {metric: 'cost', bucket: 'day', by: 'assistant'});
      expect(cost.groups.map(({at, group, count, sum}) => [at, ...group, count, sum])).toEqual([
        ['2026-11-02T00:00:00.000Z', 'booking', 1, 0.2],
        ['2026-11-02T00:00:00.000Z', 'default', 1, 0.05],
        ['2026-11-03T00:00:00.000Z', 'default', 1, 0.05],
      ]);
      await expect(measure(db(), {metric: 'cost', by: 'tool'})).rejects.toMatchObject({problem: {field: 'by'}});
    });

    test('an analyst compares two versions of an assistant, turn by turn', async () => {
      const versions = {old: '00000000000000aa', next: '00000000000000bb'};
      for (const [number, assistantVersion, gap] of [
        [1, versions.old, 900],
        [2, versions.next, 700],
        [3, null, 500],
      ] as const) {
        const turns = [turnOfTest(1, {platformTurnGapMs: gap, toolMs: gap / 10})];
        await storeCall(db(), finishedCall({number, turns, summary: {assistantVersion}}));
      }
      const gap = await measure(db(), {metric: 'platform_turn_gap', by: 'version'});
      expect(gap.groups.map(({group, p50}) => [...group, p50])).toEqual([
        [versions.old, 900],
        [versions.next, 700],
        [null, 500],
      ]);
      const tools = await measure(db(), {metric: 'tool_time', version: versions.next});
      expect(tools.groups).toMatchObject([{count: 1, mean: 70}]);
      expect((await facets(db())).versions).toEqual([
        {
          assistant: 'default',
          version: versions.next,
          first: new Date(FIRST + 2 * MINUTE).toISOString().replace('.000', ''),
        },
        {
          assistant: 'default',
          version: versions.old,
          first: new Date(FIRST + MINUTE).toISOString().replace('.000', ''),
        },
      ]);
    });

    test('an analyst finds the calls whose questions at ring time came to nothing', async () => {
      for (const [number, ring] of [
        [1, {outcome: 'answered', ms: 80}],
        [2, {outcome: 'late', ms: 1_500}],
        [3, null],
      ] as const)
        await storeCall(db(), finishedCall({number, summary: {ring}}));
      expect((await all({ring: 'late'})).calls).toMatchObject([
        {callSid: sidOf(2), ringOutcome: 'late', ringMs: 1_500},
      ]);
      expect((await all({ring: 'asked'})).calls).toHaveLength(2);
      const {groups} = await measure(db(), {metric: 'ring', by: 'ring'});
      expect(groups.map(({group, max}) => [...group, max])).toEqual([
        ['answered', 80],
        ['late', 1_500],
      ]);
    });

    describe('callers who hung up while they waited for an answer', () => {
      const unanswered = {audioStartedAt: null, audioEndedAt: null, platformTurnGapMs: null};
      const waited = async () =>
        (await all()).calls.toReversed().map(({callSid, hungUpWaitingMs}) => [callSid, hungUpWaitingMs]);
      const count = async () => (await measure(db(), {metric: 'wait_at_hang_up'})).groups[0]?.count;

      test('are counted with how long they had waited; who was answered, or only said goodbye, is not', async () => {
        const cases = [
          [turnOfTest(0), turnOfTest(1, unanswered)],
          // Before the greeting: they never spoke.
          [turnOfTest(0, unanswered)],
          [turnOfTest(0), turnOfTest(1, unanswered), turnOfTest(2)],
          [turnOfTest(0), turnOfTest(1, {...unanswered, callerEndedAt: 28_500})],
        ];
        for (const [index, turns] of cases.entries()) await storeCall(db(), finishedCall({number: index + 1, turns}));
        const others = {endReason: 'platform.model-lost', endedBy: 'platform'};
        await storeCall(db(), finishedCall({number: 5, turns: cases[0]!, summary: others}));
        expect(await waited()).toEqual([
          [sidOf(1), 24_000],
          [sidOf(2), 30_000],
          [sidOf(3), null],
          [sidOf(4), null],
          [sidOf(5), null],
        ]);
        expect(await count()).toBe(2);
        const has = {metric: 'wait_at_hang_up', from: 25_000, to: undefined} as const;
        expect(await countCalls(db(), {has})).toEqual({count: 1, missingBefore: null});
      });

      test('are known when every part of a call is there, and no longer if a fuller record says otherwise', async () => {
        const parts = [[turnOfTest(0), turnOfTest(1, unanswered)], [turnOfTest(2)]];
        const part = (index: number) =>
          finishedCall({part: index, parts: 2, turns: parts[index]!, summary: {turns: 3}});
        await storeCall(db(), part(0));
        expect(await waited()).toEqual([[sidOf(1), null]]);
        await storeCall(db(), part(1));
        expect(await waited()).toEqual([[sidOf(1), null]]);
        await storeCall(db(), finishedCall({number: 2, turns: parts[0]!}));
        expect(await count()).toBe(1);
        const end = {epoch: 2, endReason: 'assistant.hung-up', endedBy: 'assistant'};
        await storeCall(db(), finishedCall({number: 2, turns: parts[0]!, summary: end}));
        expect(await count()).toBe(0);
      });
    });

    test('the parts of turns are the means of their metrics, in the same time buckets', async () => {
      const slow = {endOfTurnDelayMs: 700, modelTtfbMs: 500, toolMs: 4_000, hopUpMs: 0.8};
      for (const [number, figures] of [{}, slow, {toolMs: 0}].entries()) {
        const startedAt = FIRST + number * 13 * 60 * MINUTE;
        await storeCall(db(), finishedCall({number, startedAt, turns: [turnOfTest(0), turnOfTest(1, figures)]}));
      }
      const split = {bucket: 'day', offset: 60} as const;
      const {buckets} = await turnParts(db(), split);
      expect(buckets).toHaveLength(2);
      for (const [part, metric] of [
        ['endOfTurnDelay', 'end_of_turn_delay'],
        ['modelTtfb', 'model_ttfb'],
        ['toolTime', 'tool_time'],
        ['hopUp', 'hop_up'],
        ['hopDown', 'hop_down'],
      ] as const) {
        const {groups} = await measure(db(), {metric, ...split});
        expect(buckets.map(one => [one.at, one[part]])).toEqual(groups.map(({at, mean}) => [at, mean]));
      }
      expect(buckets.map(({turns}) => turns)).toEqual([2, 1]);
    });

    test('an analyst finds the longest waits, and where the time of each went', async () => {
      const slow = {platformTurnGapMs: 900, toolMs: 4_000};
      for (const [number, figures] of [{platformTurnGapMs: 700}, slow, {platformTurnGapMs: 2_500}].entries())
        await storeCall(db(), finishedCall({number: number + 1, turns: [turnOfTest(0), turnOfTest(1, figures)]}));
      const {waits} = await longestWaits(db(), {limit: 2});
      expect(waits).toMatchObject([
        {callSid: sidOf(2), turn: 1, waitMs: 4_900, toolMs: 4_000, endOfTurnDelayMs: 500, modelTtfbMs: 300},
        {callSid: sidOf(3), waitMs: 2_500, toolMs: null},
      ]);
      expect(await longestWaits(db(), {limit: 5, assistant: 'other'})).toEqual({waits: [], missingBefore: null});
    });

    test('an analyst finds the calls in which a tool was asked for, and counts them', async () => {
      const tool = {call: 0, turn: 1, at: 2_000, durationMs: 900, ok: true, outcome: 'ok'};
      for (const [index, name] of ['find_table', 'book_table', 'find_table'].entries())
        await storeCall(db(), finishedCall({number: index + 1, rest: {toolCalls: [{...tool, name}]}}));
      expect((await all({tool: 'find_table'})).calls.map(({callSid}) => callSid)).toEqual([sidOf(3), sidOf(1)]);
      expect(await countCalls(db(), {tool: 'book_table'})).toMatchObject({count: 1});
      expect(await countCalls(db(), {})).toEqual({count: 3, missingBefore: null});
    });

    test('an analyst tells the calls of the phone in the browser from those of telephones', async () => {
      await storeCall(db(), finishedCall({number: 1, summary: {via: 'browser'}}));
      await storeCall(db(), finishedCall({number: 2}));
      expect((await all({via: 'browser'})).calls).toMatchObject([{callSid: sidOf(1), via: 'browser'}]);
      expect((await all({via: 'telephone'})).calls).toMatchObject([{callSid: sidOf(2), via: 'telephone'}]);
      const {groups} = await measure(db(), {metric: 'calls', by: 'via'});
      expect(groups.map(({group, count}) => [...group, count])).toEqual([
        ['browser', 1],
        ['telephone', 1],
      ]);
    });

    test('a question about nothing has an empty answer', async () => {
      expect((await measure(db(), {metric: 'calls', bucket: 'hour'})).groups).toEqual([]);
      expect((await measure(db(), {metric: 't_stop'})).groups).toMatchObject([{count: 0, mean: null, p50: null}]);
      expect(await facets(db())).toMatchObject({assistants: [], versions: [], first: null});
    });

    test('an analyst sees the peak of concurrent calls in each time bucket', async () => {
      for (const [number, from, to] of [
        [1, 0, 10],
        [2, 5, 15],
        [3, 9, 80],
        [4, 10, 12],
      ] as const) {
        const startedAt = FIRST + from * MINUTE;
        await storeCall(db(), finishedCall({number, startedAt, summary: {endedAt: FIRST + to * MINUTE}}));
      }
      const {buckets} = await concurrency(db(), {bucket: 'hour'});
      expect(buckets.map(({peak}) => peak)).toEqual([3, 1]);
    });

    test('an analyst of one version sees the concurrent calls of that version only', async () => {
      for (const [number, assistantVersion] of ['00000000000000aa', '00000000000000bb'].entries())
        await storeCall(db(), finishedCall({number, startedAt: FIRST, summary: {assistantVersion}}));
      const peaks = async (version?: string) =>
        (await concurrency(db(), {bucket: 'hour', ...(version ? {version} : {})})).buckets.map(({peak}) => peak);
      expect(await peaks()).toEqual([2]);
      expect(await peaks('00000000000000aa')).toEqual([1]);
    });

    test('an analyst sees when people call over years, by the clock of their zone in summer and in winter', async () => {
      // Mondays, 09:30 in Oslo.
      for (const [number, at] of ['2024-01-08T08:30:00Z', '2025-07-07T07:30:00Z', '2026-11-02T08:30:00Z'].entries())
        await storeCall(db(), finishedCall({number, startedAt: Date.parse(at)}));
      const time = {from: new Date('2020-01-01'), to: new Date('2030-01-01')};
      expect((await callsByHour(db(), {...time, zone: 'Europe/Oslo'})).hours).toEqual([
        {weekday: 1, hour: 9, count: 3},
      ]);
      expect((await callsByHour(db(), {zone: 'UTC', to: new Date('2026-01-01')})).hours).toEqual([
        {weekday: 1, hour: 7, count: 1},
        {weekday: 1, hour: 8, count: 1},
      ]);
    });

    test('the filters offer each assistant, model and worker once, and the workers seen last first', async () => {
      for (const [number, [assistant, model, worker]] of [
        ['survey', 'b', 'worker-1'],
        ['default', 'a', 'worker-2'],
        ['survey', 'b', 'worker-3'],
        ['survey', 'c', 'worker-1'],
        ['survey', 'c', 'worker-2'],
      ].entries())
        await storeCall(db(), finishedCall({number, summary: {assistant, model, worker}}));
      expect(await facets(db())).toMatchObject({
        assistants: ['default', 'survey'],
        models: ['a', 'b', 'c'],
        workers: ['worker-2', 'worker-1', 'worker-3'],
      });
    });

    test('a histogram counts every value once', async () => {
      const turns = [10, 20, 99, 100, 101, 1e9].map((value, turn) => turnOfTest(turn, {heardMs: value}));
      await storeCall(db(), finishedCall({turns}));
      const {bins} = await histogram(db(), {metric: 'heard_audio', step: 100});
      expect(bins).toEqual([
        {from: 0, count: 3},
        {from: 100, count: 2},
        {from: 19_900, count: 1},
      ]);
    });

    describe('recordings', () => {
      const objects = new Map<string, Buffer>();
      const store: RecordingStore = {
        put: (key, body) => Promise.resolve(void objects.set(key, body)),
        read: (key, from, to) => Promise.resolve(objects.get(key)?.subarray(from, to)),
        list: prefix =>
          Promise.resolve(
            [...objects].flatMap(([key, {length}]) => (key.startsWith(prefix) ? [{key, bytes: length}] : [])),
          ),
        remove: keys => Promise.resolve(keys.forEach(key => objects.delete(key))),
      };
      const sid = CallSid.parse(sidOf(1));
      const chunk = (fromMs: number, ms: number) => objects.set(chunkKey(sid, fromMs, 1), Buffer.alloc(ms * 16, 1));
      const recorded = finishedCall({summary: {recordedFromMs: 1_000}});
      /** Everything that is due is due now. */
      const work = async () => {
        await db()
          .updateTable('recordings')
          .set({lookAt: sql<Date>`now()`})
          .where('lookAt', 'is not', null)
          .execute();
        return await finishNext(db(), store);
      };
      beforeEach(() => objects.clear());

      test('the pieces of a recorded call become one file, and the call tells of it', async () => {
        await storeCall(db(), recorded);
        await storeCall(db(), recorded);
        expect((await call(1))?.recording).toEqual({state: 'waiting', fromMs: 1_000, untilMs: 30_000, missingMs: 0});
        for (const fromMs of [1_000, 11_000, 21_000]) chunk(fromMs, fromMs === 21_000 ? 9_000 : 10_000);
        expect(await work()).toBe(true);
        expect((await call(1))?.recording).toMatchObject({state: 'kept', missingMs: 0});
        expect([...objects.keys()].toSorted()).toEqual([`${sid}.peaks`, `${sid}.wav`]);
        expect(objects.get(`${sid}.wav`)).toHaveLength(58 + 29_000 * 16);
        expect(await work()).toBe(false);
      });

      test('a piece that a dead worker took with it is waited for, then told of as missing', async () => {
        await storeCall(db(), recorded);
        chunk(1_000, 10_000);
        await work();
        expect((await call(1))?.recording?.state).toBe('waiting');
        await db()
          .updateTable('recordings')
          .set({recordedAt: sql<Date>`now() - interval '2 minutes'`})
          .execute();
        await work();
        expect((await call(1))?.recording).toMatchObject({state: 'partial', missingMs: 19_000});
      });

      test('a store that is unavailable loses nothing: the recording is joined when it is back', async () => {
        await storeCall(db(), recorded);
        chunk(1_000, 29_000);
        const list = () => Promise.reject(new Error('away'));
        await sql`UPDATE recordings SET look_at = now()`.execute(db());
        await expect(finishNext(db(), {...store, list})).rejects.toThrow('away');
        await work();
        expect((await call(1))?.recording?.state).toBe('kept');
      });

      test('of a call that is erased, its recording is removed too, also if its last piece comes later', async () => {
        await storeCall(db(), recorded);
        chunk(1_000, 29_000);
        await work();
        await eraseCalls(db(), {callSid: sid}, VIEWER);
        await work();
        chunk(1_000, 10_000);
        await db()
          .updateTable('recordings')
          .set({recordedAt: sql<Date>`now() - interval '2 minutes'`})
          .execute();
        await work();
        expect(objects.size).toBe(0);
        expect(await db().selectFrom('recordings').selectAll().execute()).toEqual([]);
      });

      test('a call that was erased while it was in progress leaves no recording behind', async () => {
        await eraseCalls(db(), {callSid: sid}, VIEWER);
        expect(await storeCall(db(), recorded)).toBe('erased');
        chunk(1_000, 29_000);
        await work();
        expect(objects.size).toBe(0);
      });

      test('a recording that is erased while it is being joined is not kept', async () => {
        await storeCall(db(), recorded);
        chunk(1_000, 29_000);
        const put: RecordingStore['put'] = async (key, body) => {
          await eraseCalls(db(), {callSid: sid}, VIEWER);
          objects.set(key, body);
        };
        await sql`UPDATE recordings SET look_at = now()`.execute(db());
        await finishNext(db(), {...store, put});
        expect(objects.size).toBe(0);
      });

      test('a process that wakes while it joins a recording that another one has joined leaves it as it is', async () => {
        // It does not run before it reads a piece, before it keeps the recording, or before it says that it is kept.
        for (const before of ['read', 'put', 'remove'] as const) {
          objects.clear();
          await eraseCalls(db(), {callSid: sid}, VIEWER);
          await sql`TRUNCATE calls, erased_calls, recordings CASCADE`.execute(db());
          await storeCall(db(), recorded);
          for (const fromMs of [1_000, 11_000, 21_000]) chunk(fromMs, fromMs === 21_000 ? 9_000 : 10_000);
          let hasSlept = false;
          const asleep = async () => {
            if (hasSlept) return;
            hasSlept = true;
            await work();
          };
          const frozen: RecordingStore = {
            ...store,
            [before]: async (...asked: Parameters<RecordingStore['read']>) => {
              await asleep();
              return await (store[before] as (...all: typeof asked) => Promise<unknown>)(...asked);
            },
          };
          await sql`UPDATE recordings SET look_at = now()`.execute(db());
          await finishNext(db(), frozen);
          expect(hasSlept).toBe(true);
          expect((await call(1))?.recording).toMatchObject({state: 'kept', missingMs: 0});
          expect([...objects.keys()].toSorted()).toEqual([`${sid}.peaks`, `${sid}.wav`]);
          expect(
            objects
              .get(`${sid}.wav`)
              ?.subarray(58)
              .every(byte => byte === 1),
          ).toBe(true);
          expect(await work()).toBe(false);
        }
      });

      test('recordings are removed when their retention is over, or that of their call', async () => {
        const retention = {calls: 90, turns: 0, transcripts: 0, recordings: 7};
        await storeCall(db(), recorded);
        chunk(1_000, 29_000);
        await work();
        expect(await sweep(db(), retention, FIRST + 5 * DAY)).toEqual({});
        expect(await sweep(db(), retention, FIRST + 8 * DAY)).toEqual({recordings: 1});
        await work();
        expect([objects.size, (await call(1))?.recording]).toEqual([0, null]);
        await storeCall(db(), finishedCall({number: 2, summary: {recordedFromMs: 0}}));
        expect(await sweep(db(), {...retention, recordings: 0}, FIRST + 91 * DAY)).toMatchObject({recordings: 1});
      });
    });

    test('captures of erased calls and old ones are removed from the store, also one that a worker sends later', async () => {
      const objects = new Set<string>();
      const store: RecordingStore = {
        put: async key => void objects.add(key),
        read: async () => undefined,
        list: async prefix => [...objects].flatMap(key => (key.startsWith(prefix) ? [{key, bytes: 1}] : [])),
        remove: async keys => keys.forEach(key => objects.delete(key)),
      };
      const captured = async (nth: number, at: number) =>
        await store.put(captureKey(sidOf(nth), 'worker-1a', at), Buffer.alloc(1));
      const when = {days: 7, wall: FIRST + 8 * DAY};
      await storeCall(db(), finishedCall());
      await captured(1, FIRST + 7 * DAY);
      await captured(2, FIRST + 7 * DAY);
      await captured(3, FIRST);
      await store.put('captures/notes.txt', Buffer.alloc(1));
      expect(await sweepCaptures(db(), store, when)).toBe(1);
      await eraseCalls(db(), {callSid: CallSid.parse(sidOf(1))}, VIEWER);
      expect(await sweepCaptures(db(), store, when)).toBe(1);
      await captured(1, FIRST + 7 * DAY + 1);
      expect(await sweepCaptures(db(), store, when)).toBe(1);
      expect([...objects]).toEqual([captureKey(sidOf(2), 'worker-1a', FIRST + 7 * DAY), 'captures/notes.txt']);
      // Of a call of a forgotten number that had not ended, too.
      await sql`INSERT INTO forgotten_numbers (number_hash) VALUES ('cafe')`.execute(db());
      const caller = {hash: 'cafe', lastTwo: '07', number: null};
      expect(await storeCall(db(), finishedCall({number: 2, summary: {caller}}))).toBe('erased');
      expect(await sweepCaptures(db(), store, when)).toBe(1);
    });

    describe('once turns were deleted, a month after their calls', () => {
      const KEPT = {calls: 0, turns: 30, transcripts: 0, recordings: 0};
      const NOW = FIRST + 90 * DAY;
      const LIMIT = new Date(NOW - 30 * DAY);
      const since = (daysAgo: number) => new Date(NOW - daysAgo * DAY);
      const gap = {metric: 'platform_turn_gap'} as const;
      beforeEach(async () => {
        for (const [number, daysAgo] of [89, 45, 20, 5].entries())
          await storeCall(db(), finishedCall({number: number + 1, startedAt: NOW - daysAgo * DAY}));
        await sweep(db(), KEPT, NOW);
      });

      test('an analyst who asks for a longer time is told from when on there are turns, and no other is told anything', async () => {
        const missing = LIMIT.toISOString();
        for (const from of [undefined, since(60)]) {
          expect(await measure(db(), {...gap, from})).toMatchObject({missingBefore: missing, groups: [{count: 2}]});
          expect(await measure(db(), {...gap, from, bucket: 'week'})).toMatchObject({missingBefore: missing});
          expect(await histogram(db(), {...gap, from, step: 50})).toMatchObject({missingBefore: missing});
        }
        expect(await measure(db(), {...gap, from: since(30)})).toMatchObject({missingBefore: null});
        expect(await measure(db(), {metric: 'cost'})).toMatchObject({missingBefore: null, groups: [{count: 4}]});
        expect(await concurrency(db(), {bucket: 'day', offset: undefined})).toMatchObject({missingBefore: null});
        expect(await callsByHour(db(), {zone: 'UTC'})).toMatchObject({missingBefore: null});
      });

      test('what was deleted is said as long as it is missing, whatever the setting is later', async () => {
        await sweep(db(), {...KEPT, turns: 365}, NOW + DAY);
        expect(await measure(db(), gap)).toMatchObject({missingBefore: LIMIT.toISOString()});
        await sweep(db(), {...KEPT, turns: 7}, NOW + DAY);
        expect(await measure(db(), gap)).toMatchObject({missingBefore: since(6).toISOString()});
      });

      test('a whole time is not compared with one whose turns were deleted, but two assistants in the same time are', async () => {
        const asked = {...gap, figure: 'mean', from: since(30), to: since(0)} as const;
        expect(await difference(db(), {...asked, 'against.from': since(60), 'against.to': since(30)})).toMatchObject({
          counts: [2, 0],
          difference: null,
          missingBefore: LIMIT.toISOString(),
        });
        const before = {'against.from': since(17), 'against.to': since(4)};
        expect(await difference(db(), {...asked, ...before})).toMatchObject({difference: 0, missingBefore: null});
        const long = {from: since(90), to: since(0), 'against.from': since(90), 'against.to': since(0)};
        expect(await difference(db(), {...asked, ...long})).toMatchObject({
          difference: 0,
          missingBefore: LIMIT.toISOString(),
        });
      });

      test('a list that is found by turns says that it lacks calls, and a list of all calls does not', async () => {
        const has = {metric: 'platform_turn_gap', from: 1, to: undefined} as const;
        expect(await all({has})).toMatchObject({missingBefore: LIMIT.toISOString(), calls: [{}, {}]});
        expect(await all({failoverKind: 'worker-lost'})).toMatchObject({missingBefore: LIMIT.toISOString()});
        expect(await all({has: {...has, metric: 'cost'}})).toMatchObject({missingBefore: null});
        expect(await all({words: 'hello'})).toMatchObject({missingBefore: null});
        expect(await all()).toMatchObject({missingBefore: null, calls: [{}, {}, {}, {}]});
      });

      test('the page of a call says what of it was deleted', async () => {
        expect(await call(1)).toMatchObject({turns: [], missing: ['turns']});
        expect(await call(4)).toMatchObject({turns: [{}, {}], missing: []});
      });

      test('calls that were deleted are missing in figures of calls and of turns', async () => {
        await sweep(db(), {...KEPT, calls: 10}, NOW);
        const missing = since(10).toISOString();
        expect(await measure(db(), {metric: 'calls', from: since(60)})).toMatchObject({missingBefore: missing});
        expect(await measure(db(), {...gap, from: since(20)})).toMatchObject({missingBefore: missing});
        expect(await concurrency(db(), {bucket: 'day', offset: undefined})).toMatchObject({missingBefore: missing});
        expect(await all()).toMatchObject({missingBefore: missing});
      });
    });

    test('on the first days nothing was deleted, and no answer says that something is missing', async () => {
      await storeCall(db(), finishedCall());
      await sweep(db(), {calls: 365, turns: 90, transcripts: 30, recordings: 30}, FIRST + 3 * DAY);
      const from = new Date(FIRST - 362 * DAY);
      expect(await measure(db(), {metric: 'platform_turn_gap', from})).toMatchObject({missingBefore: null});
      expect(await all({from})).toMatchObject({missingBefore: null});
      expect((await call(1))?.missing).toEqual([]);
    });

    test('each kind of record is deleted when its retention is over', async () => {
      const transcript = [{line: 0, turn: 0, role: 'caller', at: 1, text: 'hello', cut: false}];
      await storeCall(db(), finishedCall({number: 1, startedAt: FIRST, rest: {transcript}}));
      await storeCall(db(), finishedCall({number: 2, startedAt: FIRST + 20 * DAY, rest: {transcript}}));
      const retention = {calls: 90, turns: 30, transcripts: 7, recordings: 0};
      expect(await sweep(db(), retention, FIRST + 10 * DAY)).toEqual({transcripts: 1});
      expect(await sweep(db(), retention, FIRST + 31 * DAY)).toEqual({transcripts: 1, turns: 2});
      expect(await sweep(db(), retention, FIRST + 91 * DAY)).toMatchObject({calls: 1});
      expect(await sweep(db(), {...retention, calls: 0}, FIRST + 900 * DAY)).not.toHaveProperty('calls');
      expect((await all()).calls).toHaveLength(1);
    });

    test('a session ends when it was not used for two hours, or is twelve hours old', async () => {
      const hour = 60 * MINUTE;
      let now = FIRST;
      const sessions = new Sessions({now: db()}, {wall: () => now});
      const findAt = async (wall: number, token: string) => {
        now = wall;
        return await sessions.find(token);
      };
      const token = await sessions.open();
      expect(await findAt(FIRST + hour, token)).toMatch(/^[0-9a-f]{12}$/);
      expect(await findAt(FIRST, 'x'.repeat(43))).toBeUndefined();
      for (let at = FIRST + 2 * hour; at <= FIRST + 12 * hour; at += hour)
        expect(await findAt(at, token)).toBeDefined();
      expect(await findAt(FIRST + 12 * hour + 1, token)).toBeUndefined();
      now = FIRST;
      const idle = await sessions.open();
      expect(await findAt(FIRST + 2 * hour + 1, idle)).toBeUndefined();
    });

    test('migrations run once, however often the database is prepared', async () => {
      await Promise.all([database.prepare(), database.prepare()]);
      const {rows} = await sql<{name: string}>`SELECT name FROM schema_migrations ORDER BY name`.execute(db());
      const files = (await readdir(new URL('../../migrations/', import.meta.url))).toSorted();
      expect(rows.map(row => row.name)).toEqual(files);
    });

    test('an analyst with tools of their own finds the columns of both views', async () => {
      await storeCall(db(), finishedCall());
      const {rows: calls} = await sql`SELECT * FROM v_calls`.execute(db());
      expect(calls).toMatchObject([{callSid: sidOf(1), whole: true}]);
      expect(calls).toMatchObject([{tokensInputCached: 300, tokensInputCachedText: 64, tokensInputCachedAudio: 236}]);
      expect(JSON.stringify(calls)).not.toContain('Number');
      const {rows: turns} = await sql`SELECT * FROM v_turns ORDER BY turn`.execute(db());
      expect(turns).toMatchObject([{turn: 0}, {turn: 1, platformTurnGapMs: 801}]);
    });
  });
}
