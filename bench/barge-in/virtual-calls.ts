import type {Millis} from '@voicebridge/shared/time.ts';
import type {Reply} from '../../simulators/openai/src/answering/model-script.ts';
import type {MarkKnobs} from '../../simulators/twilio/src/media/mark-returns.ts';
import type {PlaybackKnobs} from '../../simulators/twilio/src/phone/play-head.ts';
import {seededRandom} from '@voicebridge/shared/testing/seeded-random.ts';
import type {Network} from '../../tools/harness/virtual/network.ts';
import {CoreCall} from '../../tools/harness/virtual/core/core-call.ts';
import type {ModelItem} from '../../simulators/openai/src/state/model-item.ts';
import {playbackEvidence, type Heard} from '../../tools/harness/evidence/playback-evidence.ts';
import {leakedBytes, reactionsOf} from './after-the-clear.ts';
import {OURS, type Outcome} from './outcome.ts';
import {type Cuts, type Rule, rulesOfOthers} from './rules.ts';

export const situations = ['while it is made', 'after response.done', 'two items', 'before the first mark'] as const;
export type Situation = (typeof situations)[number];

export interface Condition {
  readonly network: Network;
  readonly situation: Situation;
  /** How Twilio returns marks; as documented, if not given. */
  readonly marks?: MarkKnobs;
  /** How the phone plays; in real time, if not given. */
  readonly playback?: PlaybackKnobs;
}

/** An interruption as all rules saw it. */
interface Moment {
  readonly receivedMs: ReadonlyMap<string, Millis>;
  readonly itemIds: readonly string[];
  readonly cuts: readonly {readonly rule: string; readonly cuts: Cuts}[];
}

const ROUNDS = 5;
const WORDS = 'This is a sentence of the usual length, said at the usual speed. ';

/** The results of one call: of every rule for its interruptions, and how fast it was silent. */
export interface VirtualFigures {
  readonly outcomes: readonly Outcome[];
  /** From `speech_started` leaving the model to the clear at Twilio: here the ways alone, there and back. */
  readonly reactions: readonly Millis[];
  readonly leakedBytes: number;
}

/** One call on a virtual clock with some interruptions of one kind. */
export function virtualCall({network, situation, marks = {}, playback = {}}: Condition, seed: number): VirtualFigures {
  const random = seededRandom(seed * 7_919 + 13);
  let next: Reply = [];
  const call = new CoreCall({
    seed,
    network,
    marks,
    playback,
    modelNetwork: {delay: 15, jitter: 5},
    knobs: {speed: [3, 8], firstDeltaMs: [300, 800]},
    script: ({kind}) => (kind === 'greeting' ? speak(1_500) : next),
  });
  const isAudible = () => call.audible;
  must(call.until(isAudible), 'the greeting');
  must(
    call.until(() => !call.audible),
    'the end of the greeting',
  );
  for (let round = 0; round < ROUNDS; round += 1) {
    if (random.between(0, 1) < 0.6) {
      next = speak(random.between(800, 2_500)); // heard to its end
      ask(call, random.between(300, 900));
      must(
        call.until(() => !call.audible),
        'the end of a reply',
      );
    }
    next =
      situation === 'two items'
        ? [...speak(random.between(2_000, 5_000)), ...speak(random.between(2_000, 5_000))]
        : speak(random.between(5_000, 12_000));
    const responses = call.session.responses.length;
    ask(call, random.between(100, 900));
    if (situation === 'while it is made') call.wait(random.between(200, 700));
    if (situation === 'two items') call.wait(random.between(200, 7_000));
    if (situation === 'after response.done') {
      must(
        call.until(() => (call.session.responses[responses]?.doneAt ?? 0) > 0),
        'response.done',
      );
      call.wait(random.between(0, 2_000));
    }
    if (situation === 'before the first mark') call.wait(random.between(0, 60));
    if (!call.audible) continue;
    next = speak(random.between(600, 1_500));
    call.talk(random.between(400, 900));
    call.wait(1_200);
    must(call.until(isAudible), 'the reply to an interruption');
    must(
      call.until(() => !call.audible),
      'its end',
    );
  }
  const clears = call.landed.filter(({discardedBytes}) => discardedBytes > 0);
  return {
    outcomes: outcomesOf(call),
    reactions: reactionsOf(call.session, clears),
    leakedBytes: leakedBytes(call.session, clears, call.queue.played()),
  };
}

