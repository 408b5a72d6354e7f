import {messageOf} from '@voicebridge/shared/errors.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {z} from 'zod';
import type {CarrierCall, CarrierOut, Dial, Dialled} from './calls-out/carrier-out.ts';

/** An answer of Twilio's REST API. Rejects if there is none: `NotSent` if Twilio cannot have got the request. */
export type AskTwilio = (
  path: string,
  form?: Readonly<Record<string, string>>,
) => Promise<{status: number; body: string}>;

/** The request never left: nothing can have come of it. */
export class NotSent extends Error {
  override readonly name = 'NotSent';
}

const Call = z.object({
  sid: z.string(),
  status: z.string(),
  start_time: z.string().nullish(),
  date_created: z.string().nullish(),
});
const Calls = z.object({calls: z.array(Call)});
const Refusal = z.object({code: z.number().optional(), message: z.string().optional()});

/** What is right again when somebody has looked at the account, and 429: too many requests. */
const PASSING = new Set([401, 403, 429]);
const TOO_OLD: Millis = 86_400_000;

/** Twilio as a carrier that makes calls: https://www.twilio.com/docs/voice/api/call-resource */
export function twilioCalls({origin, ask}: {readonly origin: string; readonly ask: AskTwilio}): CarrierOut {
  const known = ({status, body}: {status: number; body: string}): CarrierCall => {
    if (status !== 200) throw new Error(`Twilio answers ${status}${saidIn(body)}`);
    const {sid, status: state} = Call.parse(JSON.parse(body));
    return {callSid: sid, status: state};
  };
  return {
    async dial(dial) {
      try {
        return dialled(await ask('/Calls.json', formOf(dial, origin)));
      } catch (thrown) {
        if (thrown instanceof NotSent) return {outcome: 'refused', reason: messageOf(thrown), again: true};
        return {outcome: 'unknown', reason: messageOf(thrown)};
      }
    },
    async find(callSid) {
      const answer = await ask(`/Calls/${callSid}.json`);
      return answer.status === 404 ? undefined : known(answer);
    },
    async callsTo(to, since) {
      const day = new Date(since - TOO_OLD).toISOString().slice(0, 10);
      const query = new URLSearchParams({To: to, 'StartTime>': day, PageSize: '50'});
      const {status, body} = await ask(`/Calls.json?${query.toString()}`);
      if (status !== 200) throw new Error(`Twilio answers ${status}${saidIn(body)}`);
      // Twilio knows seconds only.
      const isNew = (text: string | null | undefined) => !text || Date.parse(text) >= Math.floor(since / 1_000) * 1_000;
      return Calls.parse(JSON.parse(body))
        .calls.filter(call => isNew(call.date_created ?? call.start_time))
        .map(({sid, status: state}) => ({callSid: sid, status: state}));
    },
    async hangUp(callSid) {
      await ask(`/Calls/${callSid}.json`, {Status: 'completed'});
    },
  };
}

function formOf({to, from, ringSeconds, detectMachines, out, attempt}: Dial, origin: string): Record<string, string> {
  const query = `?out=${out}&try=${attempt}`;
  return {
    To: to,
    From: from,
    Timeout: String(ringSeconds),
    Url: `${origin}/incoming-call${query}`,
    Method: 'POST',
    StatusCallback: `${origin}/call-status${query}`,
    StatusCallbackMethod: 'POST',
    StatusCallbackEvent: 'initiated ringing answered completed',
    ...(detectMachines
      ? {
          MachineDetection: 'DetectMessageEnd',
          AsyncAmd: 'true',
          AsyncAmdStatusCallback: `${origin}/call-machine${query}`,
          AsyncAmdStatusCallbackMethod: 'POST',
        }
      : {}),
  };
}

function dialled({status, body}: {status: number; body: string}): Dialled {
  if (status === 201) return {outcome: 'placed', callSid: Call.parse(JSON.parse(body)).sid};
  const reason = `Twilio answers ${status}${saidIn(body)}`;
  if (PASSING.has(status)) return {outcome: 'refused', reason, again: true};
  // An error of a client is a refusal. After one of the server nobody knows what it has done.
  return status >= 400 && status < 500 ? {outcome: 'refused', reason, again: false} : {outcome: 'unknown', reason};
}

/** https://www.twilio.com/docs/usage/twilios-response */
function saidIn(body: string): string {
  try {
    const {data} = Refusal.safeParse(JSON.parse(body));
    return data?.code === undefined ? '' : ` (${data.code}${data.message === undefined ? '' : `: ${data.message}`})`;
  } catch {
    return '';
  }
}
