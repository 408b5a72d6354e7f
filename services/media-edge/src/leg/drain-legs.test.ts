import {describe, expect, test} from 'vitest';
import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {TestEdge} from '../testing/test-edge.ts';
import {newTicket, TwilioClient} from '../testing/twilio-client.ts';

const isOpen = (caller: TwilioClient) => caller.socket.readyState === caller.socket.OPEN;

/** An edge with one call, and another edge that has room. */
async function twoEdges(env = {}) {
  const harness = await TestEdge.start(env);
  const other = await harness.anotherEdge();
  const worker = await harness.worker();
  const caller = await harness.bridged(worker);
  return {harness, other, worker, caller};
}

/** Starts draining. `over`: whether it is done. */
function drain(harness: TestEdge): {over: boolean} {
  const state = {over: false};
  void harness.edge.drain().then(() => (state.over = true));
  return state;
}

describe('an edge that is stopped', () => {
  test('lets Twilio open a quiet call again on another edge', async () => {
    const {harness, other, worker, caller} = await twoEdges();
    const draining = drain(harness);
    expect(harness.edge.notReady()).toBe('draining');
    await harness.until(() => draining.over, 'it has drained', 1_000);
    expect(await caller.closed).toBe(1000);
    expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'moved'});
    expect(await harness.directory.read(caller.callSid)).toMatchObject({intent: 'migrate', attempts: 0});
    const states = (await harness.fleet.members('edges')).map(({id, state}) => [id, state]);
    expect(Object.fromEntries(states)).toEqual({[harness.edge.id]: 'draining', [other.id]: 'ready'});

    // Twilio asks the webhook, which gives it a new ticket.
    const ticket = newTicket();
    const replaces = (await harness.directory.read(caller.callSid))?.ticket;
    const call = await harness.directory.retry(caller.callSid, {epoch: 1, replaces, ticket, attempts: 0});
    await harness.directory.putTicket(ticket, {callSid: caller.callSid, epoch: call?.epoch ?? 0});
    const again = await TwilioClient.signed(other.port, ticket, caller.callSid).open();
    again.start();
    const spoken = again.speak();
    await harness.until(() => worker.audio(2).includes(spoken), 'the same worker hears the caller on the other edge');
    expect(await harness.directory.read(caller.callSid)).toMatchObject({attempts: 0, epoch: 2});
  });

  test('moves a call when the assistant has finished its sentence', async () => {
    const {harness, worker, caller} = await twoEdges();
    worker.say({kind: 'audio', payload: silence(2_000), mark: 'end'});
    await harness.until(() => caller.got.length === 2, 'the assistant is heard');
    const draining = drain(harness);
    await harness.pass(2_100);
    expect(isOpen(caller)).toBe(true);
    caller.mark('end');
    await harness.until(() => draining.over, 'it has drained', 300);
  });

  test('moves a call when the caller has finished theirs', async () => {
    const {harness, caller} = await twoEdges();
    const word = Buffer.alloc(160, 0x30).toString('base64');
    const draining = drain(harness);
    for (let said = 0; said < 1_000; said += 20) {
      caller.speak(word);
      await harness.pass(20);
    }
    expect(isOpen(caller)).toBe(true);
    await harness.until(() => draining.over, 'it has drained', 1_000);
  });

  test('waits for the end of a sentence for five seconds at most', async () => {
    const {harness, worker, caller} = await twoEdges();
    worker.say({kind: 'audio', payload: silence(60_000), mark: 'end'});
    await harness.until(() => caller.got.length === 2, 'the assistant is heard');
    const draining = drain(harness);
    await harness.pass(4_500);
    expect(isOpen(caller)).toBe(true);
    await harness.until(() => draining.over, 'it has drained', 2_000);
    expect(await harness.directory.read(caller.callSid)).toMatchObject({intent: 'migrate'});
  });

  test('keeps its calls while there is no other edge, and moves them in the last second', async () => {
    const harness = await TestEdge.start({DRAIN_SECONDS: '20'});
    const worker = await harness.worker();
    const caller = await harness.bridged(worker);
    const draining = drain(harness);
    await harness.pass(18_000);
    expect(isOpen(caller)).toBe(true);
    caller.speak();
    await harness.until(() => draining.over, 'it has drained', 1_900);
    expect(await harness.directory.read(caller.callSid)).toMatchObject({intent: 'migrate'});
  });

  test('is done at once when its last caller hangs up', async () => {
    const harness = await TestEdge.start();
    const worker = await harness.worker();
    const caller = await harness.bridged(worker);
    const draining = drain(harness);
    await harness.pass(500);
    caller.stop();
    await harness.until(() => draining.over, 'it has drained', 1_000);
    expect(await harness.directory.read(caller.callSid)).not.toHaveProperty('intent');
  });

  test('moves its calls a few at a time', async () => {
    const {harness, worker} = await twoEdges();
    const callers = [];
    for (let calls = 0; calls < 30; calls += 1) callers.push(await harness.bridgedAgain(worker));
    const draining = drain(harness);
    await harness.pass(500);
    const open = callers.filter(isOpen).length;
    expect(open).toBeGreaterThan(15);
    expect(open).toBeLessThan(28);
    await harness.until(() => draining.over, 'it has drained', 2_500);
  });

  test('accepts a socket that Twilio was sent to, and moves its call when no balancer can send it here again', async () => {
    const {harness, worker} = await twoEdges();
    const {callSid, ticket} = await harness.call(worker);
    const draining = drain(harness);
    const late = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();
    late.start();
    await harness.pass(9_000);
    expect(isOpen(late)).toBe(true);
    await harness.until(() => draining.over, 'it has drained', 2_000);
    expect(await harness.directory.read(callSid)).toMatchObject({
      intent: 'migrate',
      stream: {streamSid: late.streamSid},
    });
  });

  test('does not replace the intent of a worker to hang up', async () => {
    const {harness, caller} = await twoEdges();
    await harness.directory.intend(caller.callSid, 1, 'hang-up');
    const draining = drain(harness);
    await harness.until(() => draining.over, 'it has drained', 1_000);
    expect(await harness.directory.read(caller.callSid)).toMatchObject({intent: 'hang-up'});
  });

  test('leaves no timer, no member and no subscription behind', async () => {
    const {harness, other, worker} = await twoEdges();
    const draining = drain(harness);
    await harness.until(() => draining.over, 'it has drained', 1_000);
    await harness.edge[Symbol.asyncDispose]();
    await harness.pass(1_500);
    expect((await harness.fleet.members('edges')).map(({id}) => id)).not.toContain(harness.edge.id);
    await worker.leave(1);
    await harness.pass(1_500);
    expect(harness.bus.channels.filter(channel => channel.startsWith('media:'))).toEqual([]);
    await other[Symbol.asyncDispose]();
    await worker[Symbol.asyncDispose]();
    expect(harness.clock.waiting).toBe(0);
  });
});
