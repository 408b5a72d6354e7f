import {mkdir} from 'node:fs/promises';
import {setTimeout as sleep} from 'node:timers/promises';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import {readClip} from '../../simulators/audio/clips.ts';
import {answeringMachine, type Callee} from '../../simulators/twilio/src/fake-twilio.ts';
import {CallingOut, exactWords, type OutCall} from '../../tools/harness/calling-out.ts';

const OVER = new Set(['completed', 'busy', 'no-answer', 'failed', 'canceled', 'refused', 'expired', 'unknown']);
/** Between two accidents. */
const EVERY_MS = 12_000;
const PATIENCE_MS = 240_000;

const PERSON: Callee = {
  does: 'answer',
  after: 300,
  script: [{do: 'say', clip: 'caller-hello'}, {do: 'waitForSilence', ms: 1_200}, {do: 'hangUp'}],
};

/** Calls through all processes, of which one is killed every few seconds. */
export async function throughProcesses(plan: {
  readonly calls: number;
  readonly seed: number;
  readonly folder: string;
}): Promise<{readonly figures: Readonly<Record<string, string | number>>; readonly ok: boolean}> {
  const random = seededRandom(plan.seed);
  await mkdir(plan.folder, {recursive: true});
  const callees: readonly Callee[] = [
    PERSON,
    PERSON,
    PERSON,
    {does: 'be-busy', after: 100},
    answeringMachine({after: 200, announces: readClip('caller-goodbye')}),
  ];
  const calleeOf = (to: string) => callees[Number(to.slice(-4)) % callees.length] ?? PERSON;
  await using out = await CallingOut.start({
    assistants: {survey: 'greeting: Hello. May I ask you something?\nvoicemail: {say: Please call us back.}\n'},
    script: ({instructions}) => [{say: {text: exactWords(instructions) ?? 'Thank you.', audioMs: 700}}],
    twilio: {callees: calleeOf, statusCallbacks: {late: 1_500, twice: true, lost: 0.1}},
    env: {CALLS_OUT_PER_SECOND: '1', CALLS_OUT_AT_ONCE: '10', LOG_LEVEL: 'error'},
    workers: 2,
    redisDir: plan.folder,
  });
  const {fleet} = out;
  const kills = {webhook: 0, worker: 0, redis: 0};
  const wanted: {readonly id: string; readonly to: string}[] = [];
  for (let index = 0; index < plan.calls; index += 1) {
    const to = `+472200${String(index).padStart(4, '0')}`;
    wanted.push({id: (await out.want(to, 'survey', {attempts: 1})).id, to});
  }
  const states = new Map<string, OutCall>();
  const end = performance.now() + PATIENCE_MS;
  let accidentAt = performance.now() + EVERY_MS;
  while (states.size < plan.calls && performance.now() < end) {
    if (performance.now() >= accidentAt) {
      accidentAt += EVERY_MS;
      const which = random.pick(['webhook', 'worker', 'redis'] as const);
      kills[which] += 1;
      if (which === 'webhook') {
        process.kill(fleet.webhook.pid, 'SIGKILL');
        await fleet.restartWebhook();
      } else if (which === 'worker') {
        const [victim] = fleet.workers.splice(0, 1);
        if (victim) process.kill(victim.pid, 'SIGKILL');
        await fleet.addWorker();
      } else {
        await fleet.stopRedis();
        await fleet.startRedis();
      }
    }
    for (const {id} of wanted.filter(each => !states.has(each.id))) {
      const call = await out.read(id).catch(() => undefined);
      if (call && OVER.has(call.state)) states.set(id, call);
    }
    await sleep(500);
  }
  const reports = await Promise.all(
    fleet.twilio.calls.map(async call => ({to: call.facts.to, callSid: call.callSid, report: await call.ended})),
  );
  const rung = new Map<string, number>();
  for (const {to} of reports) rung.set(to, (rung.get(to) ?? 0) + 1);
  const wrong = wanted.filter(({id, to}) => {
    const truth = reports.find(report => report.to === to)?.report.status;
    return truth !== undefined && states.get(id)?.state !== truth;
  });
  const answered = reports.filter(({report}) => report.status === 'completed');
  let [disclosed, byMark, talked] = [0, 0, 0];
  for (const {callSid, report} of answered) {
    const record = await out.record(callSid).catch(() => undefined);
    // Who heard nothing at all was not spoken to.
    if (!report.streams.some(({segments}) => segments.length > 0)) continue;
    talked += 1;
    if (record?.summary.disclosure?.heardAt !== undefined && record.summary.disclosure.heardAt !== null) disclosed += 1;
    if (record?.summary.disclosure?.by === 'mark') byMark += 1;
  }
  const twice = [...rung.values()].filter(count => count > 1).length;
  return {
    figures: {
      'webhook, worker, Redis killed': `${kills.webhook}, ${kills.worker}, ${kills.redis}`,
      'calls that are over': states.size,
      'telephones that rang': rung.size,
      'telephones that rang twice': twice,
      'states that are not what Twilio knows': wrong.length,
      'states unknown': [...states.values()].filter(({state}) => state === 'unknown').length,
      'people and machines that were spoken to': talked,
      'who heard all of the disclosure; by its mark': `${disclosed}; ${byMark}`,
    },
    ok: twice + wrong.length === 0 && states.size === plan.calls,
  };
}
