import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {ProcessFleet} from '../../scripts/fleet.ts';
import type {Exit, RunningProcess} from '../../scripts/processes.ts';
import type {CallReport} from '../../simulators/twilio/src/call-report.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {type Hearing, hearings, sessionsOf} from '../../scripts/hearings.ts';

const CALLS = 8;
/** Keeps talking until the deploy is over. */
const talks = (isOver: () => boolean): CallerScript => [
  {do: 'waitForSilence', ms: 300},
  ...Array.from({length: 3}, (): CallerScript => [
    {do: 'say', clip: 'caller-yes'},
    {do: 'waitForSilence', ms: 300},
  ]).flat(),
  {do: 'until', until: isOver},
  {do: 'hangUp'},
];

describe('a rolling restart of every process under calls', () => {
  let fleet: ProcessFleet;
  let reports: CallReport[];
  let heard: Hearing[];
  const gone: {name: string; exit: Exit; ms: number}[] = [];

  async function restart(old: RunningProcess, start: () => Promise<unknown>): Promise<void> {
    await start();
    const at = performance.now();
    const exit = await old.stop(20_000);
    gone.push({name: old.name, exit, ms: performance.now() - at});
  }

  beforeAll(async () => {
    fleet = await ProcessFleet.start({
      edges: 2,
      workers: 2,
      model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5'},
      env: {DRAIN_SECONDS: '15'},
    });
    let over = false;
    const calls = Array.from({length: CALLS}, (_, tag) =>
      fleet.twilio.dial(
        talks(() => over),
        {tag},
      ),
    );
    await Promise.all(
      calls.map(call => new Promise<void>(resolve => call.on(event => event.type === 'callerSpoke' && resolve()))),
    );
    const [workers, edges] = [[...fleet.workers], [...fleet.edges]];
    for (const worker of workers) await restart(worker, () => fleet.addWorker());
    for (const edge of edges) await restart(edge, () => fleet.addEdge());
    await fleet.restartWebhook();
    over = true;
    reports = await Promise.all(calls.map(call => call.ended));
    heard = await hearings(fleet);
  }, 90_000);
  afterAll(() => fleet[Symbol.asyncDispose]());

  test('lets each go within ten seconds', () => {
    expect(gone.map(({exit}) => exit)).toEqual(gone.map(() => ({code: 0, signal: null})));
    for (const {ms} of gone) expect(ms).toBeLessThan(10_000);
  });

  test('ends no call', () => {
    expect(reports.flatMap(report => report.violations)).toEqual([]);
    expect(reports.map(report => report.endedBy)).toEqual(reports.map(() => 'caller'));
    expect(reports.map(report => report.reason)).toEqual(reports.map(() => 'the caller hung up'));
  });

  test('greets nobody twice, and mixes nobody up', () => {
    for (const report of reports) {
      const sessions = sessionsOf(heard, report);
      for (const {tags, session} of sessions) {
        expect(tags).toEqual([report.tag]);
        expect(session.refusals).toEqual([]);
      }
      const greetings = sessions.flatMap(({session}) => session.responses).filter(isGreeting);
      expect(greetings).toHaveLength(1);
    }
  });
});

function isGreeting({metadata}: {readonly metadata: Readonly<Record<string, string>> | null}): boolean {
  return Object.values(metadata ?? {}).some(value => value.includes('greeting'));
}
