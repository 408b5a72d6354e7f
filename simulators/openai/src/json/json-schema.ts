import {listed, refusal, type Refusal} from './refusal.ts';

/** The part of JSON Schema that the published description of the protocol uses. */
export interface Schema {
  readonly $ref?: string;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | Schema;
  readonly items?: Schema;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly $defs?: Readonly<Record<string, Schema>>;
}

export interface SchemaCheck {
  /** Refuse keys that no alternative lists, as the real service does although the published schema would let them pass. */
  readonly closed: boolean;
}

/** Holds values against one self-contained schema and answers in the words of the real service. */
export class SchemaChecker {
  readonly #root: Schema;
  readonly #closed: boolean;

  constructor(root: Schema, {closed}: SchemaCheck) {
    this.#root = root;
    this.#closed = closed;
  }

  definition(name: string): Schema {
    const found = this.#root.$defs?.[name];
    if (!found) throw new Error(`no definition ${name}`);
    return found;
  }

  /** The first thing wrong with a value, or nothing. */
  problem(schema: Schema, value: unknown, path = ''): Refusal | undefined {
    const branches = this.#branches(schema);
    const [only] = branches;
    if (branches.length === 1 && only) return this.#problemInOne(only, value, path);
    const problems = branches.map(branch => ({branch, problem: this.#problemInOne(branch, value, path)}));
    if (problems.some(({problem}) => problem === undefined)) return undefined;
    const meant = problems.filter(({branch}) => this.#means(branch, value));
    if (meant[0]) return meant[0].problem;
    return this.#noneMeant(branches, value, path) ?? problems[0]?.problem;
  }

  #branches(schema: Schema): readonly Schema[] {
    if (schema.$ref !== undefined) return this.#branches(this.definition(schema.$ref.replace('#/$defs/', '')));
    const alternatives = schema.anyOf ?? schema.oneOf;
    // An alternative beside `properties` only adds `required` somewhere; the properties decide.
    if (!alternatives || schema.properties) return [schema];
    return alternatives.flatMap(alternative => this.#branches(alternative));
  }

  /** A branch is meant when the kind of value fits and every discriminator it names (`type`, `role`) is the value's. */
  #means(branch: Schema, value: unknown): boolean {
    if (!fits(branch, value)) return false;
    if (!isRecord(value)) return branch.enum === undefined;
    return ['type', 'role'].every(key => {
      const allowed = choices(branch.properties?.[key]);
      return allowed === undefined || (value[key] === undefined ? key === 'role' : allowed.includes(value[key]));
    });
  }

  #noneMeant(branches: readonly Schema[], value: unknown, path: string): Refusal | undefined {
    if (!isRecord(value)) {
      const texts = branches.flatMap(branch => branch.enum ?? []);
      return typeof value === 'string' && texts.length > 0 ? notSupported(value, texts, path) : undefined;
    }
    for (const key of ['type', 'role']) {
      const supported = new Set(branches.flatMap(branch => choices(branch.properties?.[key]) ?? []));
      if (supported.size === 0 || supported.has(value[key])) continue;
      if (value[key] === undefined) return missing(joined(path, key));
      return notSupported(value[key], [...supported], joined(path, key));
    }
    return undefined;
  }

  #problemInOne(schema: Schema, value: unknown, path: string): Refusal | undefined {
    if (!fits(schema, value)) {
      return refusal(
        'invalid_type',
        `Invalid type for '${path}': expected ${kinds(schema)}, but got ${kind(value)}.`,
        path,
      );
    }
    const allowed = choices(schema);
    if (allowed && !allowed.includes(value)) return notSupported(value, allowed, path);
    if (typeof value === 'number') return outOfBounds(schema, value, path);
    if (typeof value === 'string') return tooLong(schema, value, path);
    if (Array.isArray(value)) return this.#problemInItems(schema, value, path);
    return isRecord(value) ? this.#problemInObject(schema, value, path) : undefined;
  }

  #problemInItems(schema: Schema, values: readonly unknown[], path: string): Refusal | undefined {
    if (schema.minItems !== undefined && values.length < schema.minItems) {
      return refusal(
        'empty_array',
        `Invalid '${path}': empty array. Expected an array with minimum length ${schema.minItems}.`,
        path,
      );
    }
    const {items} = schema;
    if (!items) return undefined;
    return first(values.keys(), index => this.problem(items, values[index], `${path}[${index}]`));
  }

