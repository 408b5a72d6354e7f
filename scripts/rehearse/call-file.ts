import {problemsOf} from '@voicebridge/assistant/load/problems.ts';
import {z} from 'zod';
import {Meets, MEETS_KEYS, Transferred} from './people.ts';

const millis = z.number().int().min(0).max(600_000);
const words = z.string().trim().min(1, 'must not be empty').max(2_000);
/** YAML reads `presses: 1` as a number. */
const keys = z.preprocess(
  given => (typeof given === 'number' ? String(given) : given),
  z.string().regex(/^[\d*#]{1,50}$/, 'must be keys: digits, * and #'),
);
const args = z.union([z.record(z.string(), z.unknown()), z.string()]);
const calls = z.record(z.string(), args);

/** `/half past/i` is a regular expression; any other text is looked for as it is, in capitals or not. */
const pattern = z.union([z.instanceof(RegExp), words]).transform((given, context) => {
  if (given instanceof RegExp) return given;
  const [, source, flags] = /^\/(.+)\/([a-z]*)$/s.exec(given) ?? [];
  if (source === undefined) return new RegExp(given.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`), 'i');
  try {
    return new RegExp(source, flags);
  } catch {
    context.addIssue({code: 'custom', message: `\`${given}\` is no regular expression`});
    return z.NEVER;
  }
});

/** One thing that the caller does. All but `waits` first wait until the assistant has answered and is silent. */
export const CallerDoes = z.union([
  z.strictObject({says: words}),
  z.strictObject({interruptsAfter: millis, says: words.default('Hold on a second.')}),
  z.strictObject({presses: keys}),
  z.strictObject({waits: millis}),
  z.strictObject({hangsUp: z.literal(true)}),
]);
export type CallerDoes = z.infer<typeof CallerDoes>;

/** One response of the scripted model: words, tools that it calls at the same time, or both. */
const ModelDoes = z
  .strictObject({says: words.optional(), calls: z.union([calls, z.array(calls)]).optional()})
  .refine(({says, calls: called}) => says !== undefined || called !== undefined, 'must have says or calls');
export type ModelDoes = z.infer<typeof ModelDoes>;

const Expectations = z.strictObject({
  /** By name: arguments of which a call must have at least these; true: any; false: it must not be called. */
  tool: z.record(z.string(), z.union([z.boolean(), z.record(z.string(), z.unknown())])).default({}),
  /** By the name of a tool: what its result must hold. */
  result: z.record(z.string(), pattern).default({}),
  heard: z.union([pattern.transform(one => [one]), z.array(pattern)]).default([]),
  /** A person to whom the caller was sent; in order, if there are several. */
  transferred: z.union([Transferred.transform(one => [one]), z.array(Transferred)]).default([]),
  turnGapP95Ms: millis.optional(),
  endedBy: z.enum(['caller', 'assistant']).optional(),
});
export type Expectations = z.infer<typeof Expectations>;

/** A call that the assistant makes, and who answers it. */
const CallOut = z.strictObject({
  answers: z.enum(['person', 'machine']),
  /** What fills in `{{variables}}`, as the request for the call says it. */
  variables: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});

const CallFileSchema = z.strictObject({
  /** The number that is called; by default the first that the assistant answers. */
  to: words.optional(),
  /** The assistant calls; what the caller does is what is done, or said by the machine, at the number that is called. */
  callOut: CallOut.optional(),
  caller: z.array(CallerDoes).min(1),
  /** By number, SIP address, client or queue: what happens where a caller is sent. */
  people: z.record(z.string(), Meets).default({}),
  model: z.array(ModelDoes).default([]),
  expects: Expectations.prefault({}),
});

/** A rehearsal as `<name>.call.ts` writes it. */
export type CallFile = z.input<typeof CallFileSchema>;
/** The same, checked. */
export type Rehearsal = z.output<typeof CallFileSchema>;

/** Reads what a file says; or what is wrong with it, a sentence for each mistake. */
export function readRehearsal(
  written: unknown,
): {readonly ok: true; readonly rehearsal: Rehearsal} | {readonly ok: false; readonly problems: readonly string[]} {
  const parsed = CallFileSchema.safeParse(written, {reportInput: true});
  if (parsed.success) return {ok: true, rehearsal: parsed.data};
  const problems = problemsOf(parsed.error, path => keysAt(path[0]));
  return {ok: false, problems: problems.map(({field, what}) => (field === '' ? what : `${field}: ${what}`))};
}

function keysAt(field: PropertyKey | undefined): readonly string[] {
  switch (field) {
    case undefined:
      return Object.keys(CallFileSchema.shape);
    case 'caller':
      return CallerDoes.options.flatMap(({shape}) => Object.keys(shape));
    case 'model':
      return ['says', 'calls'];
    case 'expects':
      return [...Object.keys(Expectations.shape), ...Object.keys(Transferred.shape)];
    case 'people':
      return MEETS_KEYS;
    case 'callOut':
      return Object.keys(CallOut.shape);
    default:
      return [];
  }
}
