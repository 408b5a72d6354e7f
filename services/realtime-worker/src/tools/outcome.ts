import {Notes} from '@voicebridge/shared/cdr/call-record.ts';
import {outcomeMistake, outcomeSchema, type OutcomeFields} from '@voicebridge/shared/cdr/outcome.ts';
import {wrongArguments} from './tool-failure.ts';
import type {ImmediateTool} from './tool.ts';

const NAME = 'outcome';

/** Keeps how a call came out, in the fields that its assistant has for that. */
export function outcomeTool(fields: OutcomeFields): ImmediateTool {
  return {
    name: NAME,
    description:
      'Keeps how this call came out, for the record. Call it as soon as one of the fields is known, and again when it changes. The caller does not hear of it.',
    parameters: outcomeSchema(fields),
    runs: 'at-once',
    run(args) {
      const mistake = mistakeIn(fields, args);
      if (mistake !== undefined) return wrongArguments(NAME, mistake);
      return {kind: 'output', output: 'Noted.', notes: Notes.parse(args)};
    },
  };
}

function mistakeIn(fields: OutcomeFields, args: Readonly<Record<string, unknown>>): string | undefined {
  const given = Object.entries(args);
  if (given.length === 0) return `give one of ${Object.keys(fields).join(', ')}`;
  for (const [name, value] of given) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    const mistake = field ? outcomeMistake(name, field, value) : `there is no field ${name.slice(0, 64)}`;
    if (mistake !== undefined) return mistake;
  }
  return undefined;
}
