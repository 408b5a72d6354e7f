import {randomUUID} from 'node:crypto';
import {setTimeout as sleep} from 'node:timers/promises';
import {newApiToken} from '@voicebridge/shared/config/api-tokens.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import {
  answeringMachine,
  type Callee,
  type FakeCall,
  type FakeTwilioOptions,
} from '../../simulators/twilio/src/fake-twilio.ts';
import type {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import {freePort} from '../../tools/local-stack/processes.ts';
import type {Rehearsal} from './call-file.ts';
import {callerSteps, saidBy} from './caller-steps.ts';
import {utteranceOf} from './caller-voice.ts';
import type {Part} from './who-answers.ts';

const ACCOUNT = `AC${'0'.repeat(32)}`;
/** The number of the simulated account. */
const OURS = '+15550100002';
const RINGS: Millis = 1_500;
/** How long a machine records. */
const RECORDS: Millis = 30_000;
const RINGS_WITHIN: Millis = 20_000;

/** What a fleet needs for the calls that assistants make, and how one is asked for. */
export interface CallsOutOfRehearsal {
  readonly env: Readonly<Record<string, string>>;
  readonly twilio: Partial<FakeTwilioOptions>;
  /** Has the call of a rehearsal made. Resolves when it rings; rejects with the reason if it is refused. */
  place(fleet: ProcessFleet, part: Part): Promise<FakeCall>;
}

/** `playing`: the rehearsal that is on. */
export async function callsOutOf(
  parts: readonly Part[],
  playing: () => Rehearsal | undefined,
): Promise<CallsOutOfRehearsal> {
  const numbers = new Set(parts.filter(({rehearsal}) => rehearsal.callOut).map(({to}) => to));
  const restPort = await freePort();
  const {token, entry} = newApiToken('rehearsal', ['call']);
  return {
    env: {
      TWILIO_ACCOUNT_SID: ACCOUNT,
      TWILIO_API_URL: `http://127.0.0.1:${restPort}`,
      API_TOKENS: entry,
      CALL_FROM: OURS,
      QUIET_HOURS: 'off',
      CALLS_OUT_PER_SECOND: '10',
      ...(numbers.size === 0 ? {} : {CALL_ALLOW: [...numbers].join(',')}),
    },
    twilio: {accountSid: ACCOUNT, restPort, callees: () => calleeOf(playing())},
    async place({webhooks, twilio}, {assistant, rehearsal, to}) {
      const before = twilio.calls.length;
      const response = await fetch(new URL('/api/calls', webhooks.url), {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'idempotency-key': randomUUID(),
        },
        body: JSON.stringify({to, assistant, variables: rehearsal.callOut?.variables ?? {}, attempts: 1}),
      });
      if (!response.ok) throw new Error(`the call is refused: ${await response.text()}`);
      for (const end = performance.now() + RINGS_WITHIN; performance.now() < end; await sleep(20)) {
        const call = twilio.calls[before];
        if (call) return call;
      }
      throw new Error(`${to} did not ring within ${RINGS_WITHIN / 1_000} s`);
    },
  };
}

/** Who answers: a person who does what the caller of the file does, or a machine that says it and records what comes. */
function calleeOf(rehearsal: Rehearsal | undefined): Callee {
  if (!rehearsal?.callOut) return {does: 'fail', after: 0};
  if (rehearsal.callOut.answers === 'person')
    return {does: 'answer', after: RINGS, script: callerSteps(rehearsal.caller)};
  const announces = Buffer.concat(saidBy(rehearsal.caller).map(text => utteranceOf(text).audio));
  const machine = answeringMachine({after: RINGS, announces});
  if (machine.does !== 'answer') return machine;
  return {...machine, script: [...machine.script, {do: 'pause', ms: RECORDS}, {do: 'hangUp'}]};
}
