import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import type {CarrierCall, CarrierOut, Dial, Dialled} from '../../calls-out/carrier-out.ts';
import {type Ours, ourUrl} from './our-urls.ts';
import {type AskTwilio, dataOf, NotSent, refusalOf, type RestAnswer} from './rest.ts';

const Call = z.object({
  sid: z.string().max(64),
  status: z.string().max(64),
  start_time: z.string().nullish(),
  date_created: z.string().nullish(),
});
const Calls = z.object({calls: z.array(Call)});

/** What is right again when somebody has looked at the account, and 429: too many requests. */
const PASSING = new Set([401, 403, 429]);
const TOO_OLD: Millis = 86_400_000;

/** Twilio as a carrier that makes calls: https://www.twilio.com/docs/voice/api/call-resource */
export function twilioCalls({ours, ask}: {readonly ours: Ours; readonly ask: AskTwilio}): CarrierOut {
  return {
    async dial(dial) {
      return await placeCall(ask, formOf(dial, ours));
    },
    find: async callSid => await findCall(ask, callSid),
    async callsTo(to, since) {
      const day = new Date(since - TOO_OLD).toISOString().slice(0, 10);
      const query = new URLSearchParams({To: to, 'StartTime>': day, PageSize: '50'});
      const answer = await ask(`/Calls.json?${query.toString()}`);
      if (answer.status !== 200) throw new Error(refusalOf(answer));
      // Twilio knows seconds only.
      const isNew = (text: string | null | undefined) => !text || Date.parse(text) >= Math.floor(since / 1_000) * 1_000;
      return dataOf(Calls, answer)
        .calls.filter(call => isNew(call.date_created ?? call.start_time))
        .map(({sid, status: state}) => ({callSid: sid, status: state}));
    },
    async hangUp(callSid) {
      await ask(`/Calls/${callSid}.json`, {Status: 'completed'});
    },
  };
}

function formOf({to, from, ringSeconds, detectMachines, out, attempt}: Dial, ours: Ours): Record<string, string> {
  const query = `?out=${out}&try=${attempt}`;
  return {
    To: to,
    From: from,
    Timeout: String(ringSeconds),
    Url: ourUrl(`/incoming-call${query}`, ours),
    Method: 'POST',
    StatusCallback: ourUrl(`/call-status${query}`, ours),
    StatusCallbackMethod: 'POST',
    StatusCallbackEvent: 'initiated ringing answered completed',
    ...(detectMachines
      ? {
          MachineDetection: 'DetectMessageEnd',
          AsyncAmd: 'true',
          AsyncAmdStatusCallback: ourUrl(`/call-machine${query}`, ours),
          AsyncAmdStatusCallbackMethod: 'POST',
        }
      : {}),
  };
}

/** Asks for a call, and reports the outcome. */
export async function placeCall(ask: AskTwilio, form: Readonly<Record<string, string>>): Promise<Dialled> {
  try {
    return dialled(await ask('/Calls.json', form));
  } catch (thrown) {
    if (thrown instanceof NotSent) return {outcome: 'refused', reason: messageOf(thrown), again: true};
    return {outcome: 'unknown', reason: messageOf(thrown)};
  }
}

/** A call as Twilio knows it; undefined: it knows none. Rejects if it cannot be asked. */
export async function findCall(ask: AskTwilio, callSid: string): Promise<CarrierCall | undefined> {
  const answer = await ask(`/Calls/${callSid}.json`);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw new Error(refusalOf(answer));
  const {sid, status} = dataOf(Call, answer);
  return {callSid: sid, status};
}

function dialled(answer: RestAnswer): Dialled {
  const {status} = answer;
  if (status === 201) return {outcome: 'placed', callSid: dataOf(Call, answer).sid};
  const reason = refusalOf(answer);
  if (PASSING.has(status)) return {outcome: 'refused', reason, again: true};
  // An error of a client is a refusal. After one of the server nobody knows what it has done.
  return status >= 400 && status < 500 ? {outcome: 'refused', reason, again: false} : {outcome: 'unknown', reason};
}
