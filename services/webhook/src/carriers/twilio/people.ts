import type {PeopleCaller} from '../../admission/people-caller.ts';
import type {WebhookConfig} from '../../config.ts';
import {findCall, placeCall} from './calls.ts';
import {broughtBackUrl, type Ours, personStatusUrl, whisperUrl} from './our-urls.ts';
import {type AskTwilio, refusalOf, twilioRest} from './rest.ts';

type PeopleConfig = Ours & Pick<WebhookConfig, 'TWILIO_API_URL' | 'TWILIO_ACCOUNT_SID' | 'TWILIO_AUTH_TOKEN'>;

/** Twilio as it calls people for callers; undefined where nothing says whose account it is. */
export function openPeopleCaller(config: PeopleConfig): PeopleCaller | undefined {
  const {TWILIO_API_URL: api, TWILIO_ACCOUNT_SID: accountSid, TWILIO_AUTH_TOKEN: tokens} = config;
  const [token] = tokens;
  if (accountSid === undefined || token === undefined) return undefined;
  return twilioPeople({ours: config, ask: twilioRest({api, accountSid, token})});
}

export function twilioPeople({ours, ask}: {readonly ours: Ours; readonly ask: AskTwilio}): PeopleCaller {
  return {
    async ring({to, from, ringSeconds, callSid, away}) {
      return await placeCall(ask, {
        To: to,
        From: from,
        Timeout: String(ringSeconds),
        Url: whisperUrl({callSid, away, meets: true}, ours),
        Method: 'POST',
        StatusCallback: personStatusUrl({callSid, away}, ours),
        StatusCallbackMethod: 'POST',
        StatusCallbackEvent: 'completed',
      });
    },
    find: async callSid => await findCall(ask, callSid),
    async bringBack(back, outcome) {
      const answer = await ask(`/Calls/${back.callSid}.json`, {
        Url: broughtBackUrl(back, outcome, ours),
        Method: 'POST',
      });
      if (answer.status >= 300 && !isOver(answer)) throw new Error(refusalOf(answer));
    },
    async hangUp(callSid) {
      const answer = await ask(`/Calls/${callSid}.json`, {Status: 'completed'});
      if (answer.status >= 300 && !isOver(answer)) throw new Error(refusalOf(answer));
    },
  };
}

/** Twilio does not change a call that is over: 21220, or as if it had never been. */
function isOver({status, body}: {readonly status: number; readonly body: string}): boolean {
  return status === 404 || (status === 400 && /"code": ?21220\b/.test(body));
}
