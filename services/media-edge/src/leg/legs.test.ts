import {expect, test} from 'vitest';
import {createLog} from '@voicebridge/shared/observability/log.ts';
import type {StreamSid} from '@voicebridge/shared/protocol/ids.ts';
import {flushPromises} from '@voicebridge/shared/testing/fake-clock.ts';
import {newStreamSid} from '../testing/twilio-client.ts';
import type {CallLeg} from './call-leg.ts';
import {Legs} from './legs.ts';

/** A leg that writes down what is done to it. */
class FakeLeg {
  readonly done: string[] = [];
  readonly link: {readonly stream: {readonly streamSid: StreamSid}};
  readonly #run = Promise.withResolvers<void>();

  constructor(streamSid: StreamSid = newStreamSid()) {
    this.link = {stream: {streamSid}};
  }

  run = () => this.#run.promise;
  tick = () => void this.done.push('tick');
  wakeUp = () => void this.done.push('wakeUp');
  supersede = () => void this.done.push('supersede');
  terminate = () => void this.done.push('terminate');
  end = () => this.#run.resolve();
  fail = () => this.#run.reject(new Error('a bug'));

  /** As `Legs` sees it. */
  get leg(): CallLeg {
    return this as unknown as CallLeg;
  }
}

function someLegs(count: number) {
  const legs = new Legs(createLog('test', {level: 'silent'}));
  const fakes = Array.from({length: count}, () => new FakeLeg());
  for (const {leg} of fakes) legs.add(leg, 0);
  return {legs, fakes};
}

test('a bug in one leg ends that leg, and the other calls of the edge go on', async () => {
  const {legs, fakes} = someLegs(2);
  fakes[0]!.fail();
  await flushPromises();
  expect(fakes.map(({done}) => done)).toEqual([['terminate'], []]);
  expect(legs.size).toBe(1);
});

test('an edge is empty when its last socket is closed', async () => {
  const {legs, fakes} = someLegs(2);
  let isEmpty = false;
  void legs.empty().then(() => (isEmpty = true));
  fakes[0]!.end();
  await flushPromises();
  expect(isEmpty).toBe(false);
  fakes[1]!.end();
  await flushPromises();
  expect(isEmpty).toBe(true);
});

test('an edge that was stopped for more than a second gives every peer new time', () => {
  const {legs, fakes} = someLegs(1);
  for (const at of [0, 250, 1_250, 2_251, 2_500]) legs.tick(at);
  expect(fakes[0]!.done).toEqual(['tick', 'tick', 'tick', 'wakeUp', 'tick']);
});

test('a newer stream of the same call on the same edge closes the older one', () => {
  const {legs, fakes} = someLegs(3);
  const [older, newer, other] = fakes;
  for (const {leg} of [older!, other!]) legs.attach(leg);
  legs.attach(newer!.leg, older!.link.stream.streamSid);
  expect(fakes.map(({done}) => done)).toEqual([['supersede'], [], []]);
});

test('a stream that is attached again under the same id does not close itself', () => {
  const {legs, fakes} = someLegs(1);
  legs.attach(fakes[0]!.leg);
  legs.attach(fakes[0]!.leg, fakes[0]!.link.stream.streamSid);
  expect(fakes[0]!.done).toEqual([]);
});
