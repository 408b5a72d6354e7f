import type {Params} from '../twiml/webhook-client.ts';

/** What Twilio knows of a call and tells with every request. */
export interface CallFacts {
  readonly accountSid: string;
  readonly callSid: string;
  readonly from: string;
  readonly to: string;
  readonly direction: 'inbound' | 'outbound-api' | 'outbound-dial';
  status: string;
}

/** The parameters of every request about a call; the empty ones are sent, and signed, too. */
export function standardParams(call: CallFacts): Params {
  return {
    AccountSid: call.accountSid,
    ApiVersion: '2010-04-01',
    CallSid: call.callSid,
    CallStatus: call.status,
    ...(call.direction === 'inbound' ? {CallToken: `%7B%22parentCallInfoToken%22%3A%22${call.callSid}%22%7D`} : {}),
    Called: call.to,
    CalledCity: '',
    CalledCountry: 'US',
    CalledState: 'CA',
    CalledZip: '',
    Caller: call.from,
    ...placeOf('Caller', call.from),
    Direction: call.direction,
    From: call.from,
    ...placeOf('From', call.from),
    StirVerstat: 'TN-Validation-Passed-A',
    To: call.to,
    ToCity: '',
    ToCountry: 'US',
    ToState: 'CA',
    ToZip: '',
  };
}

/** The few parameters of a request about what machine detection has heard. */
export function identityParams({accountSid, callSid}: CallFacts): Params {
  return {AccountSid: accountSid, CallSid: callSid};
}

/** What Twilio puts into `From` when the number is withheld or the call comes by SIP; some spell a word on a keypad. */
export const UNUSUAL_CALLERS = {
  anonymous: '+266696687',
  restricted: '+7378742833',
  blocked: '+2562533',
  unknown: '+8656696',
  unavailable: '+86282452253',
  anonymousInWords: 'Anonymous',
  anonymousBySip: 'sip:anonymous@anonymous.invalid',
  numberBySip: 'sip:+15550100001@trunk.example.com;transport=udp;user=phone',
  nameBySip: 'sip:ann@pbx.example.com',
} as const;

/** Where a telephone number is at home. Who withholds it, or calls by SIP, is nowhere: the empty texts are sent, too. */
function placeOf(party: 'Caller' | 'From', from: string): Params {
  const place = /^\+1\d{10}$/.test(from) ? ['SAN FRANCISCO', 'US', 'CA', '94105'] : ['', '', '', ''];
  const names = ['City', 'Country', 'State', 'Zip'];
  return Object.fromEntries(names.map((name, index) => [`${party}${name}`, place[index] ?? '']));
}
