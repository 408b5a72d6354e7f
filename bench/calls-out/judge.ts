import type {CallFinished} from '@voicebridge/shared/cdr/call-record.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {OutCall} from '../../tools/harness/calling-out.ts';

/** A call that a program asked us to make. */
export interface Wish {
  readonly id: string;
  readonly to: string;
  /** It is night where they are: they may not be called. */
  readonly isAsleep: boolean;
}

export interface Evidence {
  readonly wishes: readonly Wish[];
  /** Those of them that are over. */
  readonly states: ReadonlyMap<string, OutCall>;
  /** Those who sleep, in the end. */
  readonly asleep: readonly OutCall[];
  /** What happened at Twilio. */
  readonly reports: readonly CallReport[];
  /** By CallSid. */
  readonly records: ReadonlyMap<string, CallFinished>;
  /** What everybody must hear first. */
  readonly disclosure: string;
}

export interface Verdict {
  readonly figures: Readonly<Record<string, string | number>>;
  /** A sentence for each thing that must not be. */
  readonly wrong: readonly string[];
  /** A sentence for each person who answered and heard nothing at all. */
  readonly notes: readonly string[];
}

/** Whether anybody was called twice or at night, whether every state is what Twilio knows, and what people heard first. */
export function judge({wishes, states, asleep, reports, records, disclosure}: Evidence): Verdict {
  const wrong: string[] = [];
  const byNumber = Map.groupBy(reports, ({to}) => to);
  const twice = [...byNumber].filter(([, calls]) => calls.length > 1);
  for (const [to, calls] of twice) wrong.push(`…${to.slice(-4)} rang ${calls.length} times`);
  const woken = wishes.filter(({to, isAsleep}) => isAsleep && byNumber.has(to));
  for (const {to} of woken) wrong.push(`…${to.slice(-4)} rang at night`);
  for (const {id, state, attempts} of asleep)
    if (state !== 'queued' || attempts.length > 0) wrong.push(`${id} waits for the morning, and is ${state}`);
  let untrue = 0;
  for (const {id, to, isAsleep} of wishes) {
    if (isAsleep) continue;
    const [truth] = byNumber.get(to) ?? [];
    const state = states.get(id)?.state ?? 'not over';
    // A webhook that dies while it asks Twilio leaves open whether the call was made; here it counts as not made.
    const isRight = truth ? state === truth.status : state === 'unknown';
    if (isRight) continue;
    untrue += 1;
    wrong.push(`…${to.slice(-4)} is ${state}, and Twilio says ${truth?.status ?? 'nothing'}`);
  }
  const spokenTo = reports.filter(({streams}) => streams.some(({segments}) => segments.length > 0));
  let [first, whole, byMark] = [0, 0, 0];
  for (const {callSid, to} of spokenTo) {
    const record = records.get(callSid);
    const said = (record?.transcript ?? []).filter(({role}) => role === 'assistant');
    const {heardAt, by} = record?.summary.disclosure ?? {};
    if (
      isFirst(
        said.map(({text}) => text),
        disclosure,
      )
    )
      first += 1;
    else
      wrong.push(`…${to.slice(-4)} heard first: ${said[0]?.text.slice(0, 60) ?? (record ? 'nothing' : 'no record')}`);
    if (heardAt === undefined || heardAt === null) wrong.push(`…${to.slice(-4)} did not hear all of the disclosure`);
    else whole += 1;
    if (by === 'mark') byMark += 1;
  }
  const unspoken = reports.filter(
    ({status, streams}) => status === 'completed' && streams.every(({segments}) => segments.length === 0),
  );
  // The carrier speaks where no worker can.
  const silent = unspoken.filter(({saidByTwilio}) => saidByTwilio.length === 0);
  const notes = silent.map(({to, startedAt, endedAt, documents, webhooks, alerts}) => {
    const asked = webhooks.map(({purpose, status, error, ms}) => `${purpose} ${status ?? error} ${Math.round(ms)} ms`);
    const obeyed = documents.map(({verbs}) => verbs.join('+'));
    const told = alerts.map(({code}) => code);
    const seconds = Math.round((endedAt - startedAt) / 1_000);
    return `…${to.slice(-4)} heard nothing for ${seconds} s: ${[...asked, ...obeyed, ...told].join(', ')}`;
  });
  return {
    wrong,
    notes,
    figures: {
      'telephones that rang': byNumber.size,
      'telephones that rang twice': twice.length,
      'calls that wait for the end of the night; of them rang': `${asleep.length}; ${woken.length}`,
      'calls in the busiest second': busiest(reports, 1_000),
      'states that are not what Twilio knows': untrue,
      'states unknown': [...states.values()].filter(({state}) => state === 'unknown').length,
      'people and machines that were spoken to': spokenTo.length,
      'heard the disclosure before anything else': first,
      'heard all of it; by its mark': `${whole}; ${byMark}`,
      'answered, and heard the carrier’s words; nothing': `${unspoken.length - silent.length}; ${silent.length}`,
    },
  };
}

/** Words of the disclosure come first, and nothing else does until it was said to its end, if it was. */
function isFirst(said: readonly string[], disclosure: string): boolean {
  for (const text of said) {
    if (text.startsWith(disclosure)) return true;
    // Cut: a worker died, and the next one says it again.
    if (!disclosure.startsWith(text.trim().replace(/…$/, ''))) return false;
  }
  return said.length > 0;
}

/** The most calls that began within any time of this length. */
function busiest(reports: readonly CallReport[], within: number): number {
  const times = reports.map(({startedAt}) => startedAt);
  return Math.max(0, ...times.map(from => times.filter(at => at >= from && at - from < within).length));
}
