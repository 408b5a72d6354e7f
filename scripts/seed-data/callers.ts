import type {AwayOutcome} from '@voicebridge/shared/protocol/away.ts';
import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';
import type {CallerDoes, ModelDoes} from '../rehearse/call-file.ts';

/** What happens to the system in the middle of a call. */
export type Mishap = 'worker-killed' | 'worker-drained' | 'edge-lost' | 'model-lost' | 'model-silent';

/** One call of the demo data: who answers, what the caller does, and what the scripted model replies. */
export interface SeedCall {
  /** The name of a file in `assistants/examples`. */
  readonly assistant: string;
  readonly direction: 'inbound' | 'outbound';
  readonly caller: readonly CallerDoes[];
  readonly model: readonly ModelDoes[];
  /** What comes of a transfer. */
  readonly away?: AwayOutcome;
  readonly mishap?: Mishap;
}

type Say = readonly [string, ...string[]];

const NAMES: Say = ['Larsen', 'Hansen', 'Johansen', 'Olsen', 'Berg', 'Haugen', 'Dahl', 'Moen'];
const TIMES: Say = ['17:00', '17:30', '19:00', '20:30'];
const SPOKEN: Readonly<Record<string, string>> = {
  '17:00': 'five',
  '17:30': 'half past five',
  '19:00': 'seven',
  '20:30': 'half past eight',
};
const PLACES: readonly [readonly [string, number, number], ...(readonly [string, number, number])[]] = [
  ['Bergen', 60.39, 5.32],
  ['Oslo', 59.91, 10.75],
  ['Trondheim', 63.43, 10.4],
  ['Tromsø', 69.65, 18.96],
  ['Stavanger', 58.97, 5.73],
];
const HOLD_ON: Say = ['Wait, stop. One moment.', 'Sorry, one question first.', 'No, no, hold on.', 'Yes, I know that.'];
const LAST_WORDS: Say = ['Thank you, goodbye!', 'Great, thanks. Bye!', 'All right. Have a nice day.'];
const DAY = 86_400_000;

const hangsUp = {hangsUp: true} as const;

/** A table is booked, sometimes after other questions, sometimes with an interruption. */
function booking(random: Random, wall: number): SeedCall {
  const [people, name, time] = [random.whole(2, 7), random.pick(NAMES), random.pick(TIMES)];
  const day = new Date(wall + random.whole(1, 90) * DAY).toISOString().slice(0, 10);
  const interrupts = random.chance(0.45);
  const asks = random.chance(0.5);
  return {
    assistant: 'reception',
    direction: 'inbound',
    caller: [
      ...(asks ? [{says: random.pick(['Are you open on Sundays?', 'Until when are you open tonight?'])}] : []),
      {says: `I would like to book a table for ${people} people.`},
      {says: `${time === '17:00' ? 'Early, at five' : `At ${SPOKEN[time]}`}, please. My name is ${name}.`},
      ...(interrupts
        ? [{interruptsAfter: random.whole(500, 2_400), says: random.pick(HOLD_ON)}, {says: 'Is there a place to park?'}]
        : []),
      ...(random.chance(0.6) ? [{says: random.pick(LAST_WORDS)}] : []),
      hangsUp,
    ],
    model: [
      ...(asks
        ? [{says: 'We are open from five to eleven in the evening, every day but Monday. What else can I do for you?'}]
        : []),
      {calls: {find_table: {day, people}}},
      {
        says: `There are tables for ${people} at seven, and at half past eight. Which time do you want, and in whose name?`,
      },
      {calls: {book_table: {day, time, people, name}}},
      {
        says: `A table for ${people} is booked at ${SPOKEN[time]}, in the name of ${name}. We look forward to seeing you.`,
      },
      ...(interrupts
        ? [
            {says: 'Of course. What would you like to know before you come to us?'},
            {says: 'There are places to park behind the house, and they cost nothing after six.'},
          ]
        : []),
      {says: 'Thank you for calling. Goodbye!'},
    ],
  };
}

/** A question or two, and goodbye. */
function question(random: Random): SeedCall {
  const interrupts = random.chance(0.35);
  return {
    assistant: 'reception',
    direction: 'inbound',
    caller: [
      {says: random.pick(['Good day. Are you open tonight?', 'Hello, do you have a table outside?'])},
      ...(interrupts ? [{interruptsAfter: random.whole(300, 2_000), says: random.pick(HOLD_ON)}] : []),
      {says: random.pick(['And is there something without meat?', 'What time does the kitchen close?'])},
      ...(random.chance(0.3) ? [{says: random.pick(LAST_WORDS)}] : []),
      hangsUp,
    ],
    model: [
      {says: 'We are open until eleven in the evening, and there is room on the terrace as long as it is dry.'},
      ...(interrupts ? [{says: 'Please go ahead, I am listening to you.'}] : []),
      {says: 'I do not know the menu of today, but the kitchen can call you back in a few minutes. Shall I ask them?'},
      {says: 'Thank you for calling. Goodbye!'},
    ],
  };
}

