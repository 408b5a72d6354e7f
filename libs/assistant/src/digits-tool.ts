import {z} from 'zod';

/** More keys than any card, account or telephone number has. */
const KEYS_AT_MOST = 40;

/** The name under which entered digits are kept. */
export const SecretName = z
  .string()
  .regex(/^[a-z][a-z0-9_]{0,63}$/i, 'must be a name of letters, digits and underscores');

const keys = z.number().int().min(1).max(KEYS_AT_MOST);

/** How much is entered, and how long is waited for it. */
const entryRule = {
  /** How many digits. The entry is complete with the most of them, or with `#`. */
  digits: z
    .union([
      keys,
      z
        .strictObject({min: keys.optional(), max: keys.optional()})
        .refine(({min = 1, max = KEYS_AT_MOST}) => min <= max, 'min must not be more than max'),
    ])
    .optional(),
  /** How long the caller may take for the first key after they heard what to enter, in milliseconds; 20 s if not given. */
  timeoutMs: z.number().int().min(1_000).max(120_000).optional(),
  /** How long they may take for each further key, in milliseconds; 5 s if not given. */
  pauseMs: z.number().int().min(500).max(60_000).optional(),
} as const;

/** Collects digits that the caller enters on the keypad: `collectDigits({as: 'pin', digits: 4})`. */
export const DigitsTool = z.strictObject({
  kind: z.literal('collect-digits'),
  about: z.string().min(1).max(1_000),
  /** The name under which tools that say `secrets: [name]` are given the digits. */
  as: SecretName,
  /** What the model is told: how many digits were entered, or which. */
  tells: z.enum(['count', 'digits']),
  ...entryRule,
});
export type DigitsTool = Readonly<z.infer<typeof DigitsTool>>;

const ABOUT =
  'Lets the caller enter digits on the telephone keypad. First tell the caller what to enter, in the same reply, and to press # at the end. Call it again if they want to begin anew.';

/**
 * Defines a tool that collects digits. They are in no log, record, transcript or recording. The model is told how many
 * there are, and tools that say `secrets: [as]` are given them; with `tells: 'digits'` the model knows them, too.
 */
export function collectDigits({
  about = ABOUT,
  tells = 'count',
  ...rest
}: Omit<DigitsTool, 'kind' | 'about' | 'tells'> & {
  readonly about?: string | undefined;
  readonly tells?: DigitsTool['tells'] | undefined;
}): DigitsTool {
  return {...rest, kind: 'collect-digits', about, tells};
}

/** When an entry is complete, and when it is given up. Times in milliseconds. */
export interface EntryRule {
  readonly min: number;
  readonly max: number;
  readonly firstMs: number;
  readonly pauseMs: number;
}

export function entryRuleOf({digits = {}, timeoutMs = 20_000, pauseMs = 5_000}: DigitsTool): EntryRule {
  const {min = 1, max = KEYS_AT_MOST} = typeof digits === 'number' ? {min: digits, max: digits} : digits;
  return {min, max, firstMs: timeoutMs, pauseMs};
}
