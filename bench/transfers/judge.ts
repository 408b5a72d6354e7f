import {setTimeout as sleep} from 'node:timers/promises';
import type {Queue} from 'bullmq';
import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import {isDialled, isWarm, type Scene} from './scenes.ts';

/** One caller, as their phone and the record tell it. */
export interface Transfer {
  readonly scene: Scene;
  readonly callSid: string;
  /** What is not as the scene wants it; empty: all is. */
  readonly wrong: readonly string[];
  /** The record has a stream that was lost. */
  readonly lostStreams: number;
  /** From the last word of the assistant to the ring tone or the music. */
  readonly leavesMs: Millis | undefined;
  /** From the end of the ring tone or of the music to the first word of the assistant. */
  readonly returnsMs: Millis | undefined;
}

export interface Evidence {
  /** The calls to people that are calls of their own. */
  readonly called: readonly CallReport[];
  readonly records: Queue<CallFinished>;
}

/** A call without an owner is found after 15 s, and recorded. */
const RECORDED_WITHIN_MS = 60_000;

export async function judge(scene: Scene, report: CallReport, {called, records}: Evidence): Promise<Transfer> {
  const wrong: string[] = [];
  const again = report.streams[1];
  // What Twilio asked about the call to a person names the call of the caller.
  const people = called.filter(({webhooks}) => webhooks.some(({url}) => url.includes(`call=${report.callSid}`)));
  const isTaken = report.meetings.length > 0 || report.people.some(({bridgedAt}) => bridgedAt !== undefined);
  if (isTaken !== (scene.outcome === 'accepted')) wrong.push(isTaken ? 'was connected' : 'was not connected');
  if (scene.isBack !== (again?.firstAudioMs !== undefined))
    wrong.push(scene.isBack ? 'did not hear the assistant again' : 'heard the assistant again');
  if (report.streams.length > 2) wrong.push(`had ${report.streams.length} streams`);
  wrong.push(...rangWrong(scene, report, people));
  for (const each of [report, ...people])
    if (each.violations.length > 0) wrong.push(`Twilio: ${each.violations.map(({detail}) => detail).join('; ')}`);
  const record = await recordOf(report.callSid, records);
  if (!record) wrong.push('no record');
  const {summary, failovers} = record ?? {};
  const aways = summary?.aways;
  if (summary && summary.endReason !== scene.endReason) wrong.push(`ended as ${summary.endReason}`);
  if (aways && aways.map(({outcome}) => outcome).join() !== scene.outcome)
    wrong.push(`away: ${aways.map(({outcome}) => outcome).join() || 'never'}`);
  if (wrong.length > 0) wrong.push(`the call ended: ${report.reason}`, ...report.alerts.map(({detail}) => detail));
  const lostStreams = (failovers ?? []).filter(({kind}) => kind.startsWith('edge')).length;
  const before = report.streams[0]?.segments.at(-1);
  const {from, to} = elsewhere(report);
  return {
    scene,
    callSid: report.callSid,
    wrong,
    lostStreams,
    leavesMs: from !== undefined && before ? Math.max(0, from - before.at - (before.to - before.from) / 8) : undefined,
    returnsMs:
      scene.isBack && to !== undefined && again?.openedAt !== undefined && again.firstAudioMs !== undefined
        ? again.openedAt + again.firstAudioMs - to
        : undefined,
  };
}

/** How many telephones rang, and how those who were called in calls of their own ended. */
function rangWrong(scene: Scene, {people: dialled}: CallReport, called: readonly CallReport[]): string[] {
  const wrong: string[] = [];
  const dials = isDialled(scene) ? 1 : 0;
  if (dialled.length !== dials) wrong.push(`${dialled.length} telephones were dialled`);
  // A webhook that dies between the request and its note is asked again: two ring, and one is connected.
  const most = scene.fault === 'webhook' ? 2 : 1;
  const isCalled = isWarm(scene) && (scene.mood === undefined || scene.mood === 'cuts-after');
  if (isCalled ? called.length < 1 || called.length > most : called.length > 0)
    wrong.push(`${called.length} telephones were called`);
  const met = called.filter(({meetings}) => meetings.length > 0);
  if (met.length > 1) wrong.push(`${met.length} people were in the conference`);
  if (scene.hangsUpAfter !== undefined && called.some(({status}) => status !== 'canceled'))
    wrong.push('the telephone rang on when the caller was gone');
  return wrong;
}

/** When a caller began and ceased to hear something that is not the assistant. */
function elsewhere({people: [person], webhooks}: CallReport): {readonly from?: Millis; readonly to?: Millis} {
  if (person) return {from: person.rangAt, to: person.endedAt};
  const music = webhooks.find(({purpose}) => purpose === 'wait');
  // Nothing stops the music before what Twilio is told to ask.
  const brought = webhooks.find(({purpose, url}) => purpose === 'redirect' && url.includes('came='));
  return {...(music && {from: music.at + music.ms}), ...(brought && {to: brought.at})};
}

/** The record of a call, as the worker sent it: nobody takes it out of the queue. */
async function recordOf(callSid: string, records: Queue<CallFinished>): Promise<CallFinished | undefined> {
  for (const until = performance.now() + RECORDED_WITHIN_MS; performance.now() < until; await sleep(200)) {
    const job = await records.getJob(callSid).catch(() => undefined);
    if (job) return job.data;
  }
  return undefined;
}
