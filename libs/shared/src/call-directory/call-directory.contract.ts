import {randomBytes} from 'node:crypto';
import {isDeepStrictEqual} from 'node:util';
import fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {CallSid, ProcessId, StreamSid, Ticket} from '../protocol/ids.ts';
import type {CallDirectory, CallEntry} from './call-directory.ts';

const newCallSid = () => CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
const newStreamSid = () => StreamSid.parse(`MZ${randomBytes(16).toString('hex')}`);
const newTicket = () => Ticket.parse(randomBytes(16).toString('hex'));
const again = (ticket = newTicket(), attempts = 0) => ({ticket, attempts});
const [ann, bob] = [ProcessId.parse('worker-aaaa'), ProcessId.parse('worker-bbbb')];
const [edge, otherEdge] = [ProcessId.parse('edge-aaaa'), ProcessId.parse('edge-bbbb')];

/** What every implementation of the call directory must do, above all when an owner dies, hangs or comes late. */
export function describeCallDirectory(name: string, open: () => CallDirectory): void {
  const taken = async (directory: CallDirectory, callSid = newCallSid()): Promise<CallEntry> => {
    const ticket = newTicket();
    const facts = {direction: 'inbound'};
    const claim = await directory.claim(callSid, {
      epoch: 0,
      owner: ann,
      at: 1_000,
      assistant: 'default',
      ticket,
      facts,
    });
    if (!claim.won) throw new Error('the first claim lost');
    return claim.call;
  };

  describe(`the call directory ${name}`, () => {
    test('does not know a call that was never claimed', async () => {
      const directory = open();
      const callSid = newCallSid();
      expect(await directory.read(callSid)).toBeUndefined();
      expect(await directory.attach(callSid, {epoch: 0, streamSid: newStreamSid(), edge})).toBeUndefined();
      expect(await directory.intend(callSid, 0, 'hang-up')).toBe(false);
      expect(await directory.retry(callSid, {epoch: 0, replaces: undefined, ...again()})).toBeUndefined();
      expect(await directory.end(callSid, 0)).toBe(false);
      expect(await directory.append(callSid, 0, ['too early'])).toBe(false);
      expect(await directory.journal(callSid)).toEqual([]);
    });

    test('gives a new call to the first worker that claims it, with all facts', async () => {
      const directory = open();
      const call = await taken(directory);
      expect(call).toEqual({
        callSid: call.callSid,
        state: 'live',
        epoch: 1,
        owner: ann,
        assistant: 'default',
        ticket: call.ticket,
        attempts: 0,
        startedAt: 1_000,
        facts: {direction: 'inbound'},
      });
      expect(await directory.read(call.callSid)).toEqual(call);
      const late = await directory.claim(call.callSid, {epoch: 0, owner: bob, at: 2_000, ticket: newTicket()});
      expect(late).toEqual({won: false, call});
    });

    test('lets exactly one of many simultaneous claims win', async () => {
      const directory = open();
      const callSid = newCallSid();
      const claims = Array.from({length: 8}, (_, index) =>
        directory.claim(callSid, {epoch: 0, owner: index % 2 ? ann : bob, at: index, ticket: newTicket()}),
      );
      const results = await Promise.all(claims);
      expect(results.filter(result => result.won)).toHaveLength(1);
      expect(new Set(results.map(result => result.call?.ticket)).size).toBe(1);
    });

    test('moves a call to another owner with its stream, ticket, facts and journal', async () => {
      const directory = open();
      const call = await taken(directory);
      const stream = {streamSid: newStreamSid(), edge};
      await directory.attach(call.callSid, {epoch: 1, ...stream});
      const journal = ['what was said', 'what was heard'];
      await directory.append(call.callSid, 1, journal);
      const claim = await directory.claim(call.callSid, {epoch: 1, owner: bob, at: 9_000, facts: {moved: 'yes'}});
      const facts = {direction: 'inbound', moved: 'yes'};
      expect(claim).toEqual({won: true, call: {...call, epoch: 2, owner: bob, stream, facts}, journal});
    });

    test('refuses an unknown call to a worker that claims it with an epoch above 0', async () => {
      const directory = open();
      const claim = await directory.claim(newCallSid(), {epoch: 3, owner: ann, at: 0});
      expect(claim).toEqual({won: false, call: undefined});
    });

    test('keeps the epoch for the first stream, and raises it for one that replaces another', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      const first = {streamSid: newStreamSid(), edge};
      const second = {streamSid: newStreamSid(), edge: otherEdge};
      expect(await directory.attach(callSid, {epoch: 1, ...first})).toMatchObject({call: {epoch: 1, stream: first}});
      const again = await directory.attach(callSid, {epoch: 1, ...first});
      expect(again).toMatchObject({call: {epoch: 1}});
      expect(again).not.toHaveProperty('replaced');
      const later = await directory.attach(callSid, {epoch: 1, ...second});
      expect(later).toMatchObject({call: {epoch: 2, stream: second}, replaced: first});
      expect(await directory.attach(callSid, {epoch: 1, ...first})).toBeUndefined();
    });

    test('ignores an owner that wakes up after the call has moved', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      await directory.append(callSid, 1, ['hello']);
      await directory.claim(callSid, {epoch: 1, owner: bob, at: 0});
      const before = await directory.read(callSid);
      expect(await directory.append(callSid, 1, ['nobody hears this'])).toBe(false);
      expect(await directory.intend(callSid, 1, 'hang-up')).toBe(false);
      expect(await directory.end(callSid, 1)).toBe(false);
      expect(await directory.retry(callSid, {epoch: 1, replaces: before?.ticket, ...again()})).toBeUndefined();
      expect(await directory.read(callSid)).toEqual(before);
      expect(await directory.journal(callSid)).toEqual(['hello']);
    });

    test('keeps the journal in order for the next owner', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      expect(await directory.append(callSid, 1, ['one', 'two'])).toBe(true);
      expect(await directory.append(callSid, 1, ['three', '{"four":"ü"}'])).toBe(true);
      expect(await directory.append(callSid, 1, ['three'])).toBe(true);
      expect(await directory.journal(callSid)).toEqual(['one', 'two', 'three', '{"four":"ü"}', 'three']);
    });

    test('counts an attempt for a stream that was lost, and none for one that moves', async () => {
      const directory = open();
      const {callSid, ticket} = await taken(directory);
      const [second, third] = [newTicket(), newTicket()];
      const lost = await directory.retry(callSid, {epoch: 1, replaces: ticket, ...again(second), facts: {edge: 'b'}});
      expect(lost).toMatchObject({attempts: 1, ticket: second, epoch: 1, facts: {direction: 'inbound', edge: 'b'}});
      expect(await directory.intend(callSid, 1, 'migrate')).toBe(true);
      const moved = await directory.retry(callSid, {epoch: 1, replaces: second, ...again(third, 1)});
      expect(moved).toMatchObject({attempts: 1, ticket: third});
      expect(moved).not.toHaveProperty('intent');
    });

    test('keeps the time until which a moving caller must wait, also after they are connected again', async () => {
      const directory = open();
      const {callSid, ticket} = await taken(directory);
      expect(await directory.intend(callSid, 1, 'migrate', {heldUntil: '9000'})).toBe(true);
      const next = again();
      const moved = await directory.retry(callSid, {epoch: 1, replaces: ticket, ...next, facts: {connectedAt: '1000'}});
      expect(moved).toMatchObject({attempts: 0, facts: {heldUntil: '9000', connectedAt: '1000'}});
      expect(await directory.intend(callSid, 1, 'apologise')).toBe(true);
      expect(await directory.intend(callSid, 1, 'migrate', {heldUntil: '20000'})).toBe(true);
      expect(await directory.read(callSid)).toMatchObject({intent: 'apologise', facts: {heldUntil: '9000'}});
    });

    test('forgets the attempts that no longer count when the stream is lost again', async () => {
      const directory = open();
      const {callSid, ticket} = await taken(directory);
      const second = newTicket();
      await directory.retry(callSid, {epoch: 1, replaces: ticket, ...again(second, 2)});
      expect(await directory.read(callSid)).toMatchObject({attempts: 3});
      expect(await directory.retry(callSid, {epoch: 1, replaces: second, ...again()})).toMatchObject({attempts: 1});
    });

    test('gives two retries for the same lost stream one ticket', async () => {
      const directory = open();
      const {callSid, ticket} = await taken(directory);
      const calls = await Promise.all(
        [newTicket(), newTicket(), newTicket()].map(next =>
          directory.retry(callSid, {epoch: 1, replaces: ticket, ...again(next)}),
        ),
      );
      expect(new Set(calls.map(call => call?.ticket)).size).toBe(1);
      expect(calls.map(call => call?.attempts)).toEqual([1, 1, 1]);
    });

    test.each(['hang-up', 'transfer'] as const)(
      'never opens another stream for a caller who is to %s',
      async intent => {
        const directory = open();
        const {callSid, ticket} = await taken(directory);
        expect(await directory.intend(callSid, 1, intent, {transferTo: '+15550100'})).toBe(true);
        expect(await directory.intend(callSid, 1, 'migrate')).toBe(true);
        expect(await directory.read(callSid)).toMatchObject({intent, facts: {transferTo: '+15550100'}});
        expect(await directory.retry(callSid, {epoch: 1, replaces: ticket, ...again()})).toBeUndefined();
      },
    );

    test('allows no claim, no stream and no write after a call has ended', async () => {
      const directory = open();
      const {callSid, ticket} = await taken(directory);
      expect(await directory.end(callSid, 1)).toBe(true);
      expect(await directory.end(callSid, 1)).toBe(true);
      const ended = await directory.read(callSid);
      expect(ended).toMatchObject({state: 'ended', epoch: 1});
      for (const epoch of [0, 1]) {
        expect(await directory.claim(callSid, {epoch, owner: bob, at: 0})).toEqual({won: false, call: ended});
      }
      expect(await directory.attach(callSid, {epoch: 1, streamSid: newStreamSid(), edge})).toBeUndefined();
      expect(await directory.retry(callSid, {epoch: 1, replaces: ticket, ...again()})).toBeUndefined();
      expect(await directory.append(callSid, 1, ['late'])).toBe(false);
      expect(await directory.open()).not.toContain(callSid);
    });

    test('keeps neither words nor numbers of a call that has ended', async () => {
      const directory = open();
      const callSid = newCallSid();
      const facts = {direction: 'inbound', callerHash: 'abc', callerLastTwo: '00', callerNumber: '+15550100'};
      await directory.claim(callSid, {epoch: 0, owner: ann, at: 0, facts});
      await directory.append(callSid, 1, ['past words']);
      await directory.compact(callSid, 1, {lines: 1, snapshot: 'words'});
      expect((await directory.read(callSid))?.facts).toEqual(facts);
      await directory.end(callSid, 1);
      expect((await directory.read(callSid))?.facts).toEqual({direction: 'inbound'});
      expect([await directory.journal(callSid), await directory.past(callSid)]).toEqual([[], []]);
    });

    test('lists a call as open from its claim to its end', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      expect(await directory.open()).toContain(callSid);
      await directory.end(callSid, 1);
      expect(await directory.open()).not.toContain(callSid);
    });

    test('opens one stream for one ticket', async () => {
      const directory = open();
      const [ticket, grant] = [newTicket(), {callSid: newCallSid(), epoch: 1}];
      expect(await directory.takeTicket(ticket)).toBeUndefined();
      await directory.putTicket(ticket, grant);
      const takers = await Promise.all([directory.takeTicket(ticket), directory.takeTicket(ticket)]);
      expect(takers.filter(Boolean)).toEqual([grant]);
    });

    test('restores a call that Redis has lost, and no other', async () => {
      const directory = open();
      const entry: CallEntry = {
        callSid: newCallSid(),
        state: 'live',
        epoch: 4,
        owner: ann,
        assistant: 'default',
        ticket: newTicket(),
        stream: {streamSid: newStreamSid(), edge},
        intent: 'migrate',
        attempts: 1,
        startedAt: 1,
        facts: {direction: 'inbound'},
      };
      expect(await directory.restore(entry)).toBe(true);
      expect(await directory.read(entry.callSid)).toEqual(entry);
      expect(await directory.open()).toContain(entry.callSid);
      // What a failover kept of an older owner's journal would be read twice.
      await directory.append(entry.callSid, 4, ['hello']);
      expect(await directory.restore(entry)).toBe(true);
      expect(await directory.journal(entry.callSid)).toEqual(['hello']);
      expect(await directory.restore({...entry, epoch: 5})).toBe(true);
      expect(await directory.journal(entry.callSid)).toEqual([]);
      await directory.claim(entry.callSid, {epoch: 5, owner: bob, at: 0});
      expect(await directory.restore(entry)).toBe(false);
      expect(await directory.read(entry.callSid)).toMatchObject({epoch: 6, owner: bob});
      await directory.end(entry.callSid, 6);
      expect(await directory.restore({...entry, epoch: 9})).toBe(false);
    });

    test('lets one webhook at a time look for the owner of a new call', async () => {
      const directory = open();
      const callSid = newCallSid();
      expect(await directory.startAdmission(callSid)).toBe('begun');
      expect(await directory.startAdmission(callSid)).toBe('underway');
      expect(await directory.startAdmission(newCallSid())).toBe('begun');
      await directory.endAdmission(callSid);
      expect(await directory.startAdmission(callSid)).toBe('begun');
    });

    test('does not admit a call again that has ended, also when nothing else is left of it', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      await directory.end(callSid, 1);
      await directory.forget(callSid);
      expect(await directory.read(callSid)).toBeUndefined();
      expect(await directory.startAdmission(callSid)).toBe('over');
    });

    test('lists the calls of each owner, and the owners, until they are looked after', async () => {
      const directory = open();
      const [first, second] = [await taken(directory), await taken(directory)];
      expect(await directory.owners()).toContain(ann);
      const all = async () => {
        const calls: CallSid[] = [];
        let cursor = '0';
        do {
          const part = await directory.scanOpen(cursor);
          calls.push(...part.calls);
          ({cursor} = part);
        } while (cursor !== '0');
        return calls;
      };
      expect(await all()).toEqual(expect.arrayContaining([first.callSid, second.callSid]));
      expect(await directory.claimedBy(ann, 10_000)).toEqual(expect.arrayContaining([first.callSid, second.callSid]));
      await directory.claim(first.callSid, {epoch: 1, owner: bob, at: 0});
      await directory.end(second.callSid, 1);
      const unknown = newCallSid();
      expect(await directory.ownersOf([first.callSid, unknown, second.callSid])).toMatchObject([
        {owner: bob, state: 'live'},
        undefined,
        {owner: ann, state: 'ended'},
      ]);
      expect(await directory.claimedBy(bob, 10_000)).toContain(first.callSid);
      await directory.disown(ann, await directory.claimedBy(ann, 10_000));
      expect(await directory.claimedBy(ann, 10)).toEqual([]);
      expect(await directory.owners()).not.toContain(ann);
      expect(await directory.owners()).toContain(bob);
    });

    test('deletes a call that has ended, and no live call', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      await directory.append(callSid, 1, ['hello']);
      expect(await directory.forget(callSid)).toBe(false);
      await directory.end(callSid, 1);
      expect(await directory.forget(callSid)).toBe(true);
      expect(await directory.read(callSid)).toBeUndefined();
      expect(await directory.journal(callSid)).toEqual([]);
      expect(await directory.forget(newCallSid())).toBe(true);
    });

    test('gives the next owner of an old call a snapshot and what came after it, and keeps all that was written', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      await directory.append(callSid, 1, ['one', 'two']);
      expect(await directory.compact(callSid, 1, {lines: 2, snapshot: 'both'})).toBe(true);
      await directory.append(callSid, 1, ['three']);
      expect(await directory.journal(callSid)).toEqual(['both', 'three']);
      expect(await directory.compact(callSid, 1, {lines: 2, snapshot: 'all three'})).toBe(true);
      await directory.append(callSid, 1, ['four']);
      const claim = await directory.claim(callSid, {epoch: 1, owner: bob, at: 2_000});
      expect(claim).toMatchObject({won: true, journal: ['all three', 'four']});
      expect(await directory.past(callSid)).toEqual(['one', 'two', 'three']);
    });

    test('rewrites a whole journal for its owner, and twice as once', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      await directory.append(callSid, 1, ['one', 'two']);
      await directory.compact(callSid, 1, {lines: 2, snapshot: 'both'});
      await directory.append(callSid, 1, ['three']);
      expect(await directory.rewrite(callSid, 2, ['another'])).toBe(false);
      expect(await directory.journal(callSid)).toEqual(['both', 'three']);
      for (let time = 0; time < 2; time += 1) {
        expect(await directory.rewrite(callSid, 1, ['1', '2', '3'])).toBe(true);
        expect(await directory.journal(callSid)).toEqual(['1', '2', '3']);
        expect(await directory.past(callSid)).toEqual([]);
      }
      await directory.append(callSid, 1, ['4']);
      expect(await directory.journal(callSid)).toEqual(['1', '2', '3', '4']);
    });

    test('compacts a journal only for its owner, only as the snapshot knows it, and twice as once', async () => {
      const directory = open();
      const {callSid} = await taken(directory);
      await directory.append(callSid, 1, ['one', 'two']);
      expect(await directory.compact(callSid, 1, {lines: 1, snapshot: 'of one'})).toBe(false);
      expect(await directory.compact(callSid, 2, {lines: 2, snapshot: 'of two'})).toBe(false);
      expect(await directory.journal(callSid)).toEqual(['one', 'two']);
      await directory.compact(callSid, 1, {lines: 2, snapshot: 'both'});
      await directory.compact(callSid, 1, {lines: 1, snapshot: 'both'}); // the answer to the first was lost
      expect(await directory.journal(callSid)).toEqual(['both']);
      expect(await directory.past(callSid)).toEqual(['one', 'two']);
      await directory.end(callSid, 1);
      await directory.forget(callSid);
      expect([await directory.journal(callSid), await directory.past(callSid)]).toEqual([[], []]);
    });

    test('never obeys an older epoch, whatever the order of owners, streams and ends', async () => {
      const step = fc.record({
        what: fc.constantFrom('claim', 'claim', 'claim', 'attach', 'attach', 'intend', 'retry', 'append', 'end'),
        owner: fc.constantFrom(ann, bob),
        /** How many epochs the actor is behind. */
        behind: fc.integer({min: 0, max: 2}),
        together: fc.integer({min: 1, max: 3}),
      });
      await fc.assert(
        fc.asyncProperty(fc.array(step, {maxLength: 25}), async steps => {
          expect(await violations(open(), steps)).toEqual([]);
        }),
        {numRuns: 60},
      );
    });
  });
}

