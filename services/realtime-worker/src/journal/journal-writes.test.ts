import {expect, test} from 'vitest';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {JournalEntry} from '../events/journal-entry.ts';
import {randomJournal} from '../testing/random-journal.ts';
import {joined} from './journal-writes.ts';
import {restoreCall} from './restore-call.ts';

/** The journal as it is written when so many entries may wait for each other. */
function joinedJournal(entries: readonly JournalEntry[], together: () => number): JournalEntry[] {
  const written: JournalEntry[] = [];
  let open = together();
  for (const entry of entries) {
    const longer = open > 0 ? joined(written.at(-1), entry) : undefined;
    if (longer) written[written.length - 1] = longer;
    else written.push(entry);
    open = open > 0 ? open - 1 : together();
  }
  return written;
}

/** A restored call without what depends on how the audio was cut into pieces. */
function playsOf(entries: readonly JournalEntry[], nowWall: number) {
  const {said, ...call} = restoreCall(entries, nowWall);
  const plays: {itemId: string; from: number; to: number; startsAt: number}[] = [];
  let free = Number.NEGATIVE_INFINITY;
  for (const {itemId, itemFrom, ms, agoMs} of said) {
    const startsAt = Math.max(free, -agoMs);
    const last = plays.at(-1);
    if (last?.itemId === itemId && last.to === itemFrom && free === startsAt) last.to = itemFrom + ms;
    else plays.push({itemId, from: itemFrom, to: itemFrom + ms, startsAt});
    free = startsAt + ms;
  }
  return {...call, plays};
}

test('pieces of a reply that are written as one mean the same to the next worker, wherever the journal ends', () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = seededRandom(seed);
    const all = randomJournal(random, 12);
    const entries = all.slice(0, random.whole(1, all.length));
    const nowWall = (entries.at(-1)?.wall ?? 0) + random.whole(0, 2_000);
    const written = joinedJournal(entries, () => random.whole(0, 8));
    expect(playsOf(written, nowWall), `seed ${seed}`).toEqual(playsOf(entries, nowWall));
  }
});

test('a piece that comes after the one before was played is an entry of its own', () => {
  const said = (from: number, ms: number, wall: number) => ({is: 'said', id: 'a', from, ms, wall}) as const;
  expect(joined(said(0, 200, 1_000), said(200, 500, 1_200))).toEqual(said(0, 500, 1_000));
  expect(joined(said(0, 200, 1_000), said(200, 500, 1_201))).toBeUndefined();
  expect(joined(said(0, 200, 1_000), said(100, 500, 1_100))).toBeUndefined();
  expect(joined(said(0, 200, 1_000), {is: 'hushed', wall: 1_000})).toBeUndefined();
});
