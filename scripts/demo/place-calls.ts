import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {CallReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript, FakeCall} from '../../simulators/twilio/src/call/fake-call.ts';
import type {FakeTwilio} from '../../simulators/twilio/src/fake-twilio.ts';
import {cast, type Person} from './cast.ts';
import {inMidAnswer, type Kill} from './kill-worker.ts';
import type {Story} from './story.ts';

/**
 * Milliseconds between two callers. Processes announce their load once a second, so each call finds the emptier edge
 * and worker.
 */
const APART: Millis = 1_200;
/** A caller who is still on the line after this long hangs up, and the demo has failed. */
const PATIENCE: Millis = 45_000;

export interface Placed {
  readonly who: Person;
  readonly call: FakeCall;
  readonly report: CallReport;
  /** The worker of this call that was killed. */
  readonly kill: Kill | undefined;
}

/**
 * The three callers dial, one shortly after the other; resolves when the last of them is gone. `killWorker` ends the worker
 * of this name at once.
 */
export async function placeCalls(
  twilio: FakeTwilio,
  story: Story,
  killWorker: (name: string) => Kill,
): Promise<Placed[]> {
  const placed: Promise<Placed>[] = [];
  for (const who of cast) {
    const call = twilio.dial(scriptOf(who, story));
    const tired = setTimeout(() => call.hangUp(), PATIENCE);
    const known = story.follow(who, call);
    let kill: Kill | undefined;
    if (who.afterTheKill)
      inMidAnswer(call, () => {
        const owner = story.carriersOf(call).workers.at(-1);
        if (owner === undefined) return;
        kill = killWorker(owner);
        story.killed(call, kill);
      });
    placed.push(
      call.ended.then(report => {
        clearTimeout(tired);
        return {who, call, report, kill};
      }),
    );
    await Promise.all([sleep(APART), Promise.race([known, sleep(3_000)])]);
  }
  return Promise.all(placed);
}

function scriptOf({script, afterTheKill}: Person, story: Story): CallerScript {
  return afterTheKill ? [...script, {do: 'until', until: call => story.goesOn(call)}, ...afterTheKill] : script;
}
