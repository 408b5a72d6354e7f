import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import {CallDetail, CallsPage} from '../../services/analytics/src/queries/call-shapes.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import {figuresOf, type CallFigures} from './figures.ts';
import type {Placed} from './place-calls.ts';
import type {Story} from './story.ts';

/** How long records may take from the end of the last call. */
const RECORDS_WITHIN: Millis = 10_000;

export interface Sources {
  /** Origins, such as http://127.0.0.1:5053. */
  readonly analytics: string;
  readonly model: string;
  readonly story: Story;
}

/** Collects what the simulated model knows of the calls, and analytics once it has all three records. */
export async function gather(placed: readonly Placed[], {analytics, model, story}: Sources): Promise<CallFigures[]> {
  const callSids = placed.map(({report}) => report.callSid);
  await waitForRecords(analytics, callSids);
  const summaries = (await (await fetch(`${model}/sessions`)).json()) as SessionSummary[];
  const sessions = await Promise.all(
    summaries.map(async session => ({session, heard: await bytes(`${model}/sessions/${session.id}/heard`)})),
  );
  return Promise.all(
    placed.map(async ({who, call, report, kill}) => {
      const sent = Buffer.concat(report.streams.map(({sentAudio}) => sentAudio));
      const first =
        sessions.find(({heard: it}) => it.length > 0 && sent.subarray(0, it.length).equals(it)) ??
        sessions.find(({session: {id}}) => id === story.sessionOf(call));
      const caller = first?.session.safetyIdentifier ?? null;
      const others = sessions.filter(
        one => one !== first && caller !== null && one.session.safetyIdentifier === caller,
      );
      const answer = await fetch(`${analytics}/api/calls/${report.callSid}`);
      const record = answer.ok ? CallDetail.parse(await answer.json()) : undefined;
      return figuresOf({
        who,
        report,
        sessions: first ? [first, ...others] : [],
        record,
        carriers: story.carriersOf(call),
        kill: kill && {...kill, takenOverMs: story.takenOverAfter(call)},
      });
    }),
  );
}

/** Connections that the simulated model refused; each could have been a call. */
export async function refusedUpgrades(model: string): Promise<number> {
  const refused: unknown = await (await fetch(`${model}/refused`)).json();
  return Array.isArray(refused) ? refused.length : 0;
}

async function waitForRecords(analytics: string, callSids: readonly string[]): Promise<void> {
  const end = performance.now() + RECORDS_WITHIN;
  while (performance.now() < end) {
    const {calls} = CallsPage.parse(await (await fetch(`${analytics}/api/calls`)).json());
    if (callSids.every(callSid => calls.some(call => call.callSid === callSid && call.whole))) return;
    await sleep(100);
  }
}

async function bytes(url: string): Promise<Buffer> {
  return Buffer.from(await (await fetch(url)).arrayBuffer());
}
