/** Words we put before the model. What the caller hears is the model's own. */

/** The tool the model calls to end the call; it hangs up only after its last word was heard. */
export const HANG_UP = {
  name: 'hang_up',
  description:
    'Ends the phone call. Say goodbye first, in the same reply, then call this. Only when the caller has said goodbye or has nothing more to ask.',
} as const;

/** A response's instructions replace the session's, so they are repeated. */
export function greetWith(instructions: string, greeting: string): string {
  return `${instructions}\n\nThe caller has just been connected. Greet them now, in one short breath: ${greeting}`;
}

export function continueFrom(instructions: string, lastWords: string): string {
  const where = lastWords === '' ? 'before your first word' : `after the words: "${lastWords}"`;
  return `${instructions}\n\nYour voice was cut off for a technical reason ${where}. Go on from exactly there. Do not greet, do not apologise, do not repeat what was said.`;
}

export function askWhetherThere(instructions: string): string {
  return `${instructions}\n\nThe caller has said nothing for a while. In one short sentence, ask whether they are still there. Do not greet them again.`;
}

/** Keys are not audible to the model as what they are. */
export function pressed(digits: string): string {
  return `The caller pressed ${digits.split('').join(' ')} on the telephone keypad.`;
}
