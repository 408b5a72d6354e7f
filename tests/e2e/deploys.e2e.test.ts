import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {gatherEvidence, type RecordedCall} from '../../scripts/chaos/run-evidence.ts';
import {haveEnded, haveSpoken} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {Exit, RunningProcess} from '../../tools/local-stack/processes.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {type AudioEvidence, sessionsOf} from '../../tools/harness/audio-evidence.ts';

const CALLS = 8;
/** How many callers hang up while analytics is down. */
const LEAVE_EARLY = 3;
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
  let folder: string;
  let fleet: ProcessFleet;
  let records: readonly RecordedCall[];
  let reports: CallReport[];
  let heard: readonly AudioEvidence[];
  const gone: {name: string; exit: Exit; outcome: unknown}[] = [];

  async function letGo(old: RunningProcess): Promise<void> {
    const exit = await old.stop(40_000);
    const stopped = old.lines.find(({json}) => json?.['msg'] === 'stopped');
    gone.push({name: old.name, exit, outcome: stopped?.json?.['outcome']});
  }

  /** Starts the new process before the old one of its kind stops. */
  async function replace(kind: RunningProcess[], start: () => Promise<unknown>): Promise<void> {
    for (const old of kind.slice()) {
      await start();
      await letGo(old);
      kind.splice(kind.indexOf(old), 1);
    }
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'voicebridge-e2e-'));
    fleet = await ProcessFleet.start({
      edges: 2,
      workers: 2,
      model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5'},
      env: {DRAIN_SECONDS: '15'},
      analytics: {dataDir: folder},
    });
    let over = false;
    const calls = Array.from({length: CALLS}, (_, tag) =>
      fleet.twilio.dial(
        talks(() => over),
        {tag},
      ),
    );
    await haveSpoken(calls);
    await replace(fleet.workers, () => fleet.addWorker());
    await replace(fleet.edges, () => fleet.addEdge());
    await fleet.webhooks.restart();
    // One database in one folder: here the old process must end before the new one starts.
    await letGo(fleet.analytics!);
    const early = calls.slice(0, LEAVE_EARLY);
    for (const call of early) call.hangUp();
    await haveEnded(early);
    await fleet.startAnalytics();
    over = true;
    reports = await haveEnded(calls);
    ({records, audioEvidence: heard} = await gatherEvidence(fleet, reports));
  });
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
    await rm(folder, {recursive: true, force: true});
  });

  test('lets every process hand over all of its work, long before the calls end', () => {
    expect(gone).toEqual(gone.map(({name}) => ({name, exit: {code: 0, signal: null}, outcome: 'drained'})));
  });

  test('ends no call', () => {
    expect(reports.flatMap(report => report.violations)).toEqual([]);
    expect(reports.map(report => report.endedBy)).toEqual(reports.map(() => 'caller'));
    expect(reports.map(report => report.reason)).toEqual(reports.map(() => 'the caller hung up'));
  });

  test('records every call once, also those that ended while analytics was down', () => {
    const sids = (calls: readonly {readonly callSid: string}[]) => calls.map(({callSid}) => callSid).toSorted();
    expect(sids(records)).toEqual(sids(reports));
    expect(records.map(({endReason}) => endReason)).toEqual(records.map(() => 'caller.hung-up'));
  });

  test('greets no caller twice, and mixes no callers up', () => {
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
