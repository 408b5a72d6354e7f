/** What the model is told to say. The wording that the caller hears is the model's own. */

/** Goes on with a reply that broke off after the words that the caller heard last. */
export function continueFrom(instructions: string, lastWords: string): string {
  const where = lastWords === '' ? 'before your first word' : `after the words: "${lastWords}"`;
  return `${instructions}\n\nYour voice was cut off for a technical reason ${where}. Go on from exactly there. Do not greet, do not apologise, do not repeat what was said.`;
}

/** Speaks to a caller who has been silent for long. */
export function askWhetherThere(instructions: string): string {
  return `${instructions}\n\nThe caller has said nothing for a while. In one short sentence, ask whether they are still there. Do not greet them again.`;
}

/** Speaks to a caller who may have said something while the line was interrupted. */
export function askToRepeat(instructions: string): string {
  return `${instructions}\n\nThe line was interrupted for a moment, and you may have missed what the caller said. In one short sentence, ask them to say it again. Do not greet them again.`;
}

/** Follows a reply that a content filter stopped: if it went on, the filter would stop it again. */
export function afterFilter(instructions: string): string {
  return `${instructions}\n\nYour last answer was stopped by a content filter in mid-sentence. In one short sentence, say that you cannot talk about that, and ask how else you can help.`;
}

const FAREWELLS = {
  'platform.max-duration': 'This call has reached its longest length and ends now.',
  'platform.no-speech': 'Nobody has said anything on this call for a long time. It ends now.',
  'platform.idle-timeout':
    'The caller has not answered your questions whether they are still there. The call ends now.',
} as const;

/** The last words before the platform ends the call: why, and goodbye. */
export function farewell(instructions: string, reason: keyof typeof FAREWELLS): string {
  return `${instructions}\n\n${FAREWELLS[reason]} In one short sentence, tell the caller so and say goodbye. Ask nothing.`;
}

/** Words that the caller is to hear as they stand. */
export function sayExactly(words: string): string {
  return `Say exactly these words, and no others, then stop: "${words}"`;
}

/** What a machine records that has answered: `opening` word for word first, if it is not empty. */
export function voicemailMessage(
  instructions: string,
  opening: string,
  message: {readonly say: string} | {readonly instruct: string},
): string {
  if ('say' in message) return `${instructions}\n\n${sayExactly(`${opening} ${message.say}`.trim())}`;
  const first = opening === '' ? '' : `Say exactly these words first: "${opening}" Then leave`;
  return `${instructions}\n\nAn answering machine has answered, and its beep was just now: it records what you say. Nobody answers you. ${first || 'Leave'} a short message: ${message.instruct}. Ask nothing, and say goodbye.`;
}

/** Tells the model of keys, which it cannot hear. */
export function pressed(digits: string): string {
  return `The caller pressed ${digits.split('').join(' ')} on the telephone keypad.`;
}
