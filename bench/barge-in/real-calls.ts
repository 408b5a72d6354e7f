import {setTimeout as sleep} from 'node:timers/promises';
import {provideRedis} from '@voicebridge/shared/redis/local-redis.ts';
import type {Millis} from '@voicebridge/shared/time.ts';
import type {FakeSession} from '../../simulators/openai/src/fake-session.ts';
import {readTagRuns} from '../../simulators/openai/src/tagged-audio.ts';
import type {StreamReport} from '../../simulators/twilio/src/call-report.ts';
import type {CallerScript} from '../../simulators/twilio/src/fake-call.ts';
import {seededRandom} from '../../simulators/twilio/src/random.ts';
import {openBridge} from '../../tests/e2e/bridge.ts';
import {compare} from '../../tests/heard/truth.ts';

/** What came of real calls, on real sockets and a real Redis. */
export interface RealFigures {
  readonly calls: number;
  readonly interruptions: number;
  readonly refused: number;
  readonly wrongItem: number;
  /** Of the item that was playing: what the model remembers less what was played, in ms. */
  readonly errors: readonly Millis[];
  /** From the model's `speech_started` leaving to `clear` arriving at Twilio's socket, in ms. */
  readonly reactions: readonly Millis[];
  /** Audio of a silenced reply that was played after its clear had landed, in bytes. */
  readonly leakedBytes: number;
  /** How late the phones themselves were, p99, in ms. */
  readonly phonesLate: Millis;
  readonly violations: number;
  readonly redis: string;
}

/** A square wave: loud enough for any detection. */
const words = (ms: Millis) =>
  Buffer.from(Array.from({length: ms * 8}, (_, at) => (Math.floor(at / 8) % 2 ? 0x10 : 0x90)));
const TEXT = 'This is a sentence of the usual length, said at the usual speed. ';

export async function realCalls(calls: number, rounds: number, progress: (line: string) => void): Promise<RealFigures> {
  await using stack = new AsyncDisposableStack();
  const redis = await provideRedis({url: undefined, kind: undefined, log: () => {}});
  stack.defer(() => redis.close());
  const random = seededRandom(4_711);
  const bridge = await openBridge({
    redisUrl: redis.url,
    env: {MAX_CALLS: String(calls * 2), TRANSCRIPTION_MODEL: 'off'},
    openai: {
      knobs: {tagged: true, keepHeard: false, speed: [3, 8]},
      script: ({kind, number}) => {
        const say = (audioMs: Millis) => ({say: {text: TEXT.repeat(3), audioMs}});
        if (kind === 'greeting') return [say(1_200)];
        return number % 3 === 0 ? [say(2_500), say(3_500)] : [say(7_000)];
      },
    },
  });
  stack.use(bridge);
  const script = (): CallerScript => [
    {do: 'waitForSilence', ms: 300},
    {do: 'say', audio: words(600)},
    ...Array.from({length: rounds}, () => [
      {do: 'waitForAssistant', speakingFor: random.between(40, 3_500)} as const,
      {do: 'say', audio: words(500)} as const,
    ]).flat(),
    {do: 'pause', ms: 1_500},
    {do: 'hangUp'},
  ];
  const dialled = [];
  for (let call = 0; call < calls; call += 1) {
    dialled.push(bridge.twilio.dial(script()));
    await sleep(60);
  }
  let over = 0;
  const reports = await Promise.all(
    dialled.map(async call => {
      const report = await call.ended;
      over += 1;
      progress(`${over} of ${calls} real calls are over`);
      return report;
    }),
  );
  const streams = reports.flatMap(report => report.streams);
  const pairs = streams.flatMap(stream => {
    const tags = new Set(readTagRuns(stream.played).map(run => run.item));
    const session = bridge.openai.sessions.find(({items}) => items.some(({tag}) => tag !== undefined && tags.has(tag)));
    return session ? [{stream, session}] : [];
  });
  const judged = pairs.flatMap(({stream, session}) => interruptions(session, stream));
  return {
    calls,
    interruptions: judged.length,
    refused: pairs.reduce((sum, {session}) => sum + session.refusals.filter(isTruncation).length, 0),
    wrongItem: judged.filter(({wrongItem}) => wrongItem).length,
    errors: judged.map(({errorMs}) => errorMs),
    reactions: pairs.flatMap(({stream, session}) => reactions(session, stream)),
    leakedBytes: pairs.reduce((sum, {stream, session}) => sum + leaked(session, stream), 0),
    phonesLate: bridge.twilio.lag.p99,
    violations: reports.reduce((sum, {violations}) => sum + violations.length, 0),
    redis: redis.kind,
  };
}

function isTruncation({clientEvent}: FakeSession['refusals'][number]): boolean {
  return clientEvent?.includes('conversation.item.truncate') === true;
}

/** Every reply that was cut: the item that was playing, and whether the right ones were cut. */
function interruptions(session: FakeSession, stream: StreamReport): {errorMs: Millis; wrongItem: boolean}[] {
  const heard = new Map(compare(session.items, stream.played).map(each => [each.item.id, each]));
  return session.responses.flatMap(response => {
    const items = response.items.flatMap(id => heard.get(id) ?? []);
    const playing = items.find(({item, heardMs}) => heardMs < item.generatedMs - 1);
    if (!playing || !items.some(({wasCut}) => wasCut)) return [];
    const missed = !playing.wasCut && playing.item.generatedMs - playing.heardMs > 100;
    const wrongItem = missed || items.some(({item, heardMs, wasCut}) => wasCut && heardMs >= item.generatedMs);
    return [{errorMs: playing.rememberedMs - playing.heardMs, wrongItem}];
  });
}

function reactions(session: FakeSession, stream: StreamReport): Millis[] {
  const spoke = session.events.filter(({type}) => type === 'input_audio_buffer.speech_started').map(({at}) => at);
  return stream.clears.flatMap(({at}) => {
    const last = spoke.findLast(each => each <= at);
    return last === undefined ? [] : [at - last];
  });
}

/** Bytes of a reply that were played behind the clear that silenced it. */
function leaked(session: FakeSession, stream: StreamReport): number {
  const runs = readTagRuns(stream.played);
  return stream.clears.reduce((sum, clear) => {
    const position = stream.segments.findLast(({at}) => at <= clear.at)?.to ?? 0;
    const silenced = session.responses.findLast(({firstAudioAt}) => (firstAudioAt ?? Infinity) < clear.at);
    const tags = new Set(session.items.flatMap(({id, tag}) => (silenced?.items.includes(id) ? [tag] : [])));
    const after = runs.filter(({item, at}) => at >= position && tags.has(item));
    return sum + after.reduce((bytes, {fromMs, toMs}) => bytes + (toMs - fromMs) * 8, 0);
  }, 0);
}
