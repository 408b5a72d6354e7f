import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {mediaDown} from '@voicebridge/shared/redis/keys.ts';
import {expect, test} from 'vitest';
import {ScriptedWorker} from '../testing/scripted-worker.ts';
import {TestEdge} from '../testing/test-edge.ts';
import {payloadOf, TwilioClient, type TwilioClient as Caller} from '../testing/twilio-client.ts';

/** The caller speaks for `ms`, a frame each 20 ms. Returns the payloads. */
async function speak(harness: TestEdge, caller: Caller, ms: number): Promise<string[]> {
  const spoken: string[] = [];
  for (let said = 0; said < ms; said += 20) {
    spoken.push(caller.speak());
    await harness.pass(20);
  }
  return spoken;
}

/** Two workers, and a call that the first one owns. */
async function twoWorkers() {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const caller = await harness.bridged(first);
  const second = await harness.worker();
  await harness.pass(250); // the edge knows of it
  return {harness, first, second, caller};
}

const isOpen = (caller: Caller) => caller.socket.readyState === caller.socket.OPEN;

test('a worker that is killed is replaced, and the next one hears what the caller said last', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const before = await speak(harness, caller, 1_000);
  await harness.until(() => first.audio().length === before.length, 'the first worker heard it');
  await first.kill();
  const diedAt = harness.clock.now();
  const after = await speak(harness, caller, 300);
  await harness.until(() => second.audio(2).length === before.length + after.length, 'the second worker heard it all');

  expect(second.audio(2)).toEqual([...before, ...after]);
  expect(second.heard(2)[0]).toMatchObject({kind: 'began', streamSid: caller.streamSid, edge: harness.edge.id});
  expect(second.asked).toMatchObject([
    {type: 'take', epoch: 1, cause: 'worker-lost', stream: {streamSid: caller.streamSid, edge: harness.edge.id}},
  ]);
  expect(harness.clock.now() - diedAt).toBeLessThan(400);
  expect(isOpen(caller)).toBe(true);

  second.say({kind: 'audio', payload: payloadOf(1), mark: ''}, 2);
  await harness.until(() => caller.heard().length === 1, 'the caller hears the second worker');
  expect(await harness.metric('takeovers_total')).toEqual([
    'voicebridge_takeovers_total{cause="worker-lost",service="media-edge"} 1',
  ]);
  await harness.until(
    async () => (await harness.metric('takeover_seconds_count'))[0]?.endsWith(' 1') ?? false,
    'the move was measured',
  );
});

test('callers who lose one worker are all known to the next before the seconds of any are sent again', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const callers = [caller, await harness.bridgedAgain(first)];
  for (let said = 0; said < 2_000; said += 20) {
    for (const each of callers) each.speak();
    await harness.pass(20);
  }
  await first.kill();
  await harness.until(() => second.arrived.includes('audio'), 'the second worker hears the callers');
  expect(second.arrived.slice(0, second.arrived.indexOf('audio'))).toEqual(['began', 'began']);
});

test('a new owner is sent the last seconds of the caller again, and no digit twice', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  caller.press('1');
  const before = await speak(harness, caller, 6_000);
  caller.press('2');
  await harness.until(() => first.kinds().filter(kind => kind === 'digit').length === 2, 'both digits arrived');
  await harness.pass(200); // and were confirmed
  await first.kill();
  caller.press('3');
  await harness.until(() => second.kinds(2).includes('digit'), 'the second worker got the last digit');

  const replayed = second.audio(2);
  expect(replayed).toEqual(before.slice(-replayed.length));
  expect(replayed.length).toBe(before.length);
  expect(second.heard(2).filter(frame => frame.kind === 'digit')).toEqual([{kind: 'digit', digit: '3', number: 3}]);
});

test('a new owner is sent nothing that is in the journal as text, and all the rest once', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const before = await speak(harness, caller, 3_000);
  await harness.until(() => first.audio().length === before.length, 'the first worker heard it');
  second.settledMs = 100 + 60 * 20 + 20; // the stream's clock is at 120 as the first frame begins
  await first.kill();
  const after = await speak(harness, caller, 1_000);
  await harness.until(() => second.audio(2).includes(after.at(-1)!), 'the second worker heard it all');
  expect(second.audio(2)).toEqual([...before.slice(60), ...after]);
});

