import {describe, expect, test} from 'vitest';
import {DEAD_AFTER_MS} from './leg/leg-liveness.ts';
import {TestEdge} from './testing/test-edge.ts';
import {payloadOf, TwilioClient} from './testing/twilio-client.ts';

describe('a call', () => {
  test('carries audio from the caller to the worker and back, in order', async () => {
    const harness = await TestEdge.start();
    const worker = await harness.worker();
    const {callSid, ticket} = await harness.call(worker);
    const caller = await TwilioClient.signed(harness.edge.port, ticket, callSid).open();

    caller.start();
    const spoken = Array.from({length: 10}, () => caller.speak()); // before the stream is admitted
    await harness.until(() => worker.audio().length === 10, 'the worker heard the caller');
    expect(worker.audio()).toEqual(spoken);
    expect(worker.kinds()[0]).toBe('began');
    expect(worker.asked).toMatchObject([{type: 'attach', callSid, streamSid: caller.streamSid, edge: harness.edge.id}]);
    expect(await harness.directory.read(callSid)).toMatchObject({
      stream: {streamSid: caller.streamSid, edge: harness.edge.id},
    });

    worker.say({kind: 'audio', payload: payloadOf(1), mark: '1:20'});
    worker.say({kind: 'audio', payload: payloadOf(2), mark: ''});
    worker.say({kind: 'clear'});
    worker.say({kind: 'mark', name: 'probe'});
    await harness.until(() => caller.got.length === 5, 'the caller heard the assistant');
    const {streamSid} = caller;
    expect(caller.got).toEqual([
      {event: 'media', streamSid, media: {payload: payloadOf(1)}},
      {event: 'mark', streamSid, mark: {name: '1:20'}},
      {event: 'media', streamSid, media: {payload: payloadOf(2)}},
      {event: 'clear', streamSid},
      {event: 'mark', streamSid, mark: {name: 'probe'}},
    ]);

    caller.mark('1:20');
    caller.press('7');
    caller.stop();
    await harness.until(() => worker.kinds().includes('ended'), 'the worker knows that the caller hung up');
    expect(worker.heard(1).filter(frame => frame.kind !== 'audio' && frame.kind !== 'counted')).toEqual([
      {
        kind: 'began',
        callSid,
        streamSid,
        edge: harness.edge.id,
        at: expect.any(Number),
        sinceStartMs: expect.any(Number),
      },
      {kind: 'mark', name: '1:20'},
      {kind: 'digit', digit: '7', number: 1},
      {kind: 'ended', why: 'hungUp'},
    ]);
    expect(await caller.closed).toBe(1000);
  });

  test('goes on after its edge was stopped for some seconds, and what the caller said meanwhile is heard', async () => {
    const harness = await TestEdge.start();
    const worker = await harness.worker();
    const caller = await harness.bridged(worker);
    const spoken = Array.from({length: 300}, () => caller.speak());
    harness.clock.oversleep(6_000);
    await harness.until(() => worker.audio().length === spoken.length, 'the worker heard the caller');
    expect(worker.audio()).toEqual(spoken);
    expect(caller.socket.readyState).toBe(caller.socket.OPEN);
  });

  test('is given up by its edge when its socket died while the edge was stopped', async () => {
    const harness = await TestEdge.start();
    const worker = await harness.worker();
    const caller = await harness.bridged(worker);
    caller.socket.pause(); // nothing comes, no answer to a ping either
    harness.clock.oversleep(6_000);
    const wokeAt = harness.clock.now();
    await harness.until(() => worker.kinds().includes('ended'), 'the worker knows that the stream is lost');
    expect(harness.clock.now() - wokeAt).toBeLessThan(DEAD_AFTER_MS + 1_000);
  });

  test('ends for the caller when the worker says so', async () => {
    const harness = await TestEdge.start();
    const worker = await harness.worker();
    const caller = await harness.bridged(worker);
    worker.say({kind: 'close', why: 'done'});
    await harness.until(() => caller.socket.readyState === caller.socket.CLOSED, 'the socket is closed');
    expect(await caller.closed).toBe(1000);
  });
});
