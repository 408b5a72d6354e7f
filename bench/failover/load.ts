import {setTimeout as sleep} from 'node:timers/promises';
import {type FleetOptions, ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {LogLine} from '../../tools/local-stack/log-line.ts';
import type {RunningProcess} from '../../tools/local-stack/processes.ts';
import type {CallReport, FakeCallEvent} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/fake-twilio.ts';

/** Asks again and again, for longer than any scene lasts: after so much silence, in ms. */
export function talks(patience: number): CallerScript {
  return Array.from({length: 200}, (): CallerScript => [
    {do: 'waitForSilence', ms: patience},
    {do: 'say', clip: 'caller-yes'},
  ]).flat();
}
const TALKS = talks(400);

/** One caller, with the moments that are measured, in monotonic milliseconds of this process. */
export interface Talker {
  readonly call: FakeCall;
  /** The caller has asked, and has heard nothing since. */
  owedSince: number | undefined;
  /** When the assistant became audible. */
  readonly audible: number[];
  /** From the end of what was said to the assistant, in milliseconds. */
  readonly answers: number[];
  port: string;
}

/** A fleet under load: callers who talk until they are told to hang up. */
export class Load implements AsyncDisposable {
  readonly fleet: ProcessFleet;
  readonly talkers: Talker[] = [];

  private constructor(fleet: ProcessFleet) {
    this.fleet = fleet;
  }

  static async start(calls: number, options: FleetOptions = {}, script: CallerScript = TALKS): Promise<Load> {
    const fleet = await ProcessFleet.start({
      edges: 2,
      workers: 3,
      ...options,
      model: {MODEL_FIRST_DELTA_MS: '200', MODEL_CONNECT_MS: '300', MODEL_TAGGED: 'on', ...options.model},
    });
    const load = new Load(fleet);
    for (let tag = 0; tag < calls; tag += 1) {
      load.#dial(tag, script);
      // Phones are not synchronised: at multiples of 20 ms all their frames would come in one burst.
      await sleep((Math.random() + 0.5) * (4_000 / calls));
    }
    await sleep(4_000);
    return load;
  }

  #dial(tag: number, script: CallerScript): void {
    const call = this.fleet.twilio.dial(script, {tag});
    const talker: Talker = {call, owedSince: undefined, audible: [], answers: [], port: ''};
    call.on(event => note(talker, event));
    this.talkers.push(talker);
  }

  /** How often each process has logged a message since a moment, and when, in monotonic milliseconds. */
  said(message: string, since: number): {readonly at: number; readonly line: LogLine; readonly by: RunningProcess}[] {
    return [...this.fleet.workers, ...this.fleet.edges].flatMap(by =>
      by.lines
        .filter(line => line.json?.['msg'] === message)
        .map(line => ({at: Date.parse(String(line.json?.['time'])) - performance.timeOrigin, line, by}))
        .filter(({at}) => at >= since),
    );
  }

  async hangUp(): Promise<CallReport[]> {
    for (const {call} of this.talkers) call.hangUp();
    return await Promise.all(this.talkers.map(({call}) => call.ended));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.fleet[Symbol.asyncDispose]();
  }
}

function note(talker: Talker, event: FakeCallEvent): void {
  if (event.type === 'callerSpoke') talker.owedSince = event.at;
  if (event.type === 'audible') {
    if (talker.owedSince !== undefined) talker.answers.push(event.at - talker.owedSince);
    talker.owedSince = undefined;
    talker.audible.push(event.at);
  }
}

/** Calls that were not ended by the caller. */
export function lostCalls(reports: readonly CallReport[]): number {
  const lost = reports.filter(report => report.endedBy !== 'caller');
  for (const {callSid, endedBy, reason} of lost) console.log(`  ${callSid} was ended by the ${endedBy}: ${reason}`);
  return lost.length;
}
