import {expect, test} from 'vitest';
import {beginAttempt, placed} from '../calls-out/next-state.ts';
import {newOutCall, type OutCall} from '../calls-out/out-call.ts';
import type {OutCallStore} from '../calls-out/out-call-store.ts';

const NOON = Date.UTC(2026, 10, 30, 11);
let made = 0;

/** A call that somebody wants, by an id that no other test has. */
function wanted(notBefore = NOON): OutCall {
  made += 1;
  const call = {
    to: '+4722334455',
    from: '+4721000000',
    assistant: 'reminder',
    variables: {name: 'Ada'},
    zone: null,
    notBefore,
    deadline: NOON + 3_600_000,
    attemptsAtMost: 2,
    retryAfterMs: 600_000,
    ringSeconds: 30,
    detectMachines: true,
  };
  return newOutCall(`contract-${process.pid}-${made}`, call, NOON);
}
const sid = (call: OutCall) => `CA${Buffer.from(call.id).toString('hex').padStart(32, '0').slice(-32)}`;

/** What every store of calls out keeps to. Nobody else uses the store meanwhile. */
export function outCallStoreContract(store: () => OutCallStore): void {
  test('a call that is asked for twice by the same key is one call', async () => {
    const [first, second] = [wanted(), wanted()];
    const both = await Promise.all([store().create(first, first.id), store().create(second, first.id)]);
    expect(both[0].id).toBe(both[1].id);
    const [other] = [first, second].filter(({id}) => id !== both[0].id);
    expect(await store().read(other!.id)).toBeUndefined();
    expect(await store().read(both[0].id)).toEqual(both[0]);
  });

  test('of many who change a call at once, one does', async () => {
    const call = await store().create(wanted(), wanted().id);
    const change = async (reason: string) => await store().swap({...call, reason}, call.version);
    const won = await Promise.all(Array.from({length: 10}, (_, at) => change(`w${at}`)));
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await store().read(call.id)).toMatchObject({version: call.version + 1, reason: `w${won.indexOf(true)}`});
    expect(await change('late')).toBe(false);
    expect(await store().swap({...wanted(), version: 0}, 0)).toBe(false);
  });

  test('a call is due when its time has come, and never when nothing more will happen', async () => {
    const call = await store().create(wanted(NOON + 60_000), wanted().id);
    const isDue = async (at: number) => (await store().due(at, 1_000)).includes(call.id);
    expect([await isDue(NOON + 59_999), await isDue(NOON + 60_000)]).toEqual([false, true]);
    await store().swap({...call, state: 'canceled', dueAt: null}, call.version);
    expect(await isDue(NOON + 9e9)).toBe(false);
  });

  test('calls that are being made are counted, and the carrier’s calls know whose they are', async () => {
    const before = await store().busy();
    const call = await store().create(wanted(), wanted().id);
    const begun = beginAttempt(call, NOON);
    await store().swap(begun, call.version);
    expect(await store().busy()).toBe(before + 1);
    await store().swap(placed(begun, 1, sid(call), NOON), call.version + 1);
    expect([await store().ownerOf(sid(call)), await store().ownerOf(`CA${'f'.repeat(32)}`)]).toEqual([
      call.id,
      undefined,
    ]);
    await store().swap({...begun, state: 'completed', dueAt: null}, call.version + 2);
    expect(await store().busy()).toBe(before);
  });

  test('there is one turn in a while, whoever takes it', async () => {
    // Later than the turns of any test before.
    const at = NOON + made * 86_400_000;
    const turns = await Promise.all(Array.from({length: 5}, () => store().reserve(at, 1_000)));
    expect(turns.filter(turn => turn === at)).toHaveLength(1);
    expect(turns.filter(turn => turn === at + 1_000)).toHaveLength(4);
    expect(await store().reserve(at + 1_000, 1_000)).toBe(at + 1_000);
  });

  test('a clock that was wrong for a moment stops no calls', async () => {
    const at = NOON + (made + 10) * 86_400_000;
    await store().reserve(at + 86_400_000, 1_000);
    expect(await store().reserve(at, 1_000)).toBe(at);
  });

  test('a number is called again only when it is taken from the list', async () => {
    const hash = wanted().id;
    expect(await store().isForbidden(hash)).toBe(false);
    await store().forbid(hash, true);
    expect(await store().isForbidden(hash)).toBe(true);
    await store().forbid(hash, false);
    expect(await store().isForbidden(hash)).toBe(false);
  });

  test('the newest calls come first', async () => {
    const ids: string[] = [];
    for (let minutes = 0; minutes < 3; minutes += 1) {
      const call = {...wanted(), createdAt: NOON + (made + minutes) * 60_000};
      ids.unshift((await store().create(call, call.id)).id);
    }
    const mine = (await store().newest(1_000)).map(({id}) => id).filter(id => ids.includes(id));
    expect(mine).toEqual(ids);
  });
}
