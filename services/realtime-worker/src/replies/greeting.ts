import type {Assistant} from '../assistant.ts';
import type {Request} from './response-sequencer.ts';

/**
 * The request by which the model greets the caller. `PendingReply` makes it once a call: of the first session, or of the
 * next one if the caller heard nothing of the greeting. The instructions of a response replace those of the session, so
 * they are repeated.
 */
export function greetingRequest({instructions, greeting}: Pick<Assistant, 'instructions' | 'greeting'>): Request {
  const prompt = `The caller has just been connected. Greet them now, in one short breath: ${greeting}`;
  return {cause: 'greeting', instructions: `${instructions}\n\n${prompt}`};
}
