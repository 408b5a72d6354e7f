import {TRY_ID} from '../health/model-watch.ts';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {callSid, TestDeployment} from '../testing/test-deployment.ts';

let deployment: TestDeployment;
beforeEach(() => {
  deployment = new TestDeployment();
});
afterEach(() => deployment[Symbol.asyncDispose]());

test('when the model refuses the key, the intent apologise is written before the stream closes, without a retry', async () => {
  deployment.model.readyAtOnce = false;
  const worker = await deployment.worker();
  await deployment.take(worker, 1);
  deployment.model.sessions[0]?.emit({type: 'lost', cause: 'refused', detail: '401'});
  const {heard} = await deployment.stream(worker, 1);
  await deployment.pass(1_000);
  expect(heard).toContainEqual({kind: 'close', why: 'refused'});
  expect((await deployment.directory.read(callSid(1)))?.intent).toBe('apologise');
  // The worker itself tries, too, to learn whether it was an accident.
  const ofCaller = deployment.model.sessions.filter(({settings}) => settings.safetyId !== TRY_ID);
  expect(ofCaller).toHaveLength(1);
  expect(deployment.records.map(({summary}) => summary.endReason)).toEqual(['platform.model-refused']);
});

test('a rate-limited call writes until when it is on hold before it closes the stream, and goes on when the caller is back', async () => {
  const worker = await deployment.worker({GREETING: ''});
  await deployment.take(worker, 1);
  const {edge, heard} = await deployment.stream(worker, 1);
  const intend = deployment.directory.intend.bind(deployment.directory);
  let tries = 0;
  deployment.directory.intend = async (...args) => {
    expect(heard.filter(({kind}) => kind === 'close')).toEqual([]);
    if ((tries += 1) < 3) throw new Error('Redis is unavailable');
    return await intend(...args);
  };
  const [session] = deployment.model.sessions;
  const heldUntil = deployment.clock.wall() + 9_000;
  const limit = {status: 'failed', reason: 'rate_limit_exceeded', retryAfterMs: 9_000, tokens: undefined} as const;
  session?.emit(
    {type: 'turnCommitted', itemId: 'u1'},
    {type: 'responseStarted', responseId: 'r1', tag: undefined},
    {type: 'responseEnded', responseId: 'r1', ...limit},
  );
  await deployment.pass(1_500);
  expect(heard.at(-1)).toEqual({kind: 'close', why: 'migrate'});
  const told = await deployment.directory.read(callSid(1));
  expect(told).toMatchObject({state: 'live', intent: 'migrate', facts: {heldUntil: `${heldUntil}`}});
  edge.send({kind: 'ended', why: 'moved'});
  await deployment.pass(20_000);
  expect([worker.calls, session?.commandsOf('respond').map(({tag}) => tag)]).toEqual([1, ['greeting-1']]);
  expect(deployment.records).toEqual([]);
});
