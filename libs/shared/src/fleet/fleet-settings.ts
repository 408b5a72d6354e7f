import {z} from 'zod';
import {UNSIGNED} from '../protocol/fleet-key.ts';

/** A key that nobody can guess has as many characters, as `openssl rand -hex 32` prints them, and more. */
const SHORTEST_KEY = 32;

/** What webhooks, edges and workers share: how they know each other's messages in Redis. */
export const fleetSettings = {
  FLEET_KEY: z
    .string()
    .transform(text => text.split(',').flatMap(one => one.trim() || []))
    .refine(
      keys => keys.every(key => key === UNSIGNED || key.length >= SHORTEST_KEY),
      `must have ${SHORTEST_KEY} characters or more in each key: openssl rand -hex 32 makes one`,
    )
    .refine(keys => keys[0] !== UNSIGNED, 'must begin with a key; unsigned comes after it')
    .default([])
    .describe(
      'signs the messages between the processes in Redis; the same for all. Several, comma-separated, while you rotate it: the first signs. The word unsigned after the first key accepts unsigned messages too, while you introduce the key',
    ),
};
