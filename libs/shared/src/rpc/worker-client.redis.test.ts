import {randomBytes} from 'node:crypto';
import {expect, inject, test} from 'vitest';
import {createLog} from '../observability/log.ts';
import {createMetrics} from '../observability/metrics.ts';
import {CallSid, ProcessId} from '../protocol/ids.ts';
import {openRedisMediaBus} from '../bus/redis-media-bus.ts';
import {systemClock as clock} from '../time.ts';
import {openWorkerClient} from './worker-client.ts';
import {openWorkerServer} from './worker-server.ts';

const log = createLog('test', {level: 'silent'});
const random = () => randomBytes(6).toString('hex');

test.each(inject('redisKinds'))(
  'two processes ask and answer through $kind, and a worker that has stopped has no receiver',
  async ({url}) => {
    await using here = await openRedisMediaBus(url, {clock, log});
    await using there = await openRedisMediaBus(url, {clock, log});
    const worker = ProcessId.parse(`worker-${random()}`);
    const callSid = CallSid.parse(`CA${randomBytes(16).toString('hex')}`);
    const handle = async () => ({answer: 'yes', epoch: 2}) as const;
    const inbox = await openWorkerServer({bus: there, worker, handle, metrics: createMetrics('test'), log, clock});
    await using workerClient = await openWorkerClient({bus: here, clock, id: ProcessId.parse(`edge-${random()}`), log});
    const ask = () => workerClient.ask(worker, {type: 'end', callSid, why: 'caller.hung-up'}, 5_000);
    const outcomes = await Promise.all(Array.from({length: 20}, ask));
    expect(outcomes.map(({answer}) => answer)).toEqual(Array.from({length: 20}, () => 'yes'));
    await inbox[Symbol.asyncDispose]();
    expect(await ask()).toEqual({answer: 'noReceiver'});
  },
);
