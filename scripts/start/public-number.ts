import {styleText} from 'node:util';
import {messageOf} from '@voicebridge/shared/errors.ts';
import {sleep} from '@voicebridge/shared/retry.ts';
import type {Clock, Millis} from '@voicebridge/shared/time.ts';
import type {Given} from '@voicebridge/shared/config/given.ts';
import {checkEdge, checkWebhook} from '../doctor/public-addresses.ts';
import {doctorSettings} from '../doctor/settings.ts';
import {letInBy} from '../doctor/trial-ticket.ts';
import {setUpNumber} from '../doctor/twilio-number.ts';

/** A new name takes a moment to be known everywhere. */
const KNOWN_WITHIN: Millis = 40_000;
const TRY_EVERY: Millis = 2_000;

/** What became of the number. */
export interface Announced {
  /** Otherwise it must be set up by hand. */
  readonly isSetUp: boolean;
  readonly told: string;
}

/** Sets TWILIO_NUMBER up for the public address, if it and the credentials are given. Never rejects. */
export async function announceNumber(given: Given): Promise<Announced> {
  const {accountSid, tokens, number, twilioApi, webhookUrl} = doctorSettings(given);
  const [token] = tokens;
  if (accountSid === undefined || token === undefined || number === undefined || webhookUrl === undefined)
    return {
      isSetUp: false,
      told: 'With TWILIO_ACCOUNT_SID and TWILIO_NUMBER in .env, --tunnel sets the number up by itself.',
    };
  try {
    await setUpNumber({accountSid, token, number, twilioApi}, webhookUrl);
    return {isSetUp: true, told: styleText(['green', 'bold'], `call ${number}`)};
  } catch (thrown) {
    return {isSetUp: false, told: styleText('yellow', `! ${number} could not be set up: ${messageOf(thrown)}`)};
  }
}

/** Asks webhook and edge from outside until both answer as they should. Resolves with what to tell; never rejects. */
export async function checkWayIn(given: Given, clock: Clock, signal: AbortSignal): Promise<string> {
  const settings = doctorSettings(given);
  const until = clock.now() + KNOWN_WITHIN;
  for (;;) {
    const findings = await Promise.all([checkWebhook(settings), checkEdge(settings, letInBy(undefined))]);
    const problem = findings.flat().find(({level}) => level === 'broken');
    if (!problem) return styleText('green', 'Twilio can reach this system: webhook and edge answer through the tunnel');
    if (signal.aborted || clock.now() > until)
      return styleText('yellow', `! not reachable through the tunnel: ${problem.what}. ${problem.cure ?? ''}`);
    await sleep(clock, TRY_EVERY, signal);
  }
}
