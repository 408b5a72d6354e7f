import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, test, vi} from 'vitest';
import {gather} from '../../scripts/chaos/truth.ts';
import {metric, ProcessFleet} from '../../scripts/fleet.ts';
import {hearings, sessionsOf} from '../../scripts/hearings.ts';

const model = {MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5', MODEL_TAGGED: 'on'};
const soon = {timeout: 15_000, interval: 50};

describe.concurrent('a call that ends badly', () => {
  test('because its worker dies as the caller hangs up has one record all the same, and leaves nothing behind', async ({
    expect,
  }) => {
    const folder = await mkdtemp(join(tmpdir(), 'voicebridge-e2e-'));
    await using fleet = await ProcessFleet.start({edges: 1, workers: 2, model, analytics: {dataDir: folder}});
    const calls = [0, 1, 2, 3].map(tag => fleet.twilio.dial([], {tag}));
    await vi.waitFor(() => expect(calls.every(call => call.hearsAssistant)).toBe(true), soon);
    const [victim] = await fleet.busyWorkers();
    victim!.kill('SIGKILL');
    for (const call of calls) call.hangUp();
    const reports = await Promise.all(calls.map(call => call.ended));
    fleet.workers.splice(fleet.workers.indexOf(victim!), 1);
    const hungUpAt = performance.now();
    const truth = await gather(fleet, reports);
    expect(performance.now() - hungUpAt).toBeLessThan(35_000);
    expect(truth.records.map(({callSid}) => callSid).toSorted()).toEqual(calls.map(call => call.callSid).toSorted());
    expect(truth.records.map(({endReason}) => endReason)).toEqual(
      expect.arrayContaining(['platform.worker-lost', 'caller.hung-up']),
    );
    expect({open: truth.open, channels: truth.channels, keys: truth.keys, held: truth.held}).toEqual({
      open: [],
      channels: [],
      keys: [],
      held: [],
    });
    await vi.waitFor(async () => {
      const open = (await fleet.sessions()).filter(({closedAt}) => closedAt === null);
      expect(open).toEqual([]);
    }, soon);
    await rm(folder, {recursive: true, force: true});
  });

  test('because its socket is half open goes on over another one at once, and the old one is given up in five seconds', async ({
    expect,
  }) => {
    await using fleet = await ProcessFleet.start({edges: 2, workers: 1, model, twilio: {halfOpenFor: 40_000}});
    const call = fleet.twilio.dial([{do: 'pause', ms: 8_000}, {do: 'hangUp'}], {tag: 0});
    await vi.waitFor(() => expect(call.hearsAssistant).toBe(true), soon);
    call.halfOpen();
    const brokeAt = performance.now();
    const sockets = async () => {
      const counts = await Promise.all(fleet.edges.map(edge => metric(edge, 'voicebridge_calls_active')));
      return counts.reduce((sum, count) => sum + count, 0);
    };
    await vi.waitFor(() => expect(call.hearsAssistant).toBe(true), soon);
    // The gauge is a second old at most.
    await vi.waitFor(async () => expect(await sockets()).toBe(1), soon);
    expect(performance.now() - brokeAt).toBeLessThan(6_500);
    const report = await call.ended;
    expect(report.endedBy).toBe('caller');
    expect(report.streams).toHaveLength(2);
    const [session, ...others] = sessionsOf(await hearings(fleet), report);
    expect(others).toEqual([]);
    expect(session?.session.refusals).toEqual([]);
  });
});