/** A caller wants a person. Not every person takes the call. */
function person(random: Random): SeedCall {
  const away = random.pick<AwayOutcome>(['accepted', 'accepted', 'accepted', 'busy', 'no-answer', 'declined']);
  return {
    assistant: 'reception',
    direction: 'inbound',
    away,
    caller: [
      {says: random.pick(['I have to cancel a table.', 'I want to talk to a person, please.'])},
      ...(away === 'accepted' ? [] : [{waits: 9_000}, {says: 'Then I will call again tomorrow.'}, hangsUp]),
    ],
    model: [
      {calls: {to_waiter: {summary: 'The caller wants to talk about a table that is booked.'}}},
      {says: 'My colleagues are all busy. Can I help you instead, or shall they call you back?'},
      {says: 'Thank you for your patience. Goodbye!'},
    ],
  };
}

/** Three questions after a visit; mostly we call. The assistant hangs up. */
function survey(random: Random): SeedCall {
  const satisfaction = random.whole(2, 5);
  const best = random.pick(['the fish', 'the view', 'the service', 'the bread']);
  const better = random.pick(['the music', 'the prices', 'nothing', 'the chairs']);
  const interrupts = random.chance(0.3);
  return {
    assistant: 'survey',
    direction: random.chance(0.8) ? 'outbound' : 'inbound',
    caller: [
      random.chance(0.35)
        ? {presses: String(satisfaction)}
        : {says: `A ${['', 'one', 'two', 'three', 'four', 'five'][satisfaction]}.`},
      ...(interrupts ? [{interruptsAfter: random.whole(200, 900), says: `That was ${best}, really.`}] : [{says: best}]),
      {says: better === 'nothing' ? 'Nothing. It was perfect.' : `Perhaps ${better}.`},
    ],
    model: [
      {calls: {write_down: {satisfaction}}},
      {says: 'Thank you. And what was best about your visit to us?'},
      {calls: {write_down: {best}}},
      {says: 'That is good to hear. What should be better when you come again?'},
      {calls: {write_down: {better}}},
      {says: 'Thank you very much. Goodbye!', calls: {hang_up: {}}},
    ],
  };
}

/** The weather at one to three places. */
function weather(random: Random): SeedCall {
  const places = Array.from({length: random.whole(1, 3)}, () => random.pick(PLACES));
  return {
    assistant: 'weather',
    direction: 'inbound',
    caller: [
      ...places.flatMap(([place], index) => [
        {says: index === 0 ? `I am in ${place}.` : `And in ${place}?`},
        ...(random.chance(0.25) ? [{interruptsAfter: random.whole(400, 1_500), says: random.pick(HOLD_ON)}] : []),
      ]),
      hangsUp,
    ],
    model: places.flatMap(([place, latitude, longitude]) => [
      {calls: {weather_at: {latitude, longitude}}},
      {says: `In ${place} it is eleven degrees now, with a light wind from the sea, and it does not rain yet.`},
    ]),
  };
}

/** Who calls, about how often among a hundred. */
const KINDS: readonly (readonly [number, (random: Random, wall: number) => SeedCall])[] = [
  [40, booking],
  [22, question],
  [10, person],
  [14, survey],
  [14, weather],
];

/** What goes wrong, about how often among a thousand. Far more often than in a system that is well: to have something to see. */
const MISHAPS: readonly (readonly [number, Mishap])[] = [
  [25, 'worker-killed'],
  [25, 'worker-drained'],
  [12, 'edge-lost'],
  [12, 'model-lost'],
  [6, 'model-silent'],
];

/**
 * The call with this number, from 0. Kinds and mishaps follow each other evenly, so that a few calls have some of each;
 * what is said and done is drawn at random. `wall`: when it begins.
 */
export function drawCall(random: Random, wall: number, index: number): SeedCall {
  const call = (at(KINDS, spread(index, 0.618_034)) ?? question)(random, wall);
  const mishap = at(MISHAPS, 10 * spread(index, 0.754_878));
  if (mishap) return {...call, mishap};
  // Some have heard enough in the middle of the conversation.
  if (!random.chance(0.1)) return call;
  return {...call, caller: [...call.caller.slice(0, random.whole(1, 2)), {waits: random.whole(600, 2_500)}, hangsUp]};
}

/** From 0 to 100; numbers that follow each other are far apart. */
const spread = (index: number, step: number) => ((0.5 + index * step) % 1) * 100;

function at<Item>(all: readonly (readonly [number, Item])[], place: number): Item | undefined {
  let left = place;
  return all.find(([share]) => (left -= share) < 0)?.[1];
}
