import {describe, expect, test} from 'vitest';
import {silence} from '@voicebridge/shared/protocol/audio.ts';
import {TestEdge} from '../testing/test-edge.ts';
import {newTicket, TwilioClient} from '../testing/twilio-client.ts';

const isOpen = (caller: TwilioClient) => caller.socket.readyState === caller.socket.OPEN;

/** An edge with one call, and another edge that has room. */
async function twoEdges(env = {}) {
  const lab = await TestEdge.start(env);
  const other = await lab.anotherEdge();
  const worker = await lab.worker();
  const caller = await lab.bridged(worker);
  return {lab, other, worker, caller};
}

/** Starts draining, and tells whether it is over. */
function drain(lab: TestEdge): {over: boolean} {
  const state = {over: false};
  void lab.edge.drain().then(() => (state.over = true));
  return state;
}

describe('an edge that is told to stop', () => {
  test('lets Twilio open a quiet call again on another edge', async () => {
    const {lab, other, worker, caller} = await twoEdges();
    const draining = drain(lab);
    expect(lab.edge.notReady()).toBe('draining');
    await lab.until(() => draining.over, 'it has drained', 1_000);
    expect(await caller.closed).toBe(1000);
    expect(worker.heard(1)).toContainEqual({kind: 'ended', why: 'moved'});
    expect(await lab.directory.read(caller.callSid)).toMatchObject({intent: 'migrate', attempts: 0});
    const states = (await lab.fleet.members('edges')).map(({id, state}) => [id, state]);
    expect(Object.fromEntries(states)).toEqual({[lab.edge.id]: 'draining', [other.id]: 'ready'});

    // What Twilio and the webhook do now.
    const ticket = newTicket();
    const replaces = (await lab.directory.read(caller.callSid))?.ticket;
    const call = await lab.directory.retry(caller.callSid, {epoch: 1, replaces, ticket, attempts: 0});
    await lab.directory.putTicket(ticket, {callSid: caller.callSid, epoch: call?.epoch ?? 0});
    const again = await TwilioClient.signed(other.port, ticket, caller.callSid).open();
    again.start();
    const spoken = again.speak();
    await lab.until(() => worker.audio(2).includes(spoken), 'the same worker hears the caller on the other edge');
    expect(await lab.directory.read(caller.callSid)).toMatchObject({attempts: 0, epoch: 2});
  });

  test('waits until the assistant has finished its sentence', async () => {
    const {lab, worker, caller} = await twoEdges();
    worker.say({kind: 'audio', payload: silence(2_000), mark: 'end'});
    await lab.until(() => caller.got.length === 2, 'the assistant is heard');
    const draining = drain(lab);
    await lab.pass(2_100);
    expect(isOpen(caller)).toBe(true);
    caller.mark('end');
    await lab.until(() => draining.over, 'it has drained', 300);
  });

  test('but not longer than five seconds', async () => {
    const {lab, worker, caller} = await twoEdges();
    worker.say({kind: 'audio', payload: silence(60_000), mark: 'end'});
    await lab.until(() => caller.got.length === 2, 'the assistant is heard');
    const draining = drain(lab);
    await lab.pass(4_500);
    expect(isOpen(caller)).toBe(true);
    await lab.until(() => draining.over, 'it has drained', 2_000);
    expect(await lab.directory.read(caller.callSid)).toMatchObject({intent: 'migrate'});
  });

  test('keeps its calls while there is no other edge, and moves them before its time is over', async () => {
    const lab = await TestEdge.start({DRAIN_SECONDS: '20'});
    const worker = await lab.worker();
    const caller = await lab.bridged(worker);
    const draining = drain(lab);
    await lab.pass(18_000);
    expect(isOpen(caller)).toBe(true);
    caller.speak();
    await lab.until(() => draining.over, 'it has drained', 1_900);
    expect(await lab.directory.read(caller.callSid)).toMatchObject({intent: 'migrate'});
  });

  test('is done at once when its last caller hangs up', async () => {
    const lab = await TestEdge.start();
    const worker = await lab.worker();
    const caller = await lab.bridged(worker);
    const draining = drain(lab);
    await lab.pass(500);
    caller.stop();
    await lab.until(() => draining.over, 'it has drained', 1_000);
    expect(await lab.directory.read(caller.callSid)).not.toHaveProperty('intent');
  });

  test('moves its calls a few at a time', async () => {
    const {lab, worker} = await twoEdges();
    const callers = [];
    for (let calls = 0; calls < 30; calls += 1) callers.push(await lab.bridgedAgain(worker));
    const draining = drain(lab);
    await lab.pass(500);
    const open = callers.filter(isOpen).length;
    expect(open).toBeGreaterThan(15);
    expect(open).toBeLessThan(28);
    await lab.until(() => draining.over, 'it has drained', 2_500);
  });

  test('still takes a socket that Twilio was sent to before, and moves it on', async () => {
    const {lab, worker} = await twoEdges();
    const {callSid, ticket} = await lab.call(worker);
    const draining = drain(lab);
    const late = await TwilioClient.signed(lab.edge.port, ticket, callSid).open();
    late.start();
    await lab.until(() => draining.over, 'it has drained', 2_000);
    expect(await lab.directory.read(callSid)).toMatchObject({intent: 'migrate', stream: {streamSid: late.streamSid}});
  });

  test('does not overrule a worker that wants to hang up', async () => {
    const {lab, caller} = await twoEdges();
    await lab.directory.intend(caller.callSid, 1, 'hang-up');
    const draining = drain(lab);
    await lab.until(() => draining.over, 'it has drained', 1_000);
    expect(await lab.directory.read(caller.callSid)).toMatchObject({intent: 'hang-up'});
  });

  test('leaves nothing behind', async () => {
    const {lab, worker} = await twoEdges();
    const draining = drain(lab);
    await lab.until(() => draining.over, 'it has drained', 1_000);
    const timers = lab.clock.waiting;
    await lab.edge[Symbol.asyncDispose]();
    await lab.pass(1_500);
    expect(lab.clock.waiting).toBeLessThan(timers);
    expect((await lab.fleet.members('edges')).map(({id}) => id)).not.toContain(lab.edge.id);
    await worker.leave(1);
    await lab.pass(1_500);
    expect(lab.bus.channels.filter(channel => channel.startsWith('media:'))).toEqual([]);
  });
});
