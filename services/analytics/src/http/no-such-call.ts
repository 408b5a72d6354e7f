import {BadQuestion} from '../queries/bad-question.ts';

/** Refuses a question about a call that is not stored. */
export function noSuchCall(): never {
  throw new BadQuestion(
    {error: 'there is no such call', field: 'callSid', cure: 'it may still be active, or have been deleted'},
    404,
  );
}
