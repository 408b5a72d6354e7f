import {describe, expect, test} from 'vitest';
import {ScriptedWorker} from '../testing/scripted-worker.ts';
import {TestEdge} from '../testing/test-edge.ts';
import {payloadOf, TwilioClient, type TwilioClient as Caller} from '../testing/twilio-client.ts';

/** The caller speaks for so long, a frame each 20 ms. */
async function speak(lab: TestEdge, caller: Caller, ms: number): Promise<string[]> {
  const spoken: string[] = [];
  for (let said = 0; said < ms; said += 20) {
    spoken.push(caller.speak());
    await lab.pass(20);
  }
  return spoken;
}

/** Two workers, and a call that the first has. */
async function twoWorkers() {
  const lab = await TestEdge.start();
  const first = await lab.worker();
  const caller = await lab.bridged(first);
  const second = await lab.worker();
  return {lab, first, second, caller};
}

const isOpen = (caller: Caller) => caller.socket.readyState === caller.socket.OPEN;

describe('a worker that is killed', () => {
  test('is replaced, and the next one hears what the caller said last', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    const before = await speak(lab, caller, 1_000);
    await lab.until(() => first.audio().length === before.length, 'the first worker heard it');
    await first.kill();
    const diedAt = lab.clock.now();
    const after = await speak(lab, caller, 300);
    await lab.until(() => second.audio(2).length === before.length + after.length, 'the second worker heard it all');

    expect(second.audio(2)).toEqual([...before, ...after]);
    expect(second.heard(2)[0]).toMatchObject({kind: 'began', streamSid: caller.streamSid, edge: lab.edge.id});
    expect(second.asked).toMatchObject([
      {type: 'take', epoch: 1, cause: 'worker-lost', stream: {streamSid: caller.streamSid, edge: lab.edge.id}},
    ]);
    expect(lab.clock.now() - diedAt).toBeLessThan(400);
    expect(isOpen(caller)).toBe(true);

    second.say({kind: 'audio', payload: payloadOf(1), mark: ''}, 2);
    await lab.until(() => caller.heard().length === 1, 'the caller hears the second worker');
    expect(await lab.metric('takeovers_total')).toEqual([
      'voicebridge_takeovers_total{cause="worker-lost",service="media-edge"} 1',
    ]);
    await lab.until(
      async () => (await lab.metric('takeover_seconds_count'))[0]?.endsWith(' 1') ?? false,
      'the move was measured',
    );
  });

  test('tells the new owner the last seconds again, and no digit twice', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    caller.press('1');
    const before = await speak(lab, caller, 6_000);
    caller.press('2');
    await lab.until(() => first.kinds().filter(kind => kind === 'digit').length === 2, 'both digits arrived');
    await lab.pass(200); // and were confirmed
    await first.kill();
    caller.press('3');
    await lab.until(() => second.kinds(2).includes('digit'), 'the second worker was told the last digit');

    const told = second.audio(2);
    expect(told).toEqual(before.slice(-told.length));
    expect(told.length).toBe(before.length);
    expect(second.heard(2).filter(frame => frame.kind === 'digit')).toEqual([{kind: 'digit', digit: '3'}]);
  });

  test('is told to everybody at once: all calls move', async () => {
    const lab = await TestEdge.start();
    const first = await lab.worker();
    const callers: Caller[] = [];
    for (let calls = 0; calls < 20; calls += 1) {
      const {callSid, ticket} = await lab.call(first);
      const caller = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
      caller.start();
      callers.push(caller);
    }
    await lab.until(() => first.asked.length === 20, 'all are bridged');
    const second = await lab.worker();
    await first.kill();
    await lab.until(() => second.asked.length === 20, 'all were moved', 500);
    expect(callers.every(isOpen)).toBe(true);
  });

  test('does not keep the caller waiting for ever when nobody takes over', async () => {
    const lab = await TestEdge.start();
    const worker = await lab.worker();
    const caller = await lab.bridged(worker);
    await worker.kill();
    await lab.pass(5_000);
    expect(isOpen(caller)).toBe(true);
    await lab.until(() => !isOpen(caller), 'the socket is closed');
    expect(await caller.closed).toBe(1000);
    expect(await lab.directory.read(caller.callSid)).not.toHaveProperty('intent');
  });

  test('is replaced by a worker that comes a little later', async () => {
    const lab = await TestEdge.start();
    const first = await lab.worker();
    const caller = await lab.bridged(first);
    await first.kill();
    await lab.pass(3_000);
    const spoken = await speak(lab, caller, 1_000);
    const second = await lab.worker();
    await lab.until(() => second.audio(2).length > 0, 'the second worker hears the caller');
    expect(second.audio(2).slice(0, 50)).toEqual(spoken);
  });

  test('before the stream came is replaced as soon as it comes', async () => {
    const lab = await TestEdge.start();
    const first = await lab.worker();
    const {callSid, ticket} = await lab.call(first);
    await first.kill();
    const second = await lab.worker();
    const caller = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
    caller.start();
    const spoken = await speak(lab, caller, 200);
    await lab.until(() => second.audio(2).length === 10, 'the second worker hears the caller', 1_000);
    expect(second.audio(2)).toEqual(spoken);
  });
});