test('a worker that was taken for dead and kept its call hears nothing twice', async () => {
  const harness = await TestEdge.start();
  const worker = await harness.worker();
  const caller = await harness.bridged(worker);
  const spoken: string[] = [];
  for (let times = 0; times < 3; times += 1) {
    spoken.push(...(await speak(harness, caller, 500)));
    worker.hang();
    spoken.push(...(await speak(harness, caller, 700)));
    worker.wake();
  }
  await harness.until(() => worker.audio().length >= spoken.length, 'the worker heard everything');
  await harness.pass(1_000);
  expect(worker.audio()).toEqual(spoken);
});

test('all calls of a worker that is killed move to another worker at once', async () => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const callers: Caller[] = [];
  for (let calls = 0; calls < 20; calls += 1) {
    const {callSid, ticket} = await harness.call(first);
    const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
    caller.start();
    callers.push(caller);
  }
  await harness.until(() => first.asked.length === 20, 'all are bridged');
  const second = await harness.worker();
  await harness.pass(2_500); // the edge knows of it, and the first is not busy with twenty new calls any more
  await first.kill();
  await harness.until(() => second.asked.length === 20, 'all were moved', 500);
  expect(callers.every(isOpen)).toBe(true);
});

test('a caller whose worker was killed is let go after ten seconds when no other worker takes over', async () => {
  const harness = await TestEdge.start();
  const worker = await harness.worker();
  const caller = await harness.bridged(worker);
  await worker.kill();
  await harness.pass(5_000);
  expect(isOpen(caller)).toBe(true);
  await harness.until(() => !isOpen(caller), 'the socket is closed');
  expect(await caller.closed).toBe(1000);
  expect(await harness.directory.read(caller.callSid)).not.toHaveProperty('intent');
});

test('a worker that is killed is replaced by one that starts a little later, and what the caller said meanwhile is heard', async () => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const caller = await harness.bridged(first);
  await first.kill();
  await harness.pass(3_000);
  const spoken = await speak(harness, caller, 1_000);
  const second = await harness.worker();
  await harness.until(() => second.audio(2).length > 0, 'the second worker hears the caller');
  expect(second.audio(2).slice(0, 50)).toEqual(spoken);
});

test('a worker that was killed before the stream came is replaced as soon as it comes', async () => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const {callSid, ticket} = await harness.call(first);
  await first.kill();
  const second = await harness.worker();
  const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  caller.start();
  const spoken = await speak(harness, caller, 200);
  await harness.until(() => second.audio(2).length === 10, 'the second worker hears the caller', 1_000);
  expect(second.audio(2)).toEqual(spoken);
});

test('a worker that hangs is replaced, and the caller does not hear it when it wakes up', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  await speak(harness, caller, 1_200); // its heartbeats are known by then
  first.hang();
  first.say({kind: 'audio', payload: payloadOf(666), mark: ''});
  await harness.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 400);
  first.wake();
  first.say({kind: 'audio', payload: payloadOf(667), mark: ''});
  first.say({kind: 'close', why: 'done'});
  second.say({kind: 'audio', payload: payloadOf(1), mark: ''}, 2);
  await harness.pass(300);
  expect(caller.heard()).toEqual([payloadOf(1)]);
  expect(isOpen(caller)).toBe(true);
});

test('a worker that hangs is not heard while another one is asked, unless it keeps the call', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const asked = second.asked.length;
  first.hang();
  second.hang(); // the worker that is asked does not answer
  first.say({kind: 'audio', payload: payloadOf(666), mark: ''});
  await harness.pass(3_200); // when all are silent each has three seconds
  first.wake();
  second.wake();
  await harness.until(() => second.asked.length > asked, 'the second worker was asked');
  await harness.pass(100);
  const owner = (await harness.directory.read(caller.callSid))?.owner;
  expect(caller.heard()).toEqual(owner === first.id ? [payloadOf(666)] : []);
});

test('a worker that hangs and is the only one keeps its call if it wakes up in time', async () => {
  const harness = await TestEdge.start();
  const worker = await harness.worker();
  const caller = await harness.bridged(worker);
  const before = await speak(harness, caller, 200);
  worker.hang();
  const meanwhile = await speak(harness, caller, 2_000);
  worker.wake();
  const after = await speak(harness, caller, 400);
  await harness.until(() => worker.audio().length === 130, 'the worker heard everything');
  expect(worker.audio()).toEqual([...before, ...meanwhile, ...after]);
  worker.say({kind: 'audio', payload: payloadOf(1), mark: ''});
  await harness.until(() => caller.heard().length === 1, 'the caller hears the worker');
});

