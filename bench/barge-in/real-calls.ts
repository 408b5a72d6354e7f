import {setTimeout as sleep} from 'node:timers/promises';
import type {Millis} from '@voicebridge/shared/time.ts';
import {ProcessFleet} from '../../tools/harness/process-fleet.ts';
import type {Reply} from '../../simulators/openai/src/answering/model-script.ts';
import type {SessionSummary} from '../../simulators/openai/src/session/session-summary.ts';
import {readTagRuns} from '../../simulators/openai/src/audio/tagged-audio.ts';
import type {StreamReport} from '../../simulators/twilio/src/report/call-report.ts';
import type {CallerScript} from '../../simulators/twilio/src/call/fake-call.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Network} from '../../tools/harness/virtual/network.ts';
import {playbackEvidence} from '../../tools/harness/evidence/playback-evidence.ts';
import {type Clear, leakedBytes, reactionsOf} from './after-the-clear.ts';

export interface RealOptions {
  /** Simultaneous calls, and interruptions in each. */
  readonly calls: number;
  readonly rounds: number;
  /** Between the edge and Twilio, each way. */
  readonly network: Network;
}

/** The results of real calls, on real sockets and a real Redis. */
export interface RealFigures {
  readonly calls: number;
  readonly interruptions: number;
  readonly refused: number;
  readonly wrongItem: number;
  /** Of the item that was playing: what the model remembers less what was played, in ms. */
  readonly errors: readonly Millis[];
  /** From the model's `speech_started` leaving to `clear` arriving at Twilio's socket, in ms. */
  readonly reactions: readonly Millis[];
  /** Audio of a cleared reply that was played after its clear had landed, in bytes. */
  readonly leakedBytes: number;
  /** How late the simulated phones were, p99, in ms. */
  readonly phonesLate: Millis;
  readonly violations: number;
}

/** A square wave: loud enough for any detection. */
const words = (ms: Millis) =>
  Buffer.from(Array.from({length: ms * 8}, (_, at) => (Math.floor(at / 8) % 2 ? 0x10 : 0x90)));
const TEXT = 'This is a sentence of the usual length, said at the usual speed. ';

/** Calls that are not measured: a process needs many times as long for what it does the first time. */
const WARM_UP = 12;

/** What the model answers, reply by reply: a greeting, then long ones, every third of two items. */
const REPLIES = Array.from({length: 100}, (_, index): Reply => {
  const say = (audioMs: Millis) => ({say: {text: TEXT.repeat(3), audioMs}});
  if (index === 0) return [say(1_200)];
  return (index + 1) % 3 === 0 ? [say(2_500), say(3_500)] : [say(7_000)];
});

/** Makes the calls: edge, worker, webhook, Redis and model are processes of their own, the phones are in this one. */
export async function realCalls(
  {calls, rounds, network}: RealOptions,
  progress: (line: string) => void,
): Promise<RealFigures> {
  const random = seededRandom(4_711);
  await using fleet = await ProcessFleet.start({
    edges: 1,
    workers: 1,
    env: {MAX_CALLS: String(calls * 2), TRANSCRIPTION_MODEL: 'off', LOG_LEVEL: 'warn'},
    model: {MODEL_TAGGED: 'on', MODEL_KEEP_HEARD: 'off', MODEL_SPEED: '3-8'},
    twilio: {seed: 1, network},
  });
  await fleet.setScript(REPLIES);
  const script = (times: number): CallerScript => [
    {do: 'waitForSilence', ms: 300},
    {do: 'say', audio: words(600)},
    ...Array.from({length: times}, () => [
      {do: 'waitForAssistant', speakingFor: random.between(40, 3_500)} as const,
      {do: 'say', audio: words(500)} as const,
    ]).flat(),
    {do: 'pause', ms: 1_500},
    {do: 'hangUp'},
  ];
  const dial = async (count: number, times: number) => {
    const dialled = [];
    for (let call = 0; call < count; call += 1) {
      dialled.push(fleet.twilio.dial(script(times)));
      await sleep(random.between(40, 80)); // phones are not synchronised: their frames must not come in one burst every 20 ms
    }
    return dialled;
  };
  progress('warming up');
  await Promise.all((await dial(WARM_UP, 2)).map(call => call.ended));
  const dialled = await dial(calls, rounds);
  let over = 0;
  const reports = await Promise.all(
    dialled.map(async call => {
      const report = await call.ended;
      over += 1;
      progress(`${over} of ${calls} real calls are over`);
      return report;
    }),
  );
  const sessions = await fleet.sessions();
  const pairs = reports.flatMap(({streams, clockOrigin}) =>
    streams.flatMap(stream => {
      const tags = new Set(readTagRuns(stream.played).map(run => run.item));
      const session = sessions.find(({items}) => items.some(({tag}) => tag !== null && tags.has(tag)));
      if (!session) return [];
      return [{stream, session, clears: clearsOf(stream, clockOrigin - session.clockOrigin)}];
    }),
  );
  const judged = pairs.flatMap(({stream, session}) => interruptions(session, stream));
  return {
    calls,
    interruptions: judged.length,
    refused: pairs.reduce((sum, {session}) => sum + session.refusals.filter(isTruncation).length, 0),
    wrongItem: judged.filter(({wrongItem}) => wrongItem).length,
    errors: judged.map(({errorMs}) => errorMs),
    reactions: pairs.flatMap(({session, clears}) => reactionsOf(session, clears)),
    leakedBytes: pairs.reduce((sum, {stream, session, clears}) => sum + leakedBytes(session, clears, stream.played), 0),
    phonesLate: fleet.twilio.lag.p99,
    violations: reports.reduce((sum, {violations}) => sum + violations.length, 0),
  };
}

function isTruncation({clientEvent}: SessionSummary['refusals'][number]): boolean {
  return clientEvent?.includes('conversation.item.truncate') === true;
}

/** Every reply that was cut: the item that was playing, and whether the right ones were cut. */
function interruptions(session: SessionSummary, stream: StreamReport): {errorMs: Millis; wrongItem: boolean}[] {
  const items = session.items.map(item => ({...item, audioMs: item.rememberedMs}));
  const heard = new Map(playbackEvidence(items, stream.played).map(each => [each.item.id, each]));
  return session.responses.flatMap(response => {
    const spoken = response.items.flatMap(id => heard.get(id) ?? []);
    const playing = spoken.find(({item, heardMs}) => heardMs < item.generatedMs - 1);
    if (!playing || !spoken.some(({wasCut}) => wasCut)) return [];
    const missed = !playing.wasCut && playing.item.generatedMs - playing.heardMs > 100;
    const wrongItem = missed || spoken.some(({item, heardMs, wasCut}) => wasCut && heardMs >= item.generatedMs);
    return [{errorMs: playing.rememberedMs - playing.heardMs, wrongItem}];
  });
}

/** The clears of a stream, on the clock of the model. */
function clearsOf({clears, segments}: StreamReport, offset: Millis): Clear[] {
  return clears.map(({at}) => ({at: at + offset, playedBytes: segments.findLast(each => each.at <= at)?.to ?? 0}));
}
