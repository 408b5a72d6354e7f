import {sql, type RawBuilder} from 'kysely';
import {z} from 'zod';

/** Lengths of a time bucket, as PostgreSQL reads them; weeks begin on Monday. */
export const BUCKETS = {
  minute: '1 minute',
  '5m': '5 minutes',
  '15m': '15 minutes',
  hour: '1 hour',
  '6h': '6 hours',
  day: '1 day',
  week: '7 days',
} as const;
export type Bucket = keyof typeof BUCKETS;
const BUCKET_NAMES = Object.keys(BUCKETS).filter((name): name is Bucket => Object.hasOwn(BUCKETS, name));

/** The same lengths in milliseconds. */
export const BUCKET_MS: Readonly<Record<Bucket, number>> = {
  minute: 60_000,
  '5m': 300_000,
  '15m': 900_000,
  hour: 3_600_000,
  '6h': 21_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

export const BucketName = z.enum(BUCKET_NAMES, {error: `must be one of ${BUCKET_NAMES.join(', ')}`});

/** By how many minutes the days of an analyst are ahead of those of UTC. */
export const Offset = z
  .string()
  .regex(/^-?\d{1,3}$/, 'must be whole minutes from -840 to 840')
  .transform(Number)
  .refine(minutes => Math.abs(minutes) <= 840, 'must be whole minutes from -840 to 840')
  .optional()
  .describe('minutes by which days, and so all buckets, begin before those of UTC: 60 for Oslo in winter');

/** A Monday: weeks begin here. */
const ORIGIN = Date.UTC(2000, 0, 3);

/** The start of the bucket that a moment is in, where days begin `offset` minutes before those of UTC. */
export function bucketOf(
  bucket: Bucket,
  moment: RawBuilder<unknown>,
  offset: number | undefined = 0,
): RawBuilder<Date> {
  const origin = new Date(ORIGIN - offset * 60_000).toISOString();
  return sql<Date>`date_bin(${sql.lit(BUCKETS[bucket])}::interval, ${moment}, ${sql.lit(origin)}::timestamptz)`;
}
