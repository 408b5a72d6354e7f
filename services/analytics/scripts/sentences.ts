import type {Random} from '@voicebridge/shared/testing/seeded-random.ts';

const SENTENCES = {
  greeting: [
    'Hello, you have reached the Harbour Hotel. How can I help you?',
    'Good day, this is the booking line. What can I do for you?',
  ],
  caller: [
    'Hi, I would like to change my booking for next Tuesday.',
    'Do you still have a room with a view of the sea?',
    'No, wait, I meant the Thursday after that.',
    'How much is it for two nights with breakfast?',
    'Could you put me through to the restaurant, please?',
    'Yes, that is right.',
    'My name is Okafor, with an O at the beginning.',
  ],
  assistant: [
    'Of course. Let me look that up for you, it will only take a moment.',
    'I have a double room with a view of the sea for a hundred and forty a night, breakfast included.',
    'I have moved your booking to Thursday the twelfth. You will get a message that confirms it.',
    'The restaurant is open from six in the evening, and the kitchen closes at ten.',
    'Is there anything else that I can do for you today?',
    'I found it. Two nights, two guests, arriving on Tuesday in the afternoon.',
  ],
} as const satisfies Record<string, readonly [string, ...string[]]>;

/** A plausible sentence. Sentences are drawn one by one, so they do not make a conversation. */
export function sentence(by: keyof typeof SENTENCES, random: Random): string {
  return random.pick<string>(SENTENCES[by]);
}