test('an edge follows a handover and sends the new worker what the old one had not confirmed', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const before = await speak(harness, caller, 400);
  const claim = await harness.directory.claim(caller.callSid, {epoch: 1, owner: second.id, at: 0});
  expect(claim.won).toBe(true);
  await second.listen(caller.streamSid, 2);
  second.say({kind: 'audio', payload: payloadOf(1), mark: ''}, 2);
  await harness.until(() => second.kinds(2).includes('began'), 'the edge speaks to the second worker', 500);
  const after = await speak(harness, caller, 200);
  await harness.until(() => second.audio(2).length === 30, 'the second worker hears the caller');
  expect(second.audio(2)).toEqual([...before, ...after]);

  first.say({kind: 'audio', payload: payloadOf(666), mark: ''});
  await first.leave(1).catch(() => {});
  await harness.until(() => caller.heard().length > 0, 'the caller hears the second worker');
  expect(caller.heard()).toEqual([payloadOf(1)]);
  expect(second.asked).toEqual([]);
});

test('an edge does not believe a packet of a newer owner that the directory does not know', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const channel = mediaDown(caller.streamSid);
  const packets: Buffer[] = [];
  const leave = await harness.bus.subscribe(channel, message => packets.push(Buffer.from(message)));
  first.say({kind: 'audio', payload: payloadOf(1), mark: ''});
  await harness.until(() => caller.heard().length === 1, 'the caller hears the worker');
  await leave();
  for (let forged = 0; forged < 20; forged += 1) {
    const packet = Buffer.from(packets.at(-1) ?? '');
    packet.writeUInt32BE(9, 2); // its epoch
    await harness.bus.publish(channel, packet);
    await harness.pass(50);
  }
  const spoken = await speak(harness, caller, 400);
  await harness.until(() => first.audio().length === spoken.length, 'the worker hears the caller');
  first.say({kind: 'audio', payload: payloadOf(2), mark: ''});
  await harness.until(() => caller.heard().length === 2, 'the caller hears the worker');
  expect(caller.heard()).toEqual([payloadOf(1), payloadOf(2)]);
  expect(second.asked).toEqual([]);
});

test('a worker that lets go of a call which no other worker has taken is replaced', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const left = first.leave(1);
  await harness.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 500);
  await left;
  expect(isOpen(caller)).toBe(true);
});

test('an owner that does not know its call is replaced', async () => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const {callSid, ticket} = await harness.call(first);
  first.answer = 'unknown';
  const second = await harness.worker();
  const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  caller.start();
  await harness.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 500);
  expect(await harness.directory.read(callSid)).toMatchObject({owner: second.id, epoch: 2});
});

test('a caller of the only worker hears it, however late it answers about the stream', async () => {
  const harness = await TestEdge.start();
  const worker = await harness.worker();
  const {callSid, ticket} = await harness.call(worker);
  const busy = Promise.withResolvers<void>();
  worker.busy = busy.promise;
  const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
  caller.start();
  await harness.pass(4_000); // an owner without the call would be replaced by now, if there were another worker
  busy.resolve();
  await harness.until(() => worker.kinds(1).includes('began'), 'the worker learns of the stream');
  worker.say({kind: 'audio', payload: payloadOf(1), mark: ''});
  await harness.until(() => caller.heard().length === 1, 'the caller hears the worker', 1_000);
  await harness.pass(11_000); // longer than a new owner is looked for
  worker.say({kind: 'audio', payload: payloadOf(2), mark: ''});
  await harness.until(() => caller.heard().length === 2, 'the caller hears the worker', 1_000);
  expect(isOpen(caller)).toBe(true);
});

test('while Redis does not answer no worker is declared dead, and nothing that the caller said is lost', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  const before = await speak(harness, caller, 200);
  harness.bus.setDown(true);
  const meanwhile = await speak(harness, caller, 3_000);
  harness.bus.setDown(false);
  const after = await speak(harness, caller, 2_000);
  await harness.until(() => first.audio().length === 260, 'the worker heard everything');
  expect(first.audio()).toEqual([...before, ...meanwhile, ...after]);
  expect(second.asked).toEqual([]);
});

