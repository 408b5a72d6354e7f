import type {Millis} from '@voicebridge/shared/time.ts';
import type {ToolOutcome} from '../events/tool-outcome.ts';

/** What the model is told of a tool call that came to nothing. Error messages of other systems are not for callers. */
const failed = (output: string): ToolOutcome => ({kind: 'failed', output});
const refused = (output: string): ToolOutcome => ({kind: 'failed', output, as: 'refused'});

export const unknownTool = (name: string): ToolOutcome => refused(`There is no tool named ${name}.`);

export const badArguments = (name: string): ToolOutcome =>
  refused(`The arguments of ${name} must be one JSON object. Call it again with such arguments.`);

export const toolThrew = (name: string): ToolOutcome =>
  failed(`The tool ${name} failed. Tell the caller that this did not work.`);

export const toolTimedOut = (name: string, afterMs: Millis): ToolOutcome => ({
  kind: 'failed',
  as: 'late',
  output: `The tool ${name} gave no result within ${afterMs / 1_000} seconds. Tell the caller that this did not work in time.`,
});

export const wrongArguments = (name: string, what: string): ToolOutcome =>
  refused(`The arguments of ${name} are wrong: ${what}. Correct them and call it again; ask the caller if you must.`);

export const notApproved = (name: string): ToolOutcome =>
  refused(
    `The caller must agree first. Say what you are about to do with ${name}, ask whether that is right, and call it again with the same arguments only after they said yes.`,
  );

export const toolStopped = (name: string): ToolOutcome => ({
  kind: 'failed',
  as: 'cancelled',
  output: `The caller spoke, and ${name} was stopped. Answer the caller.`,
});

export const outcomeUnknown = (name: string): ToolOutcome => ({
  kind: 'failed',
  as: 'unknown',
  output: `It is not known whether ${name} succeeded: a fault cut it off. Do not call it again by yourself. Tell the caller that you cannot be sure.`,
});

export const nothingEntered: ToolOutcome = {
  kind: 'failed',
  as: 'late',
  output: 'The caller entered nothing in time. Ask whether they need help, or let them try again.',
};

export const enteredTooFew = (count: number, needed: number): ToolOutcome =>
  failed(
    `Only ${count} of ${needed} digits were entered. Tell the caller so, and call it again to let them begin anew.`,
  );

export const enteredAnew: ToolOutcome = {
  kind: 'failed',
  as: 'cancelled',
  output: 'The caller is asked for something else before this was complete.',
};

export const notEntered = (name: string, secret: string): ToolOutcome =>
  refused(`${name} needs ${secret}, which the caller has not entered yet. Let them enter it first.`);

export const switched = (name: string): ToolOutcome => ({
  kind: 'output',
  output: `The caller was passed on to you: you are ${name} now. Say in one short sentence who you are, and go on with what they want.`,
});

export const cannotSwitch = (why: string): ToolOutcome => refused(`The call stays with you: ${why}.`);

export const serverAway = (name: string): ToolOutcome =>
  failed(`The server of ${name} cannot be reached now. Tell the caller that this did not work; it may later.`);

export const endingAlready = refused('The call is ending already.');

export const tooSoon = (name: string): ToolOutcome =>
  refused(`The caller has not said anything yet: ${name} is refused. Go on with the call.`);

export const notDialable = (to: string): ToolOutcome =>
  refused(
    `"${to.slice(0, 40)}" is no destination: it must be a telephone number with + and the code of the country, such as +4722334455. Ask the caller for it.`,
  );

export const notAllowed = (to: string): ToolOutcome =>
  refused(
    `Callers may not be transferred to "${to.slice(0, 40)}": only destinations that the operator has allowed can be called, and numbers abroad or at a higher price are not unless they are named. Tell the caller that this is not possible, and do not try it again.`,
  );
