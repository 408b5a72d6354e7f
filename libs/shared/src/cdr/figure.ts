import {z} from 'zod';

/** What sort of value a figure is, with its two schemas. */
export interface Kind<Sent extends z.ZodType = z.ZodType, Answered extends z.ZodType = z.ZodType> {
  readonly is: 'duration' | 'position' | 'count' | 'flag' | 'text';
  /** As a worker sends it: strict, because analytics refuses what it cannot store. */
  readonly sent: Sent;
  /** As the database holds it and the API answers it: a list of values may grow without breaking a reader. */
  readonly answered: Answered;
  /** Of a text that is one of a closed list: the list. */
  readonly words?: readonly string[];
}

/** One figure of a record. Names are camelCase; the column in the database is the same name in snake_case. */
export interface Figure {
  readonly kind: Kind;
  /** Name in the database, in the API and in CSV files. */
  readonly column: string;
  /** Its meaning in a few words; the description of the field in the API. */
  readonly about: string;
  /** Given where the API computes count, mean and percentiles of it. */
  readonly metric?: FigureMetric;
}

export interface FigureMetric {
  /** `/api/metrics?metric=…`, in snake_case. */
  readonly name: string;
  readonly title: string;
  /** Given where the metric means something other than the figure. */
  readonly about?: string;
  readonly definition: Definition;
}

/** How docs/METRICS.md defines a metric, in Markdown. What is left out is shown as a dash. */
export interface Definition {
  /** Names that others have for it, and whose names they are. */
  readonly whose?: string;
  /** The event at which it starts. */
  readonly from?: string;
  /** The event at which it ends. */
  readonly to?: string;
  /** The clock or the count that it is read from, and its unit. */
  readonly clock: string;
  /** What it leaves out. */
  readonly unseen?: string;
}

/** The figures of one record by their names in it. */
export type Figures = Readonly<Record<string, Figure>>;

const kind = <Sent extends z.ZodType, Answered extends z.ZodType>(
  is: Kind['is'],
  sent: Sent,
  answered: Answered,
): Kind<Sent, Answered> => ({is, sent, answered});

/** Milliseconds; `null` where it did not happen or could not be seen. */
export const duration = kind('duration', z.number().nonnegative().nullable(), z.number().nullable());
/** Milliseconds since the call's `startedAt`. */
export const position = kind('position', z.number().nonnegative(), z.number());
/** The same; `null` where it did not happen or could not be seen. */
export const maybePosition = kind('position', z.number().nonnegative().nullable(), z.number().nullable());
export const count = kind('count', z.number().int().nonnegative(), z.number().int());
export const flag = kind('flag', z.boolean(), z.boolean());
/** Up to 100 characters. */
export const name = kind('text', z.string().max(100), z.string());
/** Text that a person or a program wrote, up to so many characters; `null` where none is kept. */
export const maybeText = (most: number) => kind('text', z.string().max(most).nullable(), z.string().nullable());
export const maybeName = kind('text', z.string().max(100).nullable(), z.string().nullable());
/** One of a closed list of words. */
export const oneOf = <const Word extends string>(words: readonly Word[]) => ({
  ...kind('text', z.enum(words), z.string()),
  words,
});
export const maybeOneOf = <const Word extends string>(words: readonly Word[]) => ({
  ...kind('text', z.enum(words).nullable(), z.string().nullable()),
  words,
});

/**
 * A figure that is newer than some records: what stands for it in a record without it. Records wait in the queue, and
 * journals in Redis, while versions change.
 */
export const addedLater = <Sent extends z.ZodType, Answered extends z.ZodType>(
  kind: Kind<Sent, Answered>,
  missing: z.core.util.NoUndefined<z.output<Sent>>,
) => ({...kind, sent: kind.sent.default(missing)});

type SentShape<All extends Figures> = {-readonly [Name in keyof All]: All[Name]['kind']['sent']};

/** The schema of the record that workers send. */
export function recordOf<const All extends Figures>(figures: All): z.ZodObject<SentShape<All>>;
export function recordOf(figures: Figures): z.ZodObject {
  return z.object(Object.fromEntries(Object.entries(figures).map(([name, figure]) => [name, figure.kind.sent])));
}