describe('a worker that hangs', () => {
  test('is replaced, and reaches nobody when it wakes up', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    await speak(lab, caller, 200);
    first.hang();
    first.say({kind: 'audio', payload: payloadOf(666), mark: ''});
    await lab.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 400);
    first.wake();
    first.say({kind: 'audio', payload: payloadOf(667), mark: ''});
    first.say({kind: 'close', why: 'done'});
    second.say({kind: 'audio', payload: payloadOf(1), mark: ''}, 2);
    await lab.pass(300);
    expect(caller.heard()).toEqual([payloadOf(1)]);
    expect(isOpen(caller)).toBe(true);
  });

  test('is not heard while somebody else is asked', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    const asked = second.asked.length;
    first.hang();
    second.hang(); // whoever is asked takes its time
    first.say({kind: 'audio', payload: payloadOf(666), mark: ''});
    await lab.pass(3_200); // when all are silent each has three seconds
    first.wake();
    second.wake();
    await lab.until(() => second.asked.length > asked, 'the second worker was asked');
    await lab.pass(100);
    const owner = (await lab.directory.read(caller.callSid))?.owner;
    expect(caller.heard()).toEqual(owner === first.id ? [payloadOf(666)] : []);
  });

  test('and is the only one keeps its call if it wakes up in time', async () => {
    const lab = await TestEdge.start();
    const worker = await lab.worker();
    const caller = await lab.bridged(worker);
    const before = await speak(lab, caller, 200);
    worker.hang();
    const meanwhile = await speak(lab, caller, 2_000);
    worker.wake();
    const after = await speak(lab, caller, 400);
    await lab.until(() => worker.audio().length === 130, 'the worker heard everything');
    expect(worker.audio()).toEqual([...before, ...meanwhile, ...after]);
    worker.say({kind: 'audio', payload: payloadOf(1), mark: ''});
    await lab.until(() => caller.heard().length === 1, 'the caller hears the worker');
  });
});

describe('a worker that hands a call over', () => {
  test('is followed by the edge, which tells the new one what the old one had not confirmed', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    const before = await speak(lab, caller, 400);
    const claim = await lab.directory.claim(caller.callSid, {epoch: 1, owner: second.id, at: 0});
    expect(claim.won).toBe(true);
    await second.listen(caller.streamSid, 2);
    second.say({kind: 'audio', payload: payloadOf(1), mark: ''}, 2);
    await lab.until(() => second.kinds(2).includes('began'), 'the edge speaks to the second worker', 500);
    const after = await speak(lab, caller, 200);
    await lab.until(() => second.audio(2).length === 30, 'the second worker hears the caller');
    expect(second.audio(2)).toEqual([...before, ...after]);

    first.say({kind: 'audio', payload: payloadOf(666), mark: ''});
    await first.leave(1).catch(() => {});
    await lab.until(() => caller.heard().length > 0, 'the caller hears the second worker');
    expect(caller.heard()).toEqual([payloadOf(1)]);
    expect(second.asked).toEqual([]);
  });

  test('without anybody taking it is replaced', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    const left = first.leave(1);
    await lab.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 500);
    await left;
    expect(isOpen(caller)).toBe(true);
  });
});

describe('an owner that does not know the call', () => {
  test('is replaced', async () => {
    const lab = await TestEdge.start();
    const first = await lab.worker();
    const {callSid, ticket} = await lab.call(first);
    first.answer = 'unknown';
    const second = await lab.worker();
    const caller = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
    caller.start();
    await lab.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 500);
    expect(await lab.directory.read(callSid)).toMatchObject({owner: second.id, epoch: 2});
  });
});

describe('while Redis is away', () => {
  test('nobody is declared dead, and nothing the caller said is lost', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    const before = await speak(lab, caller, 200);
    lab.bus.setDown(true);
    const meanwhile = await speak(lab, caller, 3_000);
    lab.bus.setDown(false);
    const after = await speak(lab, caller, 2_000);
    await lab.until(() => first.audio().length === 260, 'the worker heard everything');
    expect(first.audio()).toEqual([...before, ...meanwhile, ...after]);
    expect(second.asked).toEqual([]);
  });

  test('a worker that died meanwhile is replaced once Redis has settled', async () => {
    const {lab, first, second, caller} = await twoWorkers();
    await speak(lab, caller, 200);
    lab.bus.setDown(true);
    await first.kill();
    await speak(lab, caller, 2_000);
    expect(second.asked).toEqual([]);
    lab.bus.setDown(false);
    await lab.pass(900);
    expect(second.asked).toEqual([]);
    await lab.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 1_000);
    expect(second.audio(2).length).toBeGreaterThan(100);
  });
});

test('a call that keeps losing its workers is not moved in circles', async () => {
  const lab = await TestEdge.start();
  const first = await lab.worker();
  const caller = await lab.bridged(first);
  let owner: ScriptedWorker = first;
  for (let epoch = 2; epoch <= 7; epoch += 1) {
    const next = await lab.worker();
    await owner.kill();
    await lab.until(() => next.kinds(epoch).includes('began'), `epoch ${epoch} began`);
    owner = next;
  }
  const last = await lab.worker();
  await owner.kill();
  await lab.until(() => !isOpen(caller), 'the caller is left to the webhook', 15_000);
  expect(last.asked).toEqual([]);
});