type Step = {what: string; owner: ProcessId; behind: number; together: number};

/** Runs steps, each by several actors at once. Returns the rules that were broken and that must hold in every order. */
async function violations(directory: CallDirectory, steps: readonly Step[]): Promise<string[]> {
  const callSid = newCallSid();
  const broken: string[] = [];
  const winners = new Map<number, number>();
  const look = async () => ({call: await directory.read(callSid), journal: await directory.journal(callSid)});
  for (const {what, owner, behind, together} of steps) {
    const before = await look();
    const truth = before.call?.epoch ?? 0;
    const epoch = Math.max(0, truth - behind);
    const act = async (): Promise<unknown> => {
      switch (what) {
        case 'claim': {
          const claim = await directory.claim(callSid, {epoch, owner, at: 0, ticket: newTicket()});
          if (claim.won) winners.set(claim.call.epoch, (winners.get(claim.call.epoch) ?? 0) + 1);
          return claim.won;
        }
        case 'attach':
          return directory.attach(callSid, {epoch, streamSid: newStreamSid(), edge});
        case 'intend':
          return directory.intend(callSid, epoch, 'migrate');
        case 'retry':
          return directory.retry(callSid, {epoch, replaces: before.call?.ticket, ...again()});
        case 'append':
          return directory.append(callSid, epoch, ['entry']);
        default:
          return directory.end(callSid, epoch);
      }
    };
    await Promise.all(Array.from({length: together}, act));
    const after = await look();
    const must = (rule: string, kept: boolean) => kept || broken.push(`${what} by ${together}: ${rule}`);
    const unchanged = isDeepStrictEqual(before, after);
    must('epochs only rise', (after.call?.epoch ?? 0) >= truth);
    must('an older epoch has no effect', epoch === truth || unchanged);
    must('what has ended stays as it is', before.call?.state !== 'ended' || unchanged);
    must('only a claim makes a call', before.call !== undefined || what === 'claim' || unchanged);
    const open = what === 'claim' && epoch === truth && before.call?.state !== 'ended';
    must('one claim wins', !open || after.call?.epoch === epoch + 1);
  }
  for (const [epoch, count] of winners) if (count !== 1) broken.push(`${count} winners of epoch ${epoch}`);
  return broken;
}
