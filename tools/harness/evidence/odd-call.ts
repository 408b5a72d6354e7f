import {setTimeout as sleep} from 'node:timers/promises';
import {systemClock, type Millis} from '@voicebridge/shared/time.ts';
import type {ProcessFleet} from '../process-fleet.ts';
import type {CallerKnobs} from '../../../simulators/openai/src/knobs/caller-knobs.ts';
import type {LoggedEvent} from '../../../simulators/openai/src/state/session-log.ts';
import type {SessionSummary} from '../../../simulators/openai/src/session/session-summary.ts';
import type {CallReport} from '../../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall} from '../../../simulators/twilio/src/fake-twilio.ts';
import {brokenOff, mostAnswers, type AnsweringSession} from './model-answers.ts';
import {KEYS_SETTLE_MS, owedSilences, soundsIn, type OwedSilence, type Sound, withTold} from './owed-silence.ts';

/** A call through real processes with a model that misbehaves. */
export interface OddCall {
  readonly call: FakeCall;
  /** The key of this call's sessions. */
  readonly safetyIdentifier: SessionSummary['safetyIdentifier'];
}

/** When a caller pressed keys, on the phone's clock, in order. */
export interface Keys {
  readonly after: 'key';
  readonly from: Millis;
  readonly to: Millis;
}

/** The evidence of a call, from its phone, its model and the workers. Moments are on the phone's clock. */
export interface OddCallTruth {
  readonly report: CallReport;
  readonly sessions: readonly SessionSummary[];
  readonly sounds: readonly Sound[];
  readonly silences: readonly OwedSilence[];
  readonly mostResponses: number;
  /** What the workers logged about it, in order. */
  readonly lines: readonly Readonly<Record<string, unknown>>[];
  readonly endReason: string | undefined;
}

const SESSION_WITHIN_MS = 60_000;
/** A worker logs the end of a call when it has let go of everything. */
const LOGGED_WITHIN_MS = 10_000;

/**
 * Dials, and waits until the model has a session for it. One call after the other, so that the model knows which caller
 * gets which knobs; `from` must be a number that has not called before.
 */
export async function dialOdd(
  fleet: ProcessFleet,
  knobs: CallerKnobs,
  script: CallerScript,
  from: string,
): Promise<OddCall> {
  const known = new Set((await fleet.sessions()).map(({safetyIdentifier}) => safetyIdentifier));
  await fleet.setCallers([knobs]);
  const call = fleet.twilio.dial(script, {from});
  for (const givenUpAt = systemClock.now() + SESSION_WITHIN_MS; ;) {
    const session = (await fleet.sessions()).find(({safetyIdentifier}) => !known.has(safetyIdentifier));
    if (session) return {call, safetyIdentifier: session.safetyIdentifier};
    if (systemClock.now() > givenUpAt) throw new Error(`the call from ${from} got no session of the model`);
    await sleep(20);
  }
}

/** Waits for the end of a call, and collects its evidence. */
export async function evidenceOf(
  fleet: ProcessFleet,
  {call, safetyIdentifier}: OddCall,
  keys: readonly Keys[] = [],
): Promise<OddCallTruth> {
  const report = await call.ended;
  const sessions = (await fleet.sessions()).filter(each => each.safetyIdentifier === safetyIdentifier);
  const {streams} = report;
  const sounds = streams.flatMap(({played, segments}) => soundsIn(played, segments));
  const spoken = report.spoke.map(({startedAt, endedAt}) => ({after: 'turn' as const, from: startedAt, to: endedAt}));
  const pressed = keys.map(each => ({...each, to: each.to + KEYS_SETTLE_MS}));
  const acts = [...spoken, ...pressed].toSorted((a, b) => a.from - b.from);
  const actedAt = acts.map(({from}) => from);
  const startedAt = streams[0]?.openedAt ?? report.startedAt;
  const waits = [{after: 'start' as const, since: startedAt}, ...acts.map(({after, to}) => ({after, since: to}))].map(
    (wait, index) => ({...wait, until: actedAt[index]}),
  );
  const told = withTold(sounds, toldByTwilio(report), actedAt);
  const answering = await Promise.all(sessions.map(session => onPhone(fleet, session, report)));
  const reason = await endReasonOf(fleet, report.callSid);
  return {
    report,
    sessions,
    sounds,
    silences: owedSilences(
      [...waits, ...told.waits, ...brokenOff(answering, sounds, actedAt)],
      told.sounds,
      streams.at(-1)?.closedAt ?? report.endedAt,
    ),
    mostResponses: mostAnswers(
      answering.flatMap(({events}) => events),
      actedAt,
    ),
    lines: linesOf(fleet, report.callSid),
    endReason: reason,
  };
}

function linesOf({workers}: ProcessFleet, callSid: string) {
  const all = workers.flatMap(({lines}) => lines.flatMap(({json}) => (json ? [json] : [])));
  return all.filter(line => line['callSid'] === callSid);
}

/** Why a call ended, by the worker's log; undefined if it does not say so in time. */
async function endReasonOf(fleet: ProcessFleet, callSid: string): Promise<string | undefined> {
  for (const givenUpAt = systemClock.now() + LOGGED_WITHIN_MS; ;) {
    const reason = linesOf(fleet, callSid).find(({msg}) => msg === 'call ended')?.['reason'];
    if (typeof reason === 'string') return reason;
    if (systemClock.now() > givenUpAt) return undefined;
    await sleep(20);
  }
}

/** When Twilio told the caller to wait, between two streams. */
function toldByTwilio({documents, streams}: CallReport): {readonly from: Millis; readonly to: Millis}[] {
  return documents.flatMap(({at: from, verbs}) => {
    const to = streams.find(({openedAt}) => openedAt !== undefined && openedAt > from)?.openedAt;
    return verbs[0] === 'Say' && verbs.includes('Connect') && to !== undefined ? [{from, to}] : [];
  });
}

/** The evidence of a session, with its moments on the phone's clock. */
async function onPhone(
  fleet: ProcessFleet,
  {id, items, responses, clockOrigin}: SessionSummary,
  report: CallReport,
): Promise<AnsweringSession> {
  const moved = (at: Millis) => at + clockOrigin - report.clockOrigin;
  const answer = await fetch(new URL(`/sessions/${id}/events`, fleet.model.url));
  const events = (await answer.json()) as LoggedEvent[];
  return {
    items,
    responses: responses.map(({startedAt, doneAt, ...each}) => ({
      ...each,
      startedAt: moved(startedAt),
      // JSON has no undefined; a response that never ended has no such field.
      doneAt: doneAt === undefined ? undefined : moved(doneAt),
    })),
    events: events.map(event => ({...event, at: moved(event.at)})),
  };
}
