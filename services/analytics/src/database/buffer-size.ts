import {readdir, stat} from 'node:fs/promises';
import {join} from 'node:path';

/**
 * The cache of the embedded database in MB. PostgreSQL touches all of it at the start, so it takes memory whether it is
 * used or not.
 */
const LEAST = 48;
/** Enough for the indexes and newest rows of a million turns; beyond that the files are read through this process. */
const MOST = 384;

/** A cache as large as the data in this folder, within limits; in megabytes. */
export async function bufferMegabytes(folder: string): Promise<number> {
  const bytes = await sizeOf(folder);
  return Math.min(MOST, Math.max(LEAST, Math.ceil(bytes / 2 ** 20)));
}

/** The size of all files in a folder in bytes; 0 if there is none. */
async function sizeOf(folder: string): Promise<number> {
  const files = await readdir(folder, {recursive: true, withFileTypes: true}).catch(() => []);
  const sizes = files.filter(file => file.isFile()).map(file => stat(join(file.parentPath, file.name)));
  // A file may go between the two questions.
  const known = await Promise.allSettled(sizes);
  return known.reduce((sum, file) => sum + (file.status === 'fulfilled' ? file.value.size : 0), 0);
}
