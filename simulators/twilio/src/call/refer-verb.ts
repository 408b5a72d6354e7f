import type {CallFlowDeps, Step, VerbOf} from './call-flow-deps.ts';
import {goOn, type Next} from './next.ts';

/** A caller who came by SIP is handed over: then the call is over for Twilio. */
export async function refer(
  verb: VerbOf<'Refer'>,
  {url, signal}: Step,
  {call, alert, handedTo, ring, webhooks}: CallFlowDeps,
): Promise<Next | undefined> {
  if (!/^sips?:/.test(call.from)) {
    alert(12200, 'Refer is for calls that came by SIP');
    return undefined;
  }
  handedTo(`Refer: ${verb.target}`);
  const timeouts = {timeout: 30_000, timeLimit: 14_400_000};
  const end = await ring({target: `Sip: ${verb.target}`, method: 'POST'}, timeouts, url, signal);
  if (signal.aborted) return undefined;
  const status = end && !end.bridged ? end.status : 'completed';
  const reported = {ReferCallStatus: status, ReferSipResponseCode: status === 'completed' ? '202' : '486'};
  if (status !== 'completed') return goOn(verb, url, reported);
  call.status = 'completed';
  const action = goOn(verb, url, reported);
  if (action?.go === 'ask') await webhooks.ask('action', action);
  return {go: 'end', by: 'platform', reason: 'Refer'};
}
