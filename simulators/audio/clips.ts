import {readFileSync} from 'node:fs';

/** Recorded speech: raw 8 kHz μ-law, mono, one byte per sample, without a header. */
export interface Clip {
  readonly text: string;
  readonly file: URL;
}

const clip = (name: string, text: string): Clip => ({text, file: new URL(`./${name}.ulaw`, import.meta.url)});

/** What simulated callers say. Regenerate the sound with `make-speech.sh` after a change of words. */
export const callerClips = {
  'caller-hello': clip('caller-hello', 'Hello? Is anybody there?'),
  'caller-opening-hours': clip('caller-opening-hours', 'Hi, could you tell me your opening hours on Saturday, please?'),
  'caller-interrupts': clip('caller-interrupts', 'Wait, stop. Actually, I meant Sunday, not Saturday.'),
  'caller-short-interrupt': clip('caller-short-interrupt', 'Hold on a second.'),
  'caller-book-table': clip(
    'caller-book-table',
    'I would like to book a table for four people at half past seven this evening.',
  ),
  'caller-yes': clip('caller-yes', 'Yes, that sounds good.'),
  'caller-human': clip('caller-human', 'Can I speak to a real person, please?'),
  'caller-goodbye': clip('caller-goodbye', 'Great, thank you very much for your help. Goodbye.'),
} as const satisfies Record<string, Clip>;

/** What the simulated model says: a greeting, answers of 2 to 15 seconds, a goodbye. */
export const assistantClips = {
  'assistant-greeting': clip('assistant-greeting', 'Hello, and thank you for calling. How can I help you today?'),
  'assistant-opening-hours': clip(
    'assistant-opening-hours',
    'On Saturdays we are open from nine in the morning until six in the evening.',
  ),
  'assistant-sunday': clip('assistant-sunday', 'On Sundays we open a little later, at eleven, and we close at four.'),
  'assistant-sorry': clip('assistant-sorry', 'Sorry about that. Please go ahead.'),
  'assistant-booked': clip(
    'assistant-booked',
    'Your table for four is booked for half past seven tonight. We will send you a text message to confirm it.',
  ),
  'assistant-anything-else': clip('assistant-anything-else', 'Is there anything else I can do for you?'),
  'assistant-transfer': clip('assistant-transfer', 'Of course. One moment, I will put you through to a colleague.'),
  'assistant-directions': clip(
    'assistant-directions',
    'We are on Harbour Street, next to the old market hall. If you come by train, take the second exit, turn left, and walk for about five minutes.',
  ),
  'assistant-long-story': clip(
    'assistant-long-story',
    'Let me go through the whole menu with you. We start with a tomato soup, a green salad, or warm bread with olive oil. ' +
      'Then there is grilled fish with lemon potatoes, or a mushroom risotto. ' +
      'For dessert you can have apple cake, chocolate mousse, or a selection of local cheese.',
  ),
  'assistant-goodbye': clip('assistant-goodbye', 'Thank you for calling. Have a lovely day. Goodbye.'),
} as const satisfies Record<string, Clip>;

/** Every clip there is. */
export const clips = {...callerClips, ...assistantClips};

/** The name of a recording. */
export type ClipName = keyof typeof clips;

const loaded = new Map<ClipName, Buffer>();

/** The μ-law bytes of a clip, 8 per millisecond. Read once and shared: do not write to it. */
export function readClip(name: ClipName): Buffer {
  const known = loaded.get(name);
  if (known) return known;
  const bytes = readFileSync(clips[name].file);
  loaded.set(name, bytes);
  return bytes;
}
