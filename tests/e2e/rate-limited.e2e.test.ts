import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, test} from 'vitest';
import {gatherEvidence} from '../../scripts/chaos/run-evidence.ts';
import {metric, ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

const LIMIT_MS = 8_000;
/** Long enough to be heard once. */
const SENTENCE = 'Un momento, por favor. Enseguida sigo con usted, no cuelgue.';
const asks: CallerScript = [
  {do: 'waitForSilence', ms: 300},
  {do: 'say', clip: 'caller-opening-hours'},
  {do: 'waitForSilence', ms: 3_000},
  {do: 'hangUp'},
];

/** A fleet of processes; the answer to the caller's question is rate-limited. */
async function limitedFleet(workers: number, dataDir?: string): Promise<ProcessFleet> {
  return await ProcessFleet.start({
    edges: 1,
    workers,
    model: {
      MODEL_FIRST_DELTA_MS: '200',
      MODEL_SPEED: '5',
      MODEL_KNOBS: JSON.stringify({answerFaults: ['none', 'rate-limited'], rateLimitMs: [LIMIT_MS, LIMIT_MS]}),
    },
    env: {MODEL_BUSY_SAY: SENTENCE},
    twilio: {sayMsPerChar: 65},
    ...(dataDir === undefined ? {} : {analytics: {dataDir}}),
  });
}

/** When Twilio asked for the next TwiML after the first stream, and when the assistant was heard on another. */
function held(call: FakeCall): {readonly asked: Promise<number>; readonly answered: Promise<number>} {
  const [asked, answered] = [Promise.withResolvers<number>(), Promise.withResolvers<number>()];
  let streams = 0;
  call.on(event => {
    if (event.type === 'streamOpened') streams += 1;
    if (event.type === 'twiml' && streams === 1) asked.resolve(event.at);
    if (event.type === 'audible' && streams === 2) answered.resolve(event.at);
  });
  return {asked: asked.promise, answered: answered.promise};
}

const greetings = (sessions: Awaited<ReturnType<ProcessFleet['sessions']>>) =>
  sessions.flatMap(({responses}) => responses).filter(({metadata}) => metadata?.['tag']?.startsWith('greeting'));

describe.concurrent('a caller whose answer is rate-limited for eight seconds', () => {
  test('is asked by Twilio to wait, comes back to the same conversation and is answered, without a counted failure', async ({
    expect,
  }) => {
    const dataDir = await mkdtemp(join(tmpdir(), 'voicebridge-e2e-'));
    try {
      await using fleet = await limitedFleet(1, dataDir);
      const call = fleet.twilio.dial(asks);
      const {asked, answered} = held(call);
      const [askedAt, answeredAt] = await Promise.all([asked, answered]);
      const report = await call.ended;
      expect(report.violations).toEqual([]);
      expect(report.saidByTwilio).toEqual([SENTENCE]);
      expect(report.endedBy).toBe('caller');
      expect(report.streams.map(({closeCode}) => closeCode)[0]).toBe(1000);
      expect(report.streams).toHaveLength(2);
      expect(answeredAt - askedAt).toBeGreaterThan(LIMIT_MS - 500);
      expect(answeredAt - askedAt).toBeLessThan(2 * LIMIT_MS);
      const sessions = await fleet.sessions();
      expect(sessions).toHaveLength(1);
      expect(greetings(sessions)).toHaveLength(1);
      expect(sessions[0]?.responses.map(({status}) => status)).toEqual(['completed', 'failed', 'completed']);
      expect(await metric(fleet.workers[0]!, 'voicebridge_failovers_total')).toBe(0);
      const {records} = await gatherEvidence(fleet, [report]);
      expect(records).toMatchObject([{endReason: 'caller.hung-up', failovers: 0}]);
    } finally {
      await rm(dataDir, {recursive: true, force: true});
    }
  });

  test('is answered by another worker when theirs dies meanwhile, and not greeted again', async ({expect}) => {
    await using fleet = await limitedFleet(2);
    const call = fleet.twilio.dial(asks);
    const {asked, answered} = held(call);
    const askedAt = await asked;
    const [owner] = await fleet.busyWorkers();
    process.kill(owner!.pid, 'SIGKILL');
    const waitedMs = (await answered) - askedAt;
    expect(waitedMs).toBeLessThan(2 * LIMIT_MS);
    // The other worker's session is not limited, and still is not asked before the limit ends.
    expect(waitedMs).toBeGreaterThan(LIMIT_MS - 500);
    const report = await call.ended;
    expect(report.violations).toEqual([]);
    expect(report.saidByTwilio).toEqual([SENTENCE]);
    expect(report.endedBy).toBe('caller');
    const sessions = await fleet.sessions();
    expect(greetings(sessions)).toHaveLength(1);
    expect(sessions.at(-1)?.responses.map(({status}) => status)).toEqual(['completed']);
  });
});
