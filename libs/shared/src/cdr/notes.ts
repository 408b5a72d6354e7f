import {z} from 'zod';

/** The most notes of one call, and the most characters of one text. */
export const NOTES_AT_MOST = 40;
export const LONGEST_NOTE = 500;

/** The name of a note: a letter, then letters, digits and underscores. */
export const NoteName = z.string().regex(/^[a-z][a-z0-9_]{0,63}$/i);

const NoteValue = z.union([z.string().max(LONGEST_NOTE), z.number(), z.boolean()]);

/** What an assistant noted on a call, by name: the fields of the record that are the assistant's own. */
export const Notes = z
  .record(NoteName, NoteValue)
  .refine(notes => Object.keys(notes).length <= NOTES_AT_MOST, `at most ${NOTES_AT_MOST}`);
export type Notes = Readonly<z.infer<typeof Notes>>;
