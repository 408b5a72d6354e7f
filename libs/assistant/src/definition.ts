import {HookTarget, INCLUDABLE, SecretName} from '@voicebridge/shared/cdr/after-call.ts';
import {OutcomeFields} from '@voicebridge/shared/cdr/outcome.ts';
import {z} from 'zod';
import {type Tool, ToolSchema} from './tool.ts';

/** A call that is about to be answered, as `before` is told about it. */
export interface RingingCall {
  readonly callSid: string;
  readonly direction: 'inbound' | 'outbound';
  /** In E.164 form, or as the carrier says it; undefined: withheld. */
  readonly caller: string | undefined;
  readonly callee: string | undefined;
  /** What the carrier was given with the call: SIP headers, parameters of the stream. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Aborted when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

const sentence = (max = 2_000) => z.string().trim().min(1, 'must not be empty').max(max);
const seconds = (max: number) => z.number().min(0).max(max);
const millis = (max: number) => z.number().int().min(0).max(max);
const number = z
  .string()
  .regex(
    /^(\+[1-9]\d{2,14}|sips?:\S{1,250}|client:[\w.+-]{1,250})$/,
    'must be a number such as +4722334455, sip:… or client:…',
  );
const variableName = z.string().regex(/^[A-Za-z_][\w.]{0,63}$/, 'must be a name of letters, digits, _ and .');
const variable = z.union([z.string().max(20_000), z.number(), z.boolean()]);
/** The name of a model or a voice. */
const modelName = z.string().regex(/^[\w.:/@-]{1,100}$/, 'must be a name of 100 characters or fewer, without blanks');
export const off = z.union([z.literal(false), z.literal('off')]);

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', {timeZone: name}).format(0) !== '';
  } catch {
    return false;
  }
}

