import {expect, test} from 'vitest';
import {retryUntilAborted, retryWithin, sleep, type FailedTry} from './retry.ts';
import {FakeClock, flushPromises} from './testing/fake-clock.ts';

/** Work that fails as often as `failures` says, then answers `done`. Counts its tries. */
function failing(failures: number) {
  const work = async () => {
    tries.count += 1;
    if (tries.count <= failures) throw new Error(`failure ${tries.count}`);
    return 'done';
  };
  const tries = {count: 0, work};
  return tries;
}

/** What became of a promise by now, once its first steps have run. */
async function outcomeOf(promise: Promise<unknown>) {
  const outcome: {now: unknown} = {now: 'pending'};
  promise.then(
    result => (outcome.now = result),
    (thrown: unknown) => (outcome.now = thrown),
  );
  await flushPromises();
  return outcome;
}

test('sleep ends when its time is over, and not a millisecond sooner', async () => {
  const clock = new FakeClock();
  const outcome = await outcomeOf(sleep(clock, 100).then(() => 'awake'));
  await clock.advanceAsync(99);
  expect(outcome.now).toBe('pending');
  await clock.advanceAsync(1);
  expect(outcome.now).toBe('awake');
});

test('sleep ends at once when its signal aborts, and leaves no timer', async () => {
  const clock = new FakeClock();
  const stop = new AbortController();
  const outcome = await outcomeOf(sleep(clock, 100, stop.signal).then(() => 'awake'));
  expect(outcome.now).toBe('pending');
  stop.abort();
  await flushPromises();
  expect(outcome.now).toBe('awake');
  expect(clock.waiting).toBe(0);
});

test('sleep does not begin when its signal has aborted already', async () => {
  const clock = new FakeClock();
  await sleep(clock, 100, AbortSignal.abort());
  expect(clock.waiting).toBe(0);
});

test('an edge that cannot reach Redis tries every 100 ms until it can', async () => {
  const clock = new FakeClock();
  const tries = failing(3);
  const outcome = await outcomeOf(retryUntilAborted(tries.work, {clock, signal: new AbortController().signal}));
  await clock.advanceAsync(299);
  expect([tries.count, outcome.now]).toEqual([3, 'pending']);
  await clock.advanceAsync(1);
  expect([tries.count, outcome.now]).toEqual([4, {ok: true, result: 'done'}]);
});

test('a caller who hangs up ends the retries during a pause', async () => {
  const clock = new FakeClock();
  const hungUp = new AbortController();
  const tries = failing(100);
  const outcome = await outcomeOf(retryUntilAborted(tries.work, {clock, signal: hungUp.signal}));
  await clock.advanceAsync(150);
  expect(tries.count).toBe(2);
  hungUp.abort();
  await flushPromises();
  expect(outcome.now).toEqual({ok: false});
  await clock.advanceAsync(1_000);
  expect(tries.count).toBe(2);
});

test('a try that is running when the signal aborts still gives its result', async () => {
  const clock = new FakeClock();
  const hungUp = new AbortController();
  const answer = Promise.withResolvers<string>();
  const outcome = await outcomeOf(retryUntilAborted(() => answer.promise, {clock, signal: hungUp.signal}));
  hungUp.abort();
  answer.resolve('late');
  await flushPromises();
  expect(outcome.now).toEqual({ok: true, result: 'late'});
});

test('a list of pauses has one retry for each and then gives up', async () => {
  const clock = new FakeClock();
  const tries = failing(100);
  const failed: FailedTry[] = [];
  const onFailure = (_: unknown, info: FailedTry) => void failed.push(info);
  const options = {clock, signal: new AbortController().signal, pauseMs: [500, 2_000], onFailure};
  const outcome = await outcomeOf(retryUntilAborted(tries.work, options));
  await clock.advanceAsync(499);
  expect(tries.count).toBe(1);
  await clock.advanceAsync(1);
  expect(tries.count).toBe(2);
  await clock.advanceAsync(2_000);
  expect([tries.count, outcome.now]).toEqual([3, {ok: false}]);
  expect(failed).toEqual([
    {failures: 1, againInMs: 500},
    {failures: 2, againInMs: 2_000},
    {failures: 3, againInMs: undefined},
  ]);
});

test('a webhook answers Twilio as soon as a retry works', async () => {
  const clock = new FakeClock();
  const tries = failing(2);
  const outcome = await outcomeOf(retryWithin(tries.work, {clock, budgetMs: 3_000}));
  await clock.advanceAsync(200);
  expect([tries.count, outcome.now, clock.waiting]).toEqual([3, 'done', 0]);
});

test('a webhook that cannot reach Redis within its budget rejects with the last failure', async () => {
  const clock = new FakeClock();
  const tries = failing(100);
  const outcome = await outcomeOf(retryWithin(tries.work, {clock, budgetMs: 350}));
  await clock.advanceAsync(1_000);
  expect(tries.count).toBe(4);
  expect(outcome.now).toEqual(new Error('failure 4'));
  expect(clock.waiting).toBe(0);
});

test('a try that does not answer is left alone when the budget is over', async () => {
  const clock = new FakeClock();
  const outcome = await outcomeOf(retryWithin(() => new Promise(() => {}), {clock, budgetMs: 350}));
  await clock.advanceAsync(349);
  expect(outcome.now).toBe('pending');
  await clock.advanceAsync(1);
  expect(outcome.now).toEqual(new Error('no answer within 350 ms'));
});