function speak(ms: Millis): Reply {
  return [{say: {text: WORDS.repeat(Math.ceil(ms / 4_000)), audioMs: Math.round(ms)}}];
}

/** The caller says something after a pause, and the assistant begins to answer. */
function ask(call: CoreCall, pause: Millis): void {
  call.wait(pause);
  call.talk(600);
  call.wait(900);
  must(
    call.until(() => call.audible),
    'a reply',
  );
}

function must(happened: boolean, what: string): void {
  if (!happened) throw new Error(`${what} never came`);
}

function outcomesOf(call: CoreCall): Outcome[] {
  const heard = new Map(playbackEvidence(call.session.items, call.queue.played()).map(each => [each.item.id, each]));
  const refusals = call.session.refusals.filter(({clientEvent}) => clientEvent?.includes('item.truncate'));
  return momentsOf(call).flatMap(moment => {
    const items = moment.itemIds.flatMap(id => heard.get(id) ?? []);
    // Everything before it was heard to its end, nothing behind it was heard at all.
    const playing = items.find(({item, heardMs}) => heardMs < item.generatedMs - 1);
    if (!playing) return [];
    const ours: Outcome = {
      rule: OURS,
      refused: refusals.some(({clientEvent}) => items.some(({item}) => clientEvent?.includes(item.id))),
      wrongItem: isWrong(items, playing, id => heard.get(id)?.wasCut ?? false),
      errorMs: playing.rememberedMs - playing.heardMs,
    };
    return [ours, ...moment.cuts.map(({rule, cuts}) => judge(rule, cuts, items, playing, moment.receivedMs))];
  });
}

function judge(
  rule: string,
  cuts: Cuts,
  items: readonly Heard<ModelItem>[],
  playing: Heard<ModelItem>,
  receivedMs: Moment['receivedMs'],
): Outcome {
  const refused = [...cuts].some(([id, ms]) => ms > (receivedMs.get(id) ?? 0));
  const cut = cuts.get(playing.item.id);
  // A cut beyond what the model has is refused, and it believes that all was said.
  const isKept = cut === undefined || cut > (receivedMs.get(playing.item.id) ?? 0);
  const remembered = isKept ? playing.item.generatedMs : Math.floor(cut);
  const wrongItem = isWrong(items, playing, id => cuts.has(id));
  return {rule, refused, wrongItem, errorMs: remembered - playing.heardMs};
}

/** Within 50 ms of the end of an item, either answer is right. */
function isWrong(
  items: readonly Heard<ModelItem>[],
  playing: Heard<ModelItem>,
  isCut: (id: string) => boolean,
): boolean {
  const missed = !isCut(playing.item.id) && playing.item.generatedMs - playing.heardMs > 100;
  return missed || items.some(({item, heardMs}) => isCut(item.id) && heardMs >= item.generatedMs);
}

/** Replays the worker's events, with every rule beside it. */
function momentsOf(call: CoreCall): Moment[] {
  const rules: Rule[] = rulesOfOthers();
  const moments: Moment[] = [];
  const received = new Map<string, Millis>();
  const itemsOf = new Map<string, string[]>();
  let responseId = '';
  const clears = new Set(call.seen.flatMap(seen => (seen.what === 'clear' ? [seen.at] : [])));
  for (const seen of call.seen) {
    for (const rule of rules) rule.see(seen);
    if (seen.what === 'delta') {
      ({responseId} = seen);
      received.set(seen.itemId, (received.get(seen.itemId) ?? 0) + seen.ms);
      const items = itemsOf.get(responseId) ?? [];
      if (!items.includes(seen.itemId)) itemsOf.set(responseId, [...items, seen.itemId]);
    }
    if (seen.what !== 'speech' || !clears.has(seen.at)) continue;
    moments.push({
      receivedMs: new Map(received),
      itemIds: itemsOf.get(responseId) ?? [],
      cuts: rules.map(rule => ({rule: rule.name, cuts: rule.cut(seen.at)})),
    });
  }
  return moments;
}
