import type {Params} from './webhook-client.ts';

/** What Twilio knows of a call and tells with every request. */
export interface CallFacts {
  readonly accountSid: string;
  readonly callSid: string;
  readonly from: string;
  readonly to: string;
  readonly direction: 'inbound' | 'outbound-api';
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
    CallerCity: 'SAN FRANCISCO',
    CallerCountry: 'US',
    CallerState: 'CA',
    CallerZip: '94105',
    Direction: call.direction,
    From: call.from,
    FromCity: 'SAN FRANCISCO',
    FromCountry: 'US',
    FromState: 'CA',
    FromZip: '94105',
    StirVerstat: 'TN-Validation-Passed-A',
    To: call.to,
    ToCity: '',
    ToCountry: 'US',
    ToState: 'CA',
    ToZip: '',
  };
}
