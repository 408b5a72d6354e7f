import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, test} from 'vitest';
import {gatherEvidence, type RecordedCall} from '../../scripts/chaos/run-evidence.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-twilio.ts';
import {type AudioEvidence, sessionsOf} from '../../tools/harness/audio-evidence.ts';
import {previousVersion} from '../../tools/harness/previous-version.ts';
import {haveEnded, haveSpoken} from '../../tools/harness/callers.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';

/** The version that may still run while this one is deployed: to be set to the last one that was deployed. */
const PREVIOUS = '8967b1063bb3f49ffac4c36a2501d9782cf485bf';
const previous = await previousVersion(PREVIOUS);
const CALLS = 6;

/** Says yes now and then, and hangs up when the upgrade is over. */
const talks = (isOver: () => boolean): CallerScript => [
  {do: 'waitForSilence', ms: 300},
  ...Array.from({length: 3}, (): CallerScript => [
    {do: 'say', clip: 'caller-yes'},
    {do: 'waitForSilence', ms: 300},
  ]).flat(),
  {do: 'until', until: isOver},
  {do: 'say', clip: 'caller-yes'},
  {do: 'waitForSilence', ms: 300},
  {do: 'hangUp'},
];

afterAll(() => previous?.[Symbol.asyncDispose]());

describe.skipIf(!previous).concurrent.each([
  ['from the version before to this one', () => [previous?.root, undefined] as const],
  ['from this version back to the one before', () => [undefined, previous?.root] as const],
])('an operator who deploys under calls, %s', (_, roots) => {
  let folder: string;
  let fleet: ProcessFleet;
  let reports: CallReport[];
  let records: readonly RecordedCall[];
  let heard: readonly AudioEvidence[];

  /** Starts the new processes before the old ones of their kind stop. */
  async function replace(kind: RunningProcess[], start: () => Promise<unknown>): Promise<void> {
    const old = kind.slice();
    await Promise.all(old.map(start));
    const exits = await Promise.all(old.map(each => each.stop(40_000)));
    expect(exits).toEqual(exits.map(() => ({code: 0, signal: null})));
    kind.splice(0, old.length);
  }

  beforeAll(async () => {
    const [from, to] = roots();
    folder = await mkdtemp(join(tmpdir(), 'voicebridge-e2e-'));
    fleet = await ProcessFleet.start({
      edges: 2,
      workers: 2,
      model: {MODEL_TAGGED: 'on', MODEL_FIRST_DELTA_MS: '200', MODEL_SPEED: '5'},
      // On a busy machine a slow answer must not be asked for again: this is about the upgrade.
      // A version before this one may have no key.
      env: {FLEET_KEY: '', DRAIN_SECONDS: '15', ANSWER_WITHIN_SECONDS: '20'},
      analytics: {dataDir: folder},
      ...(from === undefined ? {} : {sources: from}),
    });
    let over = false;
    const calls = Array.from({length: CALLS}, (_unused, tag) =>
      fleet.twilio.dial(
        talks(() => over),
        {tag},
      ),
    );
    await haveSpoken(calls);
    fleet.sources = to;
    await fleet.analytics?.stop(20_000);
    await fleet.startAnalytics();
    await replace(fleet.workers, () => fleet.addWorker());
    await replace(fleet.edges, () => fleet.addEdge());
    await fleet.webhooks.restart();
    over = true;
    reports = await haveEnded(calls);
    ({records, audioEvidence: heard} = await gatherEvidence(fleet, reports));
  });
  afterAll(async () => {
    await fleet?.[Symbol.asyncDispose]();
    await rm(folder, {recursive: true, force: true});
  });

  test('ends no call', () => {
    expect(reports.flatMap(report => report.violations)).toEqual([]);
    expect(reports.map(report => report.reason)).toEqual(reports.map(() => 'the caller hung up'));
  });

  test('leaves every caller answered afterwards', () => {
    for (const report of reports) {
      const answers = sessionsOf(heard, report).flatMap(({session}) => session.responses);
      expect(answers.length).toBeGreaterThanOrEqual(5);
    }
  });

  test('greets no caller twice, and sends no session anything that it refuses', () => {
    for (const report of reports) {
      const sessions = sessionsOf(heard, report).map(({session}) => session);
      expect(sessions.flatMap(session => session.refusals)).toEqual([]);
      const greetings = sessions.flatMap(session => session.responses).filter(isGreeting);
      expect(greetings).toHaveLength(1);
    }
  });

  test('finds one record of every call in the database', () => {
    const sids = (of: readonly {readonly callSid: string}[]) => of.map(({callSid}) => callSid).toSorted();
    expect(sids(records)).toEqual(sids(reports));
    expect(records.map(({endReason}) => endReason)).toEqual(records.map(() => 'caller.hung-up'));
  });
});

function isGreeting({metadata}: {readonly metadata: Readonly<Record<string, string>> | null}): boolean {
  return Object.values(metadata ?? {}).some(value => value.includes('greeting'));
}
