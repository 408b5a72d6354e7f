import {LONGEST_NOTE, NoteName} from '@voicebridge/shared/cdr/notes.ts';
import {z} from 'zod';

const FIELDS_AT_MOST = 20;

/** One field of the record. `about`: what belongs there, in words to the model. */
const NoteField = z.strictObject({
  type: z.enum(['string', 'number', 'boolean']),
  about: z.string().min(1).max(500).optional(),
});
type NoteField = Readonly<z.infer<typeof NoteField>>;

/** Keeps facts of a call as fields of its record: `note({fields: {guests: {type: 'number'}}})`. */
export const NoteTool = z.strictObject({
  kind: z.literal('note'),
  about: z.string().min(1).max(1_000),
  fields: z
    .record(NoteName, NoteField)
    .refine(fields => Object.keys(fields).length > 0, 'needs a field')
    .refine(fields => Object.keys(fields).length <= FIELDS_AT_MOST, `has ${FIELDS_AT_MOST} fields at most`),
});
export type NoteTool = Readonly<z.infer<typeof NoteTool>>;

const ABOUT = 'Keeps facts of this call for the record. Call it when you learn one of them, and again when it changes.';

/** Defines a tool that notes facts. A text has at most 500 characters; a field that is noted again has its last value. */
export function note({
  about = ABOUT,
  fields,
}: {
  readonly about?: string | undefined;
  readonly fields: Readonly<Record<string, NoteField>>;
}): NoteTool {
  return {kind: 'note', about, fields};
}

/** The JSON Schema of the arguments: any of the fields. */
export function noteParameters({fields}: NoteTool) {
  const properties = Object.entries(fields).map(([name, {type, about}]) => [
    name,
    {
      type,
      ...(about === undefined ? {} : {description: about}),
      ...(type === 'string' ? {maxLength: LONGEST_NOTE} : {}),
    },
  ]);
  return {type: 'object', properties: Object.fromEntries(properties), additionalProperties: false} as const;
}

/** What is wrong with facts that are to be noted, in words to the model; undefined: nothing. */
export function noteMistake({fields}: NoteTool, facts: Readonly<Record<string, unknown>>): string | undefined {
  const given = Object.entries(facts);
  if (given.length === 0) return `give one of ${Object.keys(fields).join(', ')}`;
  for (const [name, value] of given) {
    const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (!field) return `there is no field ${name.slice(0, 64)}`;
    const isNoNumber = typeof value === 'number' && !Number.isFinite(value);
    if (typeof value !== field.type || isNoNumber) return `${name} must be a ${field.type}`;
    if (typeof value === 'string' && value.length > LONGEST_NOTE)
      return `${name} has ${LONGEST_NOTE} characters at most`;
  }
  return undefined;
}
