import {z} from 'zod';
import {unreachable} from '../errors.ts';
import {LONGEST_NOTE, NoteName, type Notes} from './notes.ts';

const about = z.string().min(1).max(500).optional();

/** One field of an outcome. `about`: what belongs there, in words to a model. */
export const OutcomeField = z.discriminatedUnion('type', [
  z.strictObject({type: z.literal('boolean'), about}),
  z.strictObject({type: z.literal('number'), about}),
  z.strictObject({type: z.literal('choice'), of: z.array(z.string().min(1).max(100)).min(2).max(50), about}),
  z.strictObject({type: z.literal('text'), about}),
]);
export type OutcomeField = Readonly<z.infer<typeof OutcomeField>>;

const FIELDS_AT_MOST = 20;

/** How a call can come out: the fields that an assistant fills in, by name. */
export const OutcomeFields = z
  .record(NoteName, OutcomeField)
  .refine(fields => Object.keys(fields).length <= FIELDS_AT_MOST, `has ${FIELDS_AT_MOST} fields at most`);
export type OutcomeFields = Readonly<z.infer<typeof OutcomeFields>>;

/** What is wrong with the value of a field, in words to a model; undefined: nothing. */
export function outcomeMistake(name: string, field: OutcomeField, value: unknown): string | undefined {
  switch (field.type) {
    case 'boolean':
      return typeof value === 'boolean' ? undefined : `${name} must be true or false`;
    case 'number':
      return typeof value === 'number' && Number.isFinite(value) ? undefined : `${name} must be a number`;
    case 'choice':
      return field.of.some(one => one === value) ? undefined : `${name} must be one of ${field.of.join(', ')}`;
    case 'text':
      if (typeof value !== 'string') return `${name} must be a text`;
      return value.length <= LONGEST_NOTE ? undefined : `${name} has ${LONGEST_NOTE} characters at most`;
    default:
      return unreachable(field);
  }
}

/** The JSON Schema of an object with any of these fields. */
export function outcomeSchema(fields: OutcomeFields) {
  const properties = Object.entries(fields).map(([name, {about, ...field}]) => {
    const type = field.type === 'boolean' || field.type === 'number' ? field.type : 'string';
    return [
      name,
      {
        type,
        ...(field.type === 'choice' ? {enum: field.of} : {}),
        ...(field.type === 'text' ? {maxLength: LONGEST_NOTE} : {}),
        ...(about === undefined ? {} : {description: about}),
      },
    ] as const;
  });
  return {type: 'object', properties: Object.fromEntries(properties), additionalProperties: false} as const;
}

/**
 * The same for strict structured output, which has no optional field and no length: every field is asked for, and null
 * stands for what nobody said.
 */
export function strictOutcomeSchema(fields: OutcomeFields) {
  const {properties, ...rest} = outcomeSchema(fields);
  const nullable = Object.entries(properties).map(([name, {type, enum: of, description}]) => [
    name,
    {
      type: [type, 'null'] as const,
      ...(of === undefined ? {} : {enum: [...of, null]}),
      ...(description === undefined ? {} : {description}),
    },
  ]);
  return {...rest, properties: Object.fromEntries(nullable), required: Object.keys(properties)};
}

/**
 * Parts what was noted on a call. `outcome`: the fields that can be counted and filtered by. `notes`: all else, free text
 * of the outcome included: those are words of the call.
 */
export function partNotes(noted: Notes, fields: OutcomeFields): {readonly outcome: Notes; readonly notes: Notes} {
  const isOutcome = ([name, value]: readonly [string, unknown]) => {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    return field !== undefined && field.type !== 'text' && outcomeMistake(name, field, value) === undefined;
  };
  const all = Object.entries(noted);
  return {
    outcome: Object.fromEntries(all.filter(isOutcome)),
    notes: Object.fromEntries(all.filter(one => !isOutcome(one))),
  };
}
