import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {CallsOutOfRehearsal} from './call-out.ts';
import {callerSteps, saidBy} from './caller-steps.ts';
import {keysStory} from './story.ts';
import type {Rehearsal} from './call-file.ts';
import {addressOf} from './people.ts';
import type {Part} from './who-answers.ts';

/** Who is still on the line after this long hangs up. */
const LONGEST: Millis = 180_000;

export interface PlaceOptions {
  readonly callsOut: Pick<CallsOutOfRehearsal, 'place'>;
  readonly killWorker: boolean;
  /** Gets a line for whatever happens on the line. */
  readonly tell: (line: string) => void;
}

/** What the phone reports, and what spoilt the rehearsal itself. */
export interface Played {
  readonly report: CallReport;
  readonly faults: readonly string[];
}

/** Plays one caller from the first ring to the end of the call. */
export async function placeRehearsal(
  fleet: ProcessFleet,
  part: Part,
  {callsOut, killWorker, tell}: PlaceOptions,
): Promise<Played> {
  const {rehearsal, to} = part;
  const call = rehearsal.callOut
    ? await callsOut.place(fleet, part)
    : fleet.twilio.dial(callerSteps(rehearsal.caller), {to});
  const timeout = new AbortController();
  const faults: string[] = [];
  void sleep(LONGEST, undefined, {signal: timeout.signal}).then(
    () => {
      faults.push(`the call had not ended after ${LONGEST / 1_000} s`);
      call.hangUp();
    },
    () => {},
  );
  const keyPressed = keysStory(rehearsal.caller);
  call.on(event => {
    if (event.type === 'callerSpeaks') tell(`caller     ${event.clip}`);
    const keys = event.type === 'callerPressed' ? keyPressed(event.digit) : undefined;
    if (keys !== undefined) tell(keys);
    if (event.type === 'bridged') tell(`           (${addressOf(event.target)} takes the caller)`);
    if (event.type === 'cleared') tell('           (the assistant stops)');
  });
  const killing = killWorker ? midCall(call, rehearsal).then(() => killBusy(fleet, tell)) : Promise.resolve(true);
  const report = await call.ended;
  timeout.abort();
  if (!(await Promise.race([killing, sleep(2_000, false)]))) faults.push('no worker had the call when one was to die');
  return {report, faults};
}

/** The assistant begins to answer the first thing that the caller says; or to speak at all, to a caller who says nothing. */
async function midCall(call: FakeCall, {caller}: Rehearsal): Promise<void> {
  const {promise, resolve} = Promise.withResolvers<void>();
  let hasSpoken = saidBy(caller).length === 0;
  call.on(({type}) => {
    if (type === 'callerSpoke') hasSpoken = true;
    if (type === 'audible' && hasSpoken) resolve();
  });
  await promise;
}

async function killBusy(fleet: ProcessFleet, tell: (line: string) => void): Promise<boolean> {
  const [victim] = await fleet.busyWorkers();
  if (!victim) return false;
  tell(`           (${victim.name} is killed)`);
  victim.kill('SIGKILL');
  fleet.workers.splice(fleet.workers.indexOf(victim), 1);
  return true;
}
