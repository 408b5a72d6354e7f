import {setTimeout as sleep} from 'node:timers/promises';
import {metric, type ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import {audioEvidence, unheardFrames, sessionsOf} from '../../tools/harness/audio-evidence.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import {ageCalls} from './age.ts';
import {burst} from './burst.ts';
import {Load, lostCalls} from './load.ts';
import {speechGaps} from './speech-gaps.ts';
import {sessionsEnd} from './sessions-end.ts';
import {type Plan, type Row, spread} from './stats.ts';

/** The measurements, by name. */
export const SCENES: Readonly<Record<string, (plan: Plan) => Promise<Row[]>>> = {
  'worker-kill': plan => workerDies(plan, 'SIGKILL'),
  'worker-stop': plan => workerDies(plan, 'SIGSTOP'),
  'old-calls': oldCalls,
  'edge-kill': edgeDies,
  redis: redisAway,
  model: modelCut,
  sessions: sessionsEnd,
  restart: rollingRestart,
  admission: overOffered,
  burst,
};

/** The worker with a number of calls nearest to its fair share; a worker that has just started has none yet. */
async function typical(workers: readonly RunningProcess[]): Promise<{process: RunningProcess; calls: number}> {
  const counts = await Promise.all(workers.map(each => metric(each, 'voicebridge_calls_active')));
  const share = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  const [nearest] = workers
    .map((process, index) => ({process, calls: counts[index] ?? 0}))
    .toSorted((a, b) => Math.abs(a.calls - share) - Math.abs(b.calls - share));
  if (!nearest) throw new Error('there is no worker');
  return nearest;
}

/** Calls never move only to be spread, so the fullest worker leaves, as in a deployment, and another replaces it. */
async function evenOut(fleet: ProcessFleet): Promise<void> {
  const counts = await Promise.all(fleet.workers.map(each => metric(each, 'voicebridge_calls_active')));
  const [fullest] = fleet.workers.splice(counts.indexOf(Math.max(...counts)), 1);
  await fleet.addWorker();
  await fullest?.stop(30_000);
}

/** A worker is killed whose calls are so many minutes old; calls that have just begun are measured beside them. */
async function oldCalls(plan: Plan): Promise<Row[]> {
  const rows: Row[] = [];
  for (const minutes of plan.ages) rows.push(...(await workerDies(plan, 'SIGKILL', minutes)));
  return rows;
}

/** `minutes`: how old the calls are at least; undefined: they have just begun. */
async function workerDies({calls, repetitions}: Plan, signal: 'SIGKILL' | 'SIGSTOP', minutes?: number): Promise<Row[]> {
  await using load = await Load.start(calls);
  const {fleet} = load;
  if (minutes) {
    const sids = load.talkers.map(({call}) => call.callSid);
    await ageCalls(fleet.redisUrl, sids, minutes);
    await sleep(3_000);
  }
  const [moves, answers, held]: [number[], number[], number[]] = [[], [], []];
  for (let turn = 0; turn < repetitions; turn += 1) {
    const {process: victim, calls: had} = await typical(fleet.workers);
    held.push(had);
    const owed = load.talkers.filter(({owedSince}) => owedSince !== undefined);
    const diedAt = performance.now();
    victim.kill(signal);
    fleet.workers.splice(fleet.workers.indexOf(victim), 1);
    await sleep(3_000);
    const heard = load.said('caller heard', diedAt).filter(({line}) => Number(line.json?.['epoch']) > 1);
    const waits = heard.map(({at}) => at - diedAt);
    moves.push(...waits);
    console.log(`  ${turn + 1} of ${repetitions}: ${victim.name} had ${had} calls; heard again: ${spread(waits)}`);
    const moved = new Set(heard.map(({line}) => line.json?.['callSid']));
    for (const talker of owed.filter(({call}) => moved.has(call.callSid))) {
      const answer = talker.audible.find(at => at > diedAt);
      if (answer !== undefined) answers.push(answer - diedAt);
    }
    if (signal === 'SIGSTOP') {
      victim.kill('SIGCONT');
      fleet.workers.push(victim);
    } else await fleet.addWorker();
    await evenOut(fleet);
    await sleep(3_000);
  }
  const takeovers = await total(fleet.edges, 'voicebridge_takeovers_total');
  const reports = await load.hangUp();
  const age = minutes === undefined ? '' : `, calls of ${minutes} minutes`;
  const how = `${signal === 'SIGKILL' ? 'worker kill -9' : 'worker SIGSTOP'}${age}`;
  return [
    {
      what: `${how}: dead → first caller frame accepted by the new owner`,
      goal: signal === 'SIGKILL' ? 'p99 ≤ 150 ms; 0 lost' : 'p99 ≤ 400 ms',
      result: `${spread(moves)}; ${lostCalls(reports)} of ${calls} calls lost, ${takeovers} moves; the dead had ${Math.min(...held)} to ${Math.max(...held)} calls`,
    },
    {
      what: `${how}: dead → first assistant audio, where an answer was owed (the model connects in 300 ms)`,
      goal: signal === 'SIGKILL' ? 'p99 ≤ 700 ms' : '',
      result: spread(answers),
    },
  ];
}

async function edgeDies({calls, repetitions}: Plan): Promise<Row[]> {
  // One call loses more edges here than any real call would.
  await using load = await Load.start(calls, {env: {MAX_ATTEMPTS: '100'}});
  const {fleet} = load;
  const deaths: {at: number; port: number; speaking: Set<string>}[] = [];
  for (let turn = 0; turn < repetitions; turn += 1) {
    const victim = fleet.edges.shift();
    if (!victim) break;
    const speaking = load.talkers.filter(({call}) => call.hearsAssistant).map(({call}) => call.callSid);
    deaths.push({at: performance.now(), port: victim.port, speaking: new Set(speaking)});
    victim.kill('SIGKILL');
    await sleep(4_000);
    await fleet.addEdge();
    await sleep(3_000);
  }
  const reports = await load.hangUp();
  const gaps: number[] = [];
  let [cut, resumed] = [0, 0];
  for (const report of reports) {
    for (const {at, port, speaking} of deaths) {
      const index = report.streams.findIndex(each => each.url.includes(`:${port}/`) && (each.closedAt ?? 0) >= at);
      if (index < 0) continue;
      cut += 1;
      const next = report.streams[index + 1];
      if (next) resumed += 1;
      const asked = report.webhooks.find(each => each.purpose === 'action' && each.at >= at);
      const audible = next?.segments[0]?.at;
      if (asked && audible !== undefined && speaking.has(report.callSid)) gaps.push(audible - asked.at);
    }
  }
  return [
    {
      what: 'edge kill -9: Twilio’s action request → assistant audible again, where it was cut off',
      goal: 'p99 ≤ 1 s; ≥ 99.9 % resume',
      result: `${spread(gaps)}; ${resumed} of ${cut} streams resumed, ${lostCalls(reports)} of ${calls} calls lost`,
    },
  ];
}

async function redisAway({calls, repetitions}: Plan): Promise<Row[]> {
  const rows: Row[] = [];
  for (const downMs of [200, 1_000, 3_000]) {
    // Audio in real time, so that anything late is heard as a gap.
    await using load = await Load.start(calls, {model: {MODEL_SPEED: '1', MODEL_DELTA_MS: '60'}});
    const {fleet} = load;
    const outages: {from: number; until: number}[] = [];
    for (let turn = 0; turn < Math.max(1, Math.round(repetitions / 4)); turn += 1) {
      const from = performance.now();
      await fleet.stopRedis();
      await sleep(downMs - (performance.now() - from));
      await fleet.startRedis();
      outages.push({from, until: performance.now()});
      await sleep(6_000);
    }
    const takeovers = await total(fleet.edges, 'voicebridge_takeovers_total');
    const reports = await load.hangUp();
    const heard = await audioEvidence(fleet);
    const over: number[] = [];
    for (const gaps of reports.flatMap(report => report.streams.map(speechGaps))) {
      for (const {from, until} of outages) {
        const gap = gaps.find(({at}) => at >= from && at <= until);
        if (gap) over.push(gap.ms - (until - from));
      }
    }
    const lost = reports.reduce((sum, report) => sum + unheardFrames(sessionsOf(heard, report), report).length, 0);
    const odd = heard.filter(({stretches, tags}) => stretches.length > 1 || tags.length > 1).length;
    const down = outages.map(({from, until}) => Math.round(until - from)).join(', ');
    rows.push({
      what: `Redis killed, back after ${downMs / 1_000} s without data (really ${down} ms)`,
      goal: 'gap ≤ downtime + 150 ms; nothing ended, lost, moved',
      result: `gap beyond the downtime ${spread(over)}; ${lostCalls(reports)} calls ended, ${lost} frames lost, ${odd} sessions with doubled or swapped frames, ${takeovers} moves`,
    });
  }
  return rows;
}

async function modelCut({calls, repetitions}: Plan): Promise<Row[]> {
  await using load = await Load.start(calls);
  const {fleet} = load;
  const [again, speaking]: [number[], number[]] = [[], []];
  for (let turn = 0; turn < repetitions; turn += 1) {
    const open = (await fleet.sessions()).filter(({closedAt}) => closedAt === null).slice(0, 10);
    const owed = load.talkers.filter(({owedSince}) => owedSince !== undefined);
    const at = performance.now();
    await Promise.all(open.map(({id}) => fleet.closeSession(id, 'reset')));
    await sleep(3_000);
    for (const {audible} of owed)
      again.push(
        ...audible
          .filter(when => when > at)
          .slice(0, 1)
          .map(when => when - at),
      );
    speaking.push(open.length);
  }
  const reports = await load.hangUp();
  const heard = await audioEvidence(fleet);
  const lost = reports.reduce((sum, report) => sum + unheardFrames(sessionsOf(heard, report), report).length, 0);
  return [
    {
      what: `model sockets reset under ten calls, ${repetitions} times: reset → answers that were owed at that moment`,
      goal: '0 caller audio lost; context kept',
      result: `${spread(again)}; ${lost} caller frames lost, ${lostCalls(reports)} of ${calls} calls lost`,
    },
  ];
}

async function rollingRestart({calls}: Plan): Promise<Row[]> {
  await using load = await Load.start(calls, {env: {DRAIN_SECONDS: '20'}});
  const {fleet} = load;
  const gone: number[] = [];
  for (const [old, add] of [
    ...fleet.workers.map(each => [each, () => fleet.addWorker()] as const),
    ...fleet.edges.map(each => [each, () => fleet.addEdge()] as const),
  ]) {
    await add();
    const at = performance.now();
    await old.stop(30_000);
    gone.push(performance.now() - at);
  }
  await fleet.webhooks.restart();
  const reports = await load.hangUp();
  const gaps = reports.flatMap(report => report.gaps.map(({ms}) => ms));
  return [
    {
      what: `rolling restart of 3 workers, 2 edges and the webhook under ${calls} calls`,
      goal: '0 dropped; each gone in ≤ 10 s; gap p99 ≤ 150 ms',
      result: `${lostCalls(reports)} dropped; gone after ${spread(gone)}; between two streams ${spread(gaps)}`,
    },
  ];
}

async function overOffered({calls}: Plan): Promise<Row[]> {
  return [await offered(Math.floor(calls / 3), 40), await offered(Math.floor(calls / 3), 0)];
}

/** Half as many callers again as there are places on three workers, one each `everyMs`. */
async function offered(capacity: number, everyMs: number): Promise<Row> {
  await using load = await Load.start(0, {workerEnv: {MAX_CALLS: String(capacity)}, env: {OVERLOAD_SAY: 'All busy.'}});
  const {twilio} = load.fleet;
  const all: FakeCall[] = [];
  while (all.length < Math.floor(capacity * 4.5)) {
    all.push(twilio.dial([]));
    if (everyMs > 0) await sleep(everyMs);
  }
  await sleep(8_000);
  const open = all.filter(call => call.status === 'in-progress');
  const refused = await Promise.all(all.filter(call => !open.includes(call)).map(call => call.ended));
  for (const call of open) call.hangUp();
  const served = await Promise.all(open.map(call => call.ended));
  const silent = served.filter(report => report.firstAudioMs === undefined).length;
  const answers = refused.flatMap(report => report.webhooks.filter(each => each.purpose === 'voice').map(({ms}) => ms));
  return {
    what: `150 % of a capacity of ${capacity * 3}, ${everyMs > 0 ? `${1_000 / everyMs} callers a second` : 'all in one moment'}`,
    goal: 'exactly the capacity admitted; the rest answered in ≤ 100 ms; none accepted and silent',
    result: `${open.length} admitted, ${silent} of them silent; the others answered in ${spread(answers)}`,
  };
}

async function total(processes: readonly RunningProcess[], name: string): Promise<number> {
  const counts = await Promise.all(processes.map(each => metric(each, name).catch(() => 0)));
  return counts.reduce((sum, count) => sum + count, 0);
}