/** Everything that can be said in words and numbers: all of a YAML file, and of an answer at ring time. */
export const declarative = {
  prompt: z
    .union([sentence(100_000), z.strictObject({file: sentence(500)})])
    .optional()
    .describe('who the assistant is and how it speaks, with {{variables}}; or {file: a Markdown file beside this one}'),
  variables: z
    .record(variableName, variable)
    .optional()
    .describe('values for {{variables}} that nothing else fills in'),
  greeting: z
    .union([off, sentence(4_000), z.strictObject({say: sentence(4_000)}), z.strictObject({instruct: sentence(4_000)})])
    .optional()
    .describe(
      'its first words: a sentence said word for word, {instruct: what to say}, or off: it waits for the caller',
    ),
  disclosure: z
    .union([off, sentence()])
    .optional()
    .describe(
      'said word for word, whole and before everything else: that it is a machine, or that the call is recorded; not set: outbound calls begin with a sentence of that kind in the language of the assistant; off: none',
    ),
  voicemail: z
    .union([
      z.enum(['hang up', 'talk', 'leave a message after the beep']),
      z.strictObject({say: sentence(4_000)}),
      z.strictObject({instruct: sentence(4_000)}),
    ])
    .optional()
    .describe(
      'what it does when a machine answers an outbound call: hang up (if not set), talk as to a person, or leave a message after the beep: its own, {say: word for word} or {instruct: what to say}',
    ),
  model: modelName.optional().describe('which model answers'),
  voice: modelName.optional().describe('its voice'),
  language: z
    .string()
    .regex(/^[a-z]{2,3}(-[A-Za-z0-9]{2,8})?$/, 'must be a language such as nb or en-GB')
    .optional()
    .describe('the language that callers speak, such as nb or en-GB; not set: any'),
  temperature: z.number().min(0).max(2).optional().describe('for models that take one; OpenAI’s do not'),
  reasoningEffort: z.enum(['minimal', 'low', 'medium', 'high', 'xhigh']).optional().describe('for models that reason'),
  noiseReduction: z
    .union([off, z.enum(['near_field', 'far_field'])])
    .optional()
    .describe('near_field: a telephone at the ear; far_field: a loudspeaker; off'),
  turnDetection: z
    .union([
      z.strictObject({
        kind: z.literal('server'),
        threshold: z.number().min(0).max(1).optional(),
        prefixPaddingMs: millis(5_000).optional(),
        silenceMs: z.number().int().min(100).max(10_000).optional(),
      }),
      z.strictObject({kind: z.literal('semantic'), eagerness: z.enum(['low', 'medium', 'high', 'auto']).optional()}),
    ])
    .optional()
    .describe('how the end of a caller’s turn is found: by silence (server), or by what was said (semantic)'),
  interruption: z
    .strictObject({
      mode: z
        .enum(['immediate', 'resume'])
        .optional()
        .describe('immediate: any speech stops it; resume: it continues after a noise without words'),
      noiseMs: millis(10_000).optional().describe('with resume: speech shorter than this is a noise'),
      minSpeechMs: millis(10_000).optional().describe('how long a caller must speak before it stops'),
      greetingProtectedMs: millis(60_000).optional().describe('how much of the greeting cannot be interrupted'),
      never: z.boolean().optional().describe('it always finishes what it says'),
      keys: z.boolean().optional().describe('whether a key that the caller presses stops it'),
    })
    .optional()
    .describe('what it does when the caller speaks over it'),
  idle: z
    .strictObject({
      promptSeconds: seconds(3_600)
        .optional()
        .describe('after this much silence it asks whether the caller is still there; 0: never'),
      hangUp: z.boolean().optional().describe('whether it hangs up when that goes unanswered twice'),
      endSeconds: seconds(86_400).optional().describe('a call in which nobody has spoken for this long ends; 0: never'),
    })
    .optional()
    .describe('what it does when nobody speaks'),
  maxCallSeconds: seconds(86_400).optional().describe('the longest call; 0: no limit'),
  answerWithinSeconds: z
    .number()
    .min(1)
    .max(300)
    .optional()
    .describe('the longest silence in which a caller waits for an answer'),
  toolRounds: z
    .number()
    .int()
    .min(1)
    .max(1_000)
    .optional()
    .describe('how often in a row it may use tools without a word'),
  maxOutputTokens: z
    .union([z.literal('inf'), z.number().int().min(100).max(4_096)])
    .optional()
    .describe('the most tokens of one response; 20 of them are a second of speech'),
  timeZone: z
    .string()
    .refine(isTimeZone, 'must be a time zone such as Europe/Oslo')
    .optional()
    .describe('where {{date}}, {{time}} and {{weekday}} are true; UTC if not set'),
  recording: z
    .union([
      z.boolean(),
      z.literal('off'),
      z.strictObject({afterKey: z.string().regex(/^[0-9*#]$/, 'must be one key of 0-9, * and #')}),
    ])
    .optional()
    .describe(
      'whether its calls are recorded, where RECORDINGS_URL is set; with a disclosure only once that was said; {afterKey: the key with which the caller agrees}',
    ),
  capture: z
    .union([
      z.boolean(),
      z.literal('off'),
      z.strictObject({afterKey: z.string().regex(/^[0-9*#]$/, 'must be one key of 0-9, * and #')}),
    ])
    .optional()
    .describe(
      'whether its calls are captured for npm run replay, where CAPTURE=assistants; kept only once the caller has agreed, as a recording is; {afterKey: the key with which the caller agrees}',
    ),
  transcripts: z
    .union([off, z.enum(['heard', 'full'])])
    .optional()
    .describe('what a record keeps of what was said'),
  overloadSay: sentence()
    .optional()
    .describe('what the carrier says when all workers are full; its {{variables}} are those of the file'),
  failureSay: sentence().optional().describe('what a caller hears, from the carrier, when the model cannot be used'),
} as const;

export const toolName = z.string().regex(/^[A-Za-z][\w-]{0,63}$/, 'must have up to 64 letters, digits, _ and -');

/** An assistant as a file defines it. A field that is not given has the value of the environment. */
export const Definition = z.strictObject({
  answers: z
    .union([number, z.literal('*'), z.array(z.union([number, z.literal('*')])).min(1)])
    .optional()
    .describe('the numbers it answers; *: all that no other assistant answers'),
  about: sentence().optional().describe('what it is for, in a sentence'),
  ...declarative,
  tools: z
    .record(toolName, z.union([ToolSchema, z.literal(false)]))
    .optional()
    .describe('what it can do besides speaking'),
  outcome: OutcomeFields.optional().describe(
    'how a call can come out: fields of the record, each {type: boolean, number, choice with `of`, or text; about}',
  ),
  after: z
    .union([
      off,
      z.strictObject({
        post: HookTarget.shape.post.describe('where a signed webhook about a finished call goes'),
        secret: z.strictObject({env: SecretName}).describe('the variable of analytics with the key of the signature'),
        include: z.array(z.enum(INCLUDABLE)).optional().describe('transcript, tools and notes if not given'),
        allowPrivate: z.boolean().optional().describe('addresses of this machine and of private networks may be asked'),
      }),
    ])
    .optional()
    .describe('who is told about a finished call; off: nobody; not given: AFTER_URL of analytics'),
  before: z
    .custom<Before>(value => typeof value === 'function', 'must be a function')
    .optional()
    .describe('asked while it rings: fills in variables, and may choose another assistant'),
  hooks: z.strictObject({}).optional().describe('what is told to other systems; none yet'),
});

/** What `before` may answer: variables, and the assistant that takes the call. */
export type BeforeAnswer = Readonly<Record<string, string | number | boolean>> & {readonly assistant?: string};
export type Before = (call: RingingCall) => BeforeAnswer | undefined | Promise<BeforeAnswer | undefined>;

export type Definition = z.output<typeof Definition>;

/** An assistant as it is written in a file: `export default assistant({…})`. It is checked when the file is read. */
export type AssistantInput = Omit<z.input<typeof Definition>, 'tools'> & {
  readonly tools?: Readonly<Record<string, Tool | false>>;
};

/** Gives a definition its type. */
export function assistant(definition: AssistantInput): AssistantInput {
  return definition;
}