  #problemInObject(schema: Schema, value: Record<string, unknown>, path: string): Refusal | undefined {
    const {properties, additionalProperties: others} = schema;
    const absent = schema.required?.find(key => value[key] === undefined);
    if (absent !== undefined) return missing(joined(path, absent));
    return first(Object.keys(value), key => {
      const known = properties?.[key] ?? (typeof others === 'object' ? others : undefined);
      if (known) return value[key] === undefined ? undefined : this.problem(known, value[key], joined(path, key));
      const closed = others === false || (this.#closed && properties !== undefined && others !== true);
      if (!closed) return undefined;
      return refusal('unknown_parameter', `Unknown parameter: '${joined(path, key)}'.`, joined(path, key));
    });
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A text, or an empty one for anything else. */
export const textIn = (value: unknown) => (typeof value === 'string' ? value : '');

export function missing(path: string): Refusal {
  return refusal('missing_required_parameter', `Missing required parameter: '${path}'.`, path);
}

export function notSupported(value: unknown, supported: readonly unknown[], path: string): Refusal {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return refusal('invalid_value', `Invalid value: '${shown}'. Supported values are: ${listed(supported)}.`, path);
}

/** `integer_below_min_value` and its kin. */
export function outOfBounds(bounds: Schema, value: number, path: string): Refusal | undefined {
  const name = bounds.type === 'integer' ? 'integer' : 'decimal';
  if (bounds.minimum !== undefined && value < bounds.minimum) {
    const message = `Invalid '${path}': ${name} below minimum value. Expected a value >= ${bounds.minimum}, but got ${value} instead.`;
    return refusal(`${name}_below_min_value`, message, path);
  }
  if (bounds.maximum !== undefined && value > bounds.maximum) {
    const message = `Invalid '${path}': ${name} above maximum value. Expected a value <= ${bounds.maximum}, but got ${value} instead.`;
    return refusal(`${name}_above_max_value`, message, path);
  }
  return undefined;
}

export function tooLong({maxLength}: Schema, value: string, path: string): Refusal | undefined {
  if (maxLength === undefined || value.length <= maxLength) return undefined;
  const message = `Invalid '${path}': string too long. Expected a string with maximum length ${maxLength}, but got a string with length ${value.length} instead.`;
  return refusal('string_above_max_length', message, path);
}

function first<Key>(keys: Iterable<Key>, problemAt: (key: Key) => Refusal | undefined): Refusal | undefined {
  for (const key of keys) {
    const problem = problemAt(key);
    if (problem) return problem;
  }
  return undefined;
}

function choices(schema: Schema | undefined): readonly unknown[] | undefined {
  return schema?.const === undefined ? schema?.enum : [schema.const];
}

function fits(schema: Schema, value: unknown): boolean {
  if (schema.type === undefined) return true;
  const types = typeof schema.type === 'string' ? [schema.type] : schema.type;
  return types.some(type => isOfType(type, value));
}

function isOfType(type: string, value: unknown): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isRecord(value);
  if (type === 'null') return value === null;
  return typeof value === type;
}

const joined = (path: string, key: string) => (path === '' ? key : `${path}.${key}`);

const kinds = (schema: Schema) =>
  typeof schema.type === 'string' ? `a ${schema.type}` : `one of ${listed(schema.type ?? [])}`;

function kind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return Number.isInteger(value) ? 'an integer' : `a ${typeof value}`;
}
