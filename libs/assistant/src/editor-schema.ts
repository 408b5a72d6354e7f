import {z} from 'zod';
import {Definition} from './definition.ts';
import {YamlDefinition} from './load/yaml-definition.ts';

/** The fields that only code can fill. */
const CODE = new Set(['before', 'hooks']);

/** What a YAML file may say, as a JSON Schema: editors complete and check by it. */
export function editorSchema(): Record<string, unknown> {
  const shape = Object.fromEntries(Object.entries(YamlDefinition.shape).filter(([name]) => !CODE.has(name)));
  return {...z.toJSONSchema(z.strictObject(shape), {io: 'input'}), title: 'An assistant'};
}

/** One field of a definition, for the reference. */
export interface Field {
  readonly name: string;
  readonly about: string;
  /** The fields within it. */
  readonly within: readonly string[];
  /** Only a file of code can have it. */
  readonly isCode: boolean;
}

/** All fields of a definition, in the order of the schema. */
export function fieldsOfDefinition(): Field[] {
  return Object.entries(Definition.shape).map(([name, schema]) => ({
    name,
    about: schema.description ?? '',
    within: fieldsWithin(schema),
    isCode: CODE.has(name),
  }));
}

function fieldsWithin(schema: unknown): string[] {
  if (schema instanceof z.ZodOptional) return fieldsWithin(schema.unwrap());
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(fieldsWithin);
  if (!(schema instanceof z.ZodObject)) return [];
  return Object.entries(schema.shape).map(([name, field]) => {
    const about = field instanceof z.ZodType ? field.description : undefined;
    return about === undefined ? `\`${name}\`` : `\`${name}\`: ${about}`;
  });
}