test('a worker that died while Redis did not answer is replaced a second after Redis answers again', async () => {
  const {harness, first, second, caller} = await twoWorkers();
  await speak(harness, caller, 200);
  harness.bus.setDown(true);
  await first.kill();
  await speak(harness, caller, 2_000);
  expect(second.asked).toEqual([]);
  harness.bus.setDown(false);
  await harness.pass(900);
  expect(second.asked).toEqual([]);
  await harness.until(() => second.kinds(2).includes('began'), 'the second worker has the call', 1_000);
  expect(second.audio(2).length).toBeGreaterThan(100);
});

test('a call that loses one worker after the other is let go after six moves', async () => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const caller = await harness.bridged(first);
  let owner: ScriptedWorker = first;
  for (let epoch = 2; epoch <= 7; epoch += 1) {
    const next = await harness.worker();
    await owner.kill();
    await harness.until(() => next.kinds(epoch).includes('began'), `epoch ${epoch} began`);
    owner = next;
  }
  const last = await harness.worker();
  await owner.kill();
  await harness.until(() => !isOpen(caller), 'the caller is left to the webhook', 15_000);
  expect(last.asked).toEqual([]);
});

test('the first owner of a caller is sent how long ago the stream began', async () => {
  const harness = await TestEdge.start();
  const worker = await harness.worker();
  await harness.bridged(worker);
  const [began] = worker.heard(1);
  expect(began).toMatchObject({kind: 'began', sinceStartMs: expect.any(Number)});
  expect(began).not.toHaveProperty('silentMs');
});

test.each([
  {what: 'the mark behind the last audio that Twilio was given', cleared: false, sent: '1.0:40'},
  {what: 'no mark where a clear has dropped that audio', cleared: true, sent: undefined},
])('the next owner of a caller is sent $what', async ({cleared, sent}) => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  await harness.bridged(first);
  const second = await harness.worker();
  for (const mark of ['1.0:20', '1.0:40']) first.say({kind: 'audio', payload: silence(20), mark});
  if (cleared) first.say({kind: 'clear'});
  await harness.pass(100);
  await first.kill();
  await harness.until(() => second.kinds(2).includes('began'), 'the second worker has the call');
  const [began] = second.heard(2);
  expect(began?.kind === 'began' ? began.sent : 'no beginning').toBe(sent);
});

test('the next owner of a caller is sent for how long no worker can have heard them', async () => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const caller = await harness.bridged(first);
  const second = await harness.worker();
  for (let frames = 0; frames < 50; frames += 1) {
    caller.speak();
    await harness.pass(20);
  }
  const killedAt = harness.clock.now();
  await first.kill();
  await harness.until(() => second.kinds(2).includes('began'), 'the second worker has the call');
  const silentFor = harness.clock.now() - killedAt;
  const [began] = second.heard(2);
  const {silentMs = 0, sinceStartMs = 0} = began?.kind === 'began' ? began : {};
  // A worker that hears a caller confirms it every 80 ms.
  expect(silentMs).toBeGreaterThan(silentFor - 60);
  expect(silentMs).toBeLessThan(silentFor + 120);
  expect(sinceStartMs).toBeGreaterThanOrEqual(1_000);
});

test('each owner of a caller is sent the count of unusable messages of its own time, and the sum is right', async () => {
  const harness = await TestEdge.start();
  const first = await harness.worker();
  const caller = await harness.bridged(first);
  const second = await harness.worker();
  caller.socket.send('not json');
  caller.socket.send('nor this');
  await harness.until(
    () => first.heard().some(each => each.kind === 'counted' && each.malformed === 2),
    'the first worker got the count',
  );
  await first.kill();
  await harness.until(() => second.kinds(2).includes('began'), 'the second worker has the call');
  caller.socket.send('still not json');
  await harness.until(
    () => second.heard(2).some(each => each.kind === 'counted' && each.malformed === 1),
    'the second worker got the count',
  );
  expect(
    second
      .heard(2)
      .filter(each => each.kind === 'counted')
      .map(({malformed}) => malformed),
  ).not.toContain(3);
});
